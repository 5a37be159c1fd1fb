# make run   try the hub          make test   run its tests          make help   the rest
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON_IN_VENV := .venv/bin/python
MANAGE := $(PYTHON_IN_VENV) manage.py
JOBS ?= auto
# A file is one share, in the order of tests/conftest.py: those that wait for browsers first.
PYTEST := $(PYTHON_IN_VENV) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
# Branch coverage of our code that the suite reaches; it may only rise.
COVERAGE_AT_LEAST ?= 92
COVERED := $(if $(COVERAGE),--cov --cov-report=term --cov-fail-under=$(COVERAGE_AT_LEAST))
ONLY ?=

.PHONY: help install install-dev run test test-services lint lint-types lint-rules budget check check-fast bench torture \
	torture-journals torture-payments recovery story screenshots lock messages settings clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 24

install:  ## make .venv with what the hub needs to run
	@deploy/bootstrap requirements.txt

install-dev:  ## … and with what its tests need
	@deploy/bootstrap requirements.txt requirements-dev.txt

run: install  ## start the hub with its sandbox; Ctrl-C stops it
	@exec $(PYTHON_IN_VENV) -m integrationhub.supervisor

test: install-dev  ## the whole suite, or one app's: SQLite and the embedded broker (APP=journals)
	@$(PYTEST) $(COVERED) $(ONLY) $(if $(APP),tests/$(APP))

test-services: install-dev  ## the same suite on PostgreSQL and Redis (TEST_DATABASE_URL, TEST_BROKER_URL)
	@HUB_TEST_TIER=services $(PYTEST) $(ONLY)

lint: lint-rules lint-types budget  ## formatting, rules, types, layers, templates, migrations, budget

lint-types: install-dev
	@.venv/bin/mypy

lint-rules: install-dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/djlint --quiet --lint templates
	@HUB_LOG_LEVEL=WARNING $(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) list_settings --env | diff -u .env.example - || { echo "Run: make settings"; exit 1; }
	@$(MANAGE) list_settings | diff -u docs/reference/settings.md - || { echo "Run: make settings"; exit 1; }

budget: install-dev  ## fail where a figure of tests/budget.toml has risen (LIST="private API" for its places)
	@$(PYTHON_IN_VENV) -m tests.budget $(if $(LIST),--list "$(LIST)")

check: lint  ## lint, and the suite with branch coverage
	@$(MAKE) --no-print-directory test COVERAGE=1

check-fast: install-dev  ## in a minute: format, rules, types, pure rules, and what tests the change against main
	@.venv/bin/ruff format --check --quiet . && .venv/bin/ruff check --quiet . && .venv/bin/mypy
	@$(PYTEST) -q -m "not browser and not processes" $$($(PYTHON_IN_VENV) -m tests.changed)

bench: install-dev  ## measure against bare loops that do the same calls (BENCH="--only sending")
	@$(PYTHON_IN_VENV) -m benchmarks $(BENCH)

torture: torture-journals torture-payments  ## send while everything goes wrong, on both tiers (N=1000 batches, SEED=1, PAYMENTS=5000)

torture-journals: install-dev
	@$(PYTHON_IN_VENV) -m tests.torture --batches $(or $(N),1000) --seed $(or $(SEED),1)

torture-payments: install-dev
	@$(PYTHON_IN_VENV) -m tests.torture.payments --payments $(or $(PAYMENTS),5000) --seed $(or $(SEED),1)

recovery: install-dev  ## kill, restart and empty the servers and processes of a hub that works
	@$(PYTHON_IN_VENV) -m tests.torture.drills

story: install  ## the whole story over HTTP against a hub that runs (make run)
	@$(PYTHON_IN_VENV) -m tests.functional.story

screenshots: install-dev  ## remake the pictures of docs/screenshots
	@KEEP_SCREENSHOTS=1 $(PYTHON_IN_VENV) -m pytest -q tests/functional/test_the_whole_story.py tests/functional/test_the_payments_story.py

lock: install-dev  ## pin the packages of requirements*.in, with hashes
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-mssql.in -o requirements-mssql.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-uv.in -o requirements-uv.txt

messages: install  ## collect the texts to translate, and compile the translations
	@$(MANAGE) makemessages --all --no-obsolete --no-location --ignore .venv --ignore var --ignore tests --ignore sandbox
	@$(MANAGE) compilemessages

settings: install  ## write .env.example and docs/reference/settings.md from the classes of settings
	@$(MANAGE) list_settings --env > .env.example
	@$(MANAGE) list_settings > docs/reference/settings.md

clean:  ## take away .venv and what the tools left; the data in var/ stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.*
