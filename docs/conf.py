"""Sphinx builds these pages: `make docs`."""

from importlib.metadata import version as installed_version

project = "qrng"
author = "The qrng developers"
copyright = "the qrng developers, Apache-2.0"
version = release = installed_version("qrng-toolkit")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"

html_theme = "furo"
html_title = f"qrng {version}"
html_static_path: list[str] = []
html_show_sphinx = False
