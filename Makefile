# Everything that a developer or a newcomer types. Each target sets up what it needs on a fresh machine that has
# python3 (3.11 or later) with pip and headers, a C compiler, cmake, make and git.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python
INSTALL := $(PIP) install --quiet
T      ?= tests

CODE := $(shell find qrng nist_sts csrc -type f -not -name '*.pyc' -not -path 'csrc/tests/*' 2>/dev/null)

.PHONY: demo test lint bench c-test c-test-aarch64 trial install clean

$(BIN)/python:
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(INSTALL) "scikit-build-core>=0.10" "cffi>=2.1" ninja

# The package as users get it: built as a wheel, installed outside the source tree. `build/` keeps objects between runs.
$(VENV)/.installed: $(BIN)/python pyproject.toml $(CODE)
	@echo "Building and installing qrng"
	@$(INSTALL) --no-build-isolation ".[test]"
	@touch $@

install: $(VENV)/.installed

test: $(VENV)/.installed
	@$(BIN)/pytest $(T)

trial: $(VENV)/.installed
	@$(BIN)/pytest -m trial -s $(T)

clean:
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
