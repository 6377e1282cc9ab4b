# The one task runner. `make` alone lists the targets; each one sets up what it needs.
# Everything runs from .venv, made from the hashed lock; nothing else has to be installed.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements-dev.lock
INFRA := .venv-infra
INFRA_LOCK := requirements-infra.lock

# The first interpreter that is new enough; `make PYTHON=/path/to/python setup` overrides it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

# Extra words for pytest, for example: make test PYTEST="-k config"
PYTEST ?=
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup demo test check static docs docs-check build bench bench-detect test-external test-infra test-system soak trino rule-noise scorecard lock locks package clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv and install the locked dependencies into it

$(STAMP): $(LOCK) pyproject.toml
	@test -n "$(PYTHON)" || { \
	  echo "error: no Python 3.11 or newer was found on PATH" >&2; \
	  echo "  fix: install one, or name it: make PYTHON=/path/to/python3.11 setup" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: $(PYTHON) is not Python 3.11 or newer, which Mantissa Log needs" >&2; \
	  echo "  fix: make PYTHON=/path/to/python3.11 setup" >&2; exit 2; }
	@$(BIN)/python -c '' 2>/dev/null || { echo "Making $(VENV) with $$($(PYTHON) -V)"; \
	  $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "error: $(PYTHON) cannot make a virtual environment (Debian and Ubuntu: apt install python3-venv)" >&2; \
	  exit 2; }; }
	@echo "Installing $$(grep -c '^[a-z0-9].*==' $(LOCK)) locked packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# Checkov and cfn-lint; installed when a target that uses them is first made.
$(INFRA)/.installed: $(INFRA_LOCK) | $(STAMP)
	@$(PYTHON) -m venv --clear $(INFRA)
	@echo "Installing the checkers of infrastructure code into $(INFRA)"
	@$(INFRA)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(INFRA_LOCK)
	@touch $@

demo: $(STAMP) ## the guided tour: an attack, its findings, its alerts, three questions
	@$(BIN)/mantissa demo

static: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the generated reference pages again
	$(BIN)/python tools/reference_docs.py

docs-check: $(STAMP)
	$(BIN)/python tools/reference_docs.py --check

check: static docs-check ## format, lint, types, import contracts, size budgets, docs
	$(BIN)/python -m pytest tests/architecture -q $(PYTEST)

# The whole suite holds the architecture tests too, so `test` is `check` and the rest.
test: static docs-check ## everything CI runs: check and all tests
	$(BIN)/python -m pytest tests --ignore=tests/external --ignore=tests/system \
	  $(addprefix --ignore=,$(INFRA_TESTS)) -ra -n $(JOBS) $(PYTEST)

test-external: $(STAMP) ## the tests against the public logs (MANTISSA_SHARED_DATA, else ../shared/data)
	$(BIN)/python -m pytest tests/external -ra -n $(JOBS) $(PYTEST)

# A seed that fails is printed with its case, and goes into tests/sim/regressions.txt.
MINUTES ?= 30
soak: $(STAMP) ## detection simulated over fresh seeds (MINUTES=30)
	@PYTHONPATH=tests:tools $(BIN)/python -m sim.soak $(MINUTES)

trino: $(STAMP) ## fetch the Trino that tests run SQL on into a cache folder (needs Maven, Java 24)
	@$(BIN)/python tools/fetch_trino.py

# Offline where a folder holds the provider (TF_PLUGIN_DIR); else Terraform fetches it once for each copy.
INFRA_TESTS = $(wildcard $(addprefix tests/aws/test_,terraform*.py template*.py parity*.py roles*.py))
test-infra: $(STAMP) $(INFRA)/.installed ## Terraform and CloudFormation: checked, at parity, applied to an emulator and gone again
	$(BIN)/python -m pytest $(INFRA_TESTS) -ra --durations=12 $(PYTEST)

test-system: $(STAMP) ## the deployed system on an emulator, Athena on real Trino: object to message (takes minutes)
	$(BIN)/python -m pytest tests/system -ra --durations=5 $(PYTEST)

rule-noise: $(STAMP) ## measure how often our rules fire on benign public logs: rules/noise.json
	@$(BIN)/python tools/rule_noise.py

scorecard: $(STAMP) ## judge recorded attacks by our rules and the public ones: docs/scorecard.md
	@$(BIN)/python tools/scorecard.py

build: $(STAMP) ## wheel and source distribution in dist/
	@rm -rf dist
	$(BIN)/python -m build --no-isolation

bench: $(STAMP) ## the benchmarks; each prints its numbers and its baselines
	@for b in bench/*.py; do case "$$b" in bench/_*) continue;; esac; echo "== $$b"; $(BIN)/python "$$b" || exit 1; done

# BENCH="--peers PYTHON --trino --write"; `--peers` has pysigma-backend-sqlite and azuma installed.
BENCH ?=
bench-detect: $(STAMP) ## rules fused, beside one query a rule, SQLite and pure Python (BENCH="--trino")
	$(BIN)/python bench/detect.py $(BENCH)

# What is built, for what, and to where: make package PACKAGE="ingest detect" PACKAGE_ARCH=x86_64
PACKAGE ?=
PACKAGE_ARCH ?= arm64
PACKAGE_PYTHON ?= 3.13
PACKAGE_OUT ?= build/lambda
package: $(STAMP) ## the Lambda artefacts (PACKAGE_ARCH, PACKAGE_PYTHON, PACKAGE_OUT)
	@$(BIN)/mantissa package $(PACKAGE) --architecture $(PACKAGE_ARCH) --python $(PACKAGE_PYTHON) --out $(PACKAGE_OUT)

# Pins stay as they are unless asked: make lock UPGRADE=1
UV = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --system-certs $(if $(UPGRADE),--upgrade)
lock: $(STAMP) ## resolve the locks again (UPGRADE=1 takes newer versions)
	$(UV) --output-file requirements.lock
	$(UV) --group dev --constraints requirements.lock --output-file $(LOCK)
	$(BIN)/uv pip compile --group infra --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-header --system-certs $(if $(UPGRADE),--upgrade) --output-file $(INFRA_LOCK)
	$(MAKE) locks

locks: $(STAMP) ## cut the Lambda functions' locks out of the development lock again
	$(BIN)/python tools/function_locks.py

clean: ## remove everything that the other targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
