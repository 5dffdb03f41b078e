# The commands of the house. `make dashboard` and `make test` are all a fresh machine needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# No bytecode at install triples the start of every kernel.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: dashboard lab test test-quick lint format bench lock wheel clean

dashboard: $(VENV)/.installed
	$(BIN)/view3 serve

lab: $(VENV)/.installed
	$(BIN)/view3 lab

test: $(VENV)/.installed-test
	tests/run.sh

test-quick: $(VENV)/.installed-test
	$(BIN)/pytest --quick --numprocesses 2 --dist worksteal -r fE

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-bench
	$(BIN)/python -m bench

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A lock names everything, so nothing is resolved: pip before 25.1 would take a newer release for a requirement
# with an extra (pypa/pip#9644) and refuse the lock. `pip check` fails where the lock is incomplete after all.
# The project itself is installed editable: notebooks and kernels run the code of this folder.
define install
	$(PIP) install --no-deps --require-hashes -r $(1)
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(PIP) check
	touch $@
endef

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing View 3 into $(VENV); this takes a minute or two the first time."
	$(call install,requirements.lock)

$(VENV)/.installed-test: requirements-test.lock pyproject.toml | $(BIN)/python
	@echo "Installing View 3 with its tests into $(VENV)."
	$(call install,requirements-test.lock)
	touch $(VENV)/.installed

$(VENV)/.installed-bench: requirements-bench.lock pyproject.toml | $(VENV)/.installed-test
	$(call install,requirements-bench.lock)

lock: $(VENV)/.installed
	$(PIP) install --upgrade uv
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra test --constraints requirements.lock --output-file requirements-test.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra bench --constraints requirements.lock --output-file requirements-bench.lock
	sed -n 's/^\([[:alnum:]].*\) \\$$/\1/p' requirements.lock > constraints.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

# What an earlier build left behind would get into the wheel.
wheel: $(VENV)/.installed
	rm -rf build
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
