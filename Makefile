# One verb, one target, the same by hand and in CI. `make help` reads the lines below that carry a ##.

PYTHON ?= python3
UPGRADE ?=
PROFILE ?= embedded
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PIP := $(BIN)/python -m pip -qq --no-input --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-strip-extras \
	--generate-hashes --no-emit-index-url --no-header $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test chaos bench lint audit lock tools

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv from the hashed lock (again only when the lock changed)
	@:

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "he-sync needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@echo "setup: $$(grep -c '==' requirements-dev.lock) locked packages into $(VENV), about two minutes the first time"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(READY)
	@echo "setup: done, $(BIN)/he-sync is ready"

demo: setup ## one business day and its nightly close on the sandbox, checked against the oracle
	@$(BIN)/he-sync demo

up: setup ## the same, left running: prints the addresses (PROFILE=resident: Postgres, Redis, resident workers)
	@$(BIN)/he-sync up --profile $(PROFILE)

down: setup ## stop what `make up` started
	@$(BIN)/he-sync down

test: setup tools ## the whole test suite, on SQLite and on a real Postgres
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

chaos: setup tools ## kills at every point, fault storms, every seeded bug: hours
	@$(BIN)/python -m tests.exact.tours --kills 10000 --at-once 2
	@$(BIN)/python -m tests.exact.syscalls --kills 10000 --at-once 2
	@$(BIN)/python -m tests.exact.storm --storms 20 --at-once 3
	@$(BIN)/python -m tests.exact.outages --rounds 10
	@$(BIN)/python -m tests.bench.exactly_once
	@$(BIN)/python -m tests.exact.seeded_bugs
	@$(BIN)/python -m tests.close_world.kills --kills 500
	@$(BIN)/python -m tests.close_world.kills --kills 500 --part whole
	@$(BIN)/python -m tests.close_world.bugs

bench: setup ## every benchmark, as one table
	@$(BIN)/python -m tests.bench

lint: setup ## formatting, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: setup ## bill of materials, licences, secrets in tree and history, known vulnerabilities
	@$(BIN)/python -m tests.supply

lock: setup ## renew both locks from pyproject.toml (UPGRADE=--upgrade takes newer releases)
	@$(COMPILE) --extra dev --output-file requirements-dev.lock
	@cp requirements-dev.lock requirements.lock
	@$(COMPILE) --output-file requirements.lock
	@echo "lock: $$(grep -c '==' requirements.lock) runtime packages, $$(grep -c '==' requirements-dev.lock) with the development ones"

# Debian's Chromium drives the console and the Dagster UI in tests (Playwright's own download is not used); strace kills
# the engine at a chosen system call.
tools:
	@missing=""; for tool in chromium strace; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "tools: no$$missing here, and only root with apt can install it: the tests that need it will be skipped"; exit 0; fi; \
	echo "tools: installing Debian's$$missing"; mkdir -p var; \
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; } \
	  </dev/null >var/apt.log 2>&1 || { tail -n 3 var/apt.log; echo "tools:$$missing could not be installed (var/apt.log): the tests that need it will be skipped"; }
