# Yaohe: two commands do everything. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo check test bench gen format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Python packages and built web pages (the other targets call it)
	@$(PYTHON) scripts/setup.py python web

demo: setup ## a shop that is live, with a crowd: ARGS="--port 8080 --lan --no-crowd …"
	@$(BIN)/yaohe demo $(ARGS)

check: setup ## format, lint, types, imports, tidy and fast tests (under two minutes)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python scripts/web.py check
	@$(BIN)/python -m pytest -n 2 tests/unit tests/tidy -m "not slow and not browser" $(ARGS)

test: setup ## everything: stores on PostgreSQL, flows, seeded crowds with an audit, real Chromium
	@$(PYTHON) scripts/setup.py test-tools
	@$(BIN)/python -m pytest -n 2 tests/unit tests/tidy tests/flows tests/sim $(ARGS)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/e2e $(ARGS)

bench: setup ## measure the figures; one table, written to bench/out/
	@$(PYTHON) scripts/setup.py test-tools
	@$(BIN)/python -m bench $(ARGS)

gen: setup ## what is made from other files: the SDK's error codes, the page of settings
	@$(BIN)/python scripts/gen.py

format: setup ## put the code in its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## forget everything that was made (keeps data directories)
	rm -rf .venv .node .cache web/node_modules src/yaohe/front/static
