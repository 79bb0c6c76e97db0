# make run        serve http://127.0.0.1:19119/metrics (more options: make run ARGS="--log.level debug")
# make test       lint and every test that is not slow; installs what they need
# make test-slow  the slow ones
# make bench      the exporter beside its peers, as root (options: make bench ARGS="--profiles 5,20 --rounds 40")
# make docs       write docs/metrics.md, field-failures.md, otlp.md and versions.md anew
# make dashboards write dashboards/*.json anew
# make site       build the documentation as a web site, into build/site
# make kubernetes write the rules as objects of the Prometheus operator anew
# make pictures   take the pictures in docs/images anew
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
ARGS ?=

ifeq ($(shell id -u),0)
ROOT_ONLY :=
else
ROOT_ONLY := and not systemd
endif

.PHONY: run test test-slow bench lint docs site dashboards kubernetes pictures lab

run: .venv/installed
	@$(BIN)/hermes-exporter serve $(ARGS)

test: lint lab
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow $(ROOT_ONLY)"

test-slow: .venv/tested lab
	$(PIP) install --group fuzz
	bash tests/lab/setup.sh 0.17.0 0.18.2
	$(BIN)/pytest -n 2 --dist loadfile -m "slow $(ROOT_ONLY)"

bench: .venv/tested lab
	$(PIP) install --group bench
	$(BIN)/python -m tests.benchmarks $(ARGS)
	$(BIN)/python -m tests.benchmarks.logs
	$(BIN)/python -m tests.benchmarks.checks

lint: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/tested
	$(BIN)/hermes-exporter metrics --markdown > docs/metrics.md.new
	mv docs/metrics.md.new docs/metrics.md
	$(BIN)/python -m tests.field.table > docs/field-failures.md.new
	mv docs/field-failures.md.new docs/field-failures.md
	$(BIN)/python -m website.otlp > docs/otlp.md.new
	mv docs/otlp.md.new docs/otlp.md
	$(BIN)/python -m tests.compatibility > docs/versions.md.new
	mv docs/versions.md.new docs/versions.md

site: .venv/tested
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: .venv/tested lab
	$(BIN)/python -m tests.lab.screenshots

dashboards: .venv/tested
	$(BIN)/python -m dashboards.src

kubernetes: .venv/tested
	$(BIN)/python -m tests.fleet.prometheus_rule

lab: .venv/tested
	bash tests/lab/setup.sh
ifneq ($(ROOT_ONLY),)
	@echo "***" >&2
	@echo "*** Not root: the tests that start a real systemd are NOT run. Run them with: sudo make $(MAKECMDGOALS)" >&2
	@echo "***" >&2
endif

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/pip
	$(PIP) install --editable .
	@touch $@

# groups of requirements need a newer pip than Debian 12 has
.venv/tested: pyproject.toml .venv/installed
	$(PIP) install --upgrade "pip>=25.1"
	$(PIP) install --group lint --group test --group docs --group dashboards
	@touch $@
