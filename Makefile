# Every command of the project; each first makes what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench format setup servers clean
PYTHON := .venv/bin/python
export PYTHONUNBUFFERED := 1

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: setup ## a live show on http://127.0.0.1:8000/ (PORT=8123 DATA_DIR=/some/dir make demo for another place)
	@exec $(PYTHON) manage.py demo

test: setup servers ## all tests, on SQLite and on PostgreSQL with Redis
	@.ci/test

check: setup ## format, lint, types, import rules, templates, JavaScript, migrations, deployment
	@.ci/check

bench: setup servers ## the benchmarks with their tables
	@$(PYTHON) -m bench

format: setup ## put everything into the house's format
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@.venv/bin/djade --target-version 6.0 $$(git ls-files 'templates/*.html' '*/templates/*.html')
	@node_modules/.bin/biome check --write

setup: .venv/synced ## the environment and the packages, from the lock files

.venv/synced: pyproject.toml uv.lock .python-version package.json package-lock.json
	@.ci/setup

servers:
	@.ci/servers

clean: ## remove all that the commands above made, except the data of the demo
	rm -rf .venv node_modules staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
