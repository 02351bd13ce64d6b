# What one does with a checkout. Needs Python 3.11 or later and make; everything else is fetched into the checkout.

PYTHON ?= $(or $(ORESTREAM_PYTHON),python3)
UV := .uv/bin/uv
PY := .venv/bin/python
SERVICES := mining processing export
PROJECTS := $(wildcard shared/*/pyproject.toml services/*/pyproject.toml)
PACKAGES := $(PROJECTS:/pyproject.toml=)
SOURCES := shared services tests
EXPORT := $(UV) export --quiet --frozen --no-emit-workspace --format requirements-txt --no-header
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11
CHECKS := check-types check-tests check-lint check-format check-imports check-generated
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test chaos mutants check format pins $(CHECKS)
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## install what is missing into .venv (.venv/bin/orestream)

demo: install ## show the first shipment being made, on a genuine Kafka
	@.venv/bin/orestream demo

test: install ## run every test, and print the coverage
	@$(PY) -m pytest --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

chaos: install ## six minutes of faults under load, and a verdict (SEED=, MINUTES=, HOURS=, CHAOS_ARGS="--store sqlite")
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(HOURS),--hours $(HOURS)) $(CHAOS_ARGS)

mutants: install ## break the chassis in one place after the other: every chaos run must notice (half an hour)
	@$(PY) -m tests.chaos.mutation $(if $(SEED),--seed $(SEED))

check: install ## format, lint, types, imports, generated files, unit and contract tests: no broker, a minute
	@$(MAKE) --no-print-directory -j2 --keep-going --output-sync=target $(CHECKS)

format: install ## format the sources and repair what the linter can repair
	@$(PY) -m ruff format $(SOURCES)
	@$(PY) -m ruff check --fix $(SOURCES)

check-types:
	@$(PY) -m mypy $(SOURCES)

check-tests:
	@$(PY) -m pytest -q tests/unit tests/contract $(PYTEST_ARGS)

check-lint:
	@$(PY) -m ruff check $(SOURCES)

check-format:
	@$(PY) -m ruff format --check $(SOURCES)

check-imports:
	@.venv/bin/lint-imports

check-generated:
	@$(PY) -m orestream.contracts.generate --check

# The order matters to nobody but the files' readers: tools, then what the checkout pins, then the checkout itself.
.venv/installed: $(UV) requirements/dev.txt requirements/build.txt pyproject.toml $(PROJECTS)
	@$(UV) venv --quiet --no-python-downloads --allow-existing --python .uv/bin/python .venv
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/dev.txt -r requirements/build.txt
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation $(addprefix -e ./,$(PACKAGES))
	@touch $@

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than 3.11: name another one, make $(MAKECMDGOALS) PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .uv \
		|| { echo "$(PYTHON) cannot make virtual environments (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

PEERS := build/peers/venv
BENCH_ARGS ?=
.PHONY: bench bench-quick bench-full peers

bench: install peers ## measure speed beside the peers, at most 20 minutes; results in build/bench
	@$(PY) -m tests.bench $(BENCH_ARGS)

bench-quick: install peers ## throughput, commands and latency only, in three minutes
	@$(PY) -m tests.bench --size quick $(BENCH_ARGS)

bench-full: install peers ## the same with a million records and a million lots, without a limit of time
	@$(PY) -m tests.bench --size full $(BENCH_ARGS)

# Peers that cannot be installed are reported as not measured; the bench goes on without them.
peers: $(UV)
	@cmp -s requirements/peers.txt $(PEERS)/installed || { \
		$(UV) venv --quiet --no-python-downloads --clear --python .uv/bin/python $(PEERS) \
		&& $(UV) pip install --quiet --python $(PEERS)/bin/python --require-hashes -r requirements/peers.txt \
		&& cp requirements/peers.txt $(PEERS)/installed; \
	} || echo "the peers could not be installed" >&2

pins: $(UV) ## resolve again and rewrite the hashed pins (UPGRADE=1 takes newer versions)
	@$(UV) lock --quiet $(if $(UPGRADE),--upgrade)
	@$(EXPORT) --output-file requirements/dev.txt
	@for service in $(SERVICES); do \
		$(EXPORT) --no-dev --package orestream-$$service --output-file requirements/$$service.txt || exit 1; \
	done
	@for name in uv build peers; do $(COMPILE) requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done
	@grep -l '://' requirements/*.txt && { echo "an address got into the pins" >&2; exit 1; } || true
