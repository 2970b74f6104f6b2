# Everything one does with the project. `make` alone lists it; nothing has to be installed beforehand but Python 3.11-3.13.
#   make demo TRADE=my-trade.yaml                                  another trade
#   make demo BROKER=amqp://… DATABASE=postgresql://…              on real servers
#   make test ARGS="-k money"                                      some tests only

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
BENCH := .venv-bench
BENCH_INSTALLED := $(BENCH)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo up test faults bench check lint fmt types contracts bandit audit docs docs-check lock hooks servers compose-up compose-down clean

help: ## this list
	@echo "make …"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# Two stamps, so that a second run starts at once; the lock files and the project's own description make them stale.
$(RUNTIME): requirements.lock pyproject.toml scripts/venv
	@scripts/venv $(VENV) requirements.lock
	@touch $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml scripts/venv
	@scripts/venv $(VENV) requirements-dev.lock
	@touch $@ $(RUNTIME)

# Peers bring libraries of their own: they stay out of the project's environment.
$(BENCH_INSTALLED): requirements-bench.lock pyproject.toml scripts/venv
	@scripts/venv $(BENCH) requirements-bench.lock
	@touch $@

demo: $(RUNTIME) ## run a whole export trade and show it (TRADE=file: another one)
	@$(BIN)/tradelane demo $(if $(TRADE),--trade "$(TRADE)")

up: $(RUNTIME) ## leave the system running and say where
	@$(BIN)/tradelane up

# Whole, it waits as much as it works: a file at a time goes to whichever process is free. Some tests only are done soonest by one.
WHOLE := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(DEVELOPMENT) ## the whole suite, on RabbitMQ and PostgreSQL it finds or brings (ARGS: pytest's)
	@$(BIN)/python -m pytest $(or $(ARGS),$(WHOLE))

faults: $(DEVELOPMENT) ## break a running system in every way, and add up what is left (ORDERS, SEED, ARGS: --help lists them)
	@$(BIN)/python -m tests.faults $(if $(ORDERS),--orders $(ORDERS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: $(BENCH_INSTALLED) ## measure ours and its peers in turns (ARGS="--only echo --rounds 5": see bench/README.md)
	@$(BENCH)/bin/python -m bench $(ARGS)

check: lint types contracts docs-check bandit ## lint, types, contracts, docs-check and bandit

lint: $(DEVELOPMENT) ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

fmt: $(DEVELOPMENT) ## mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

types: $(DEVELOPMENT) ## mypy, strict
	@$(BIN)/mypy

contracts: $(DEVELOPMENT) ## what may import what
	@$(BIN)/lint-imports --no-logo

bandit: $(DEVELOPMENT) ## what is known to be unsafe in Python; the exceptions are explained in pyproject.toml
	@$(BIN)/bandit -q -c pyproject.toml -r services shared tradelane scripts

audit: $(DEVELOPMENT) ## known vulnerabilities of the locked libraries (says so where no advisory service answers)
	@$(BIN)/python scripts/audit.py

docs: $(RUNTIME) ## generate the pages and the broker's definitions that come from code
	@$(BIN)/tradelane docs
	@$(BIN)/tradelane topology definitions >deploy/rabbitmq/definitions.json

docs-check: $(RUNTIME) ## fail where a generated page is behind the code
	@$(BIN)/tradelane docs --check
	@$(BIN)/tradelane topology definitions | diff -u deploy/rabbitmq/definitions.json -

# Hashes of every file of a release, so that they hold on every platform; no address of any package index in the files.
PIN := -q --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" pyproject.toml

lock: $(DEVELOPMENT) ## pin the current release of every library, for every platform and Python 3.11-3.13
	@$(BIN)/python -m pip install -qq uv
	@$(BIN)/uv pip compile $(PIN) --group build -o requirements.lock
	@$(BIN)/uv pip compile $(PIN) --group build --group dev --constraint requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile $(PIN) --group build --group bench --constraint requirements.lock -o requirements-bench.lock

hooks: $(DEVELOPMENT) ## check before every git commit
	@$(BIN)/pre-commit install

servers: $(DEVELOPMENT) ## RabbitMQ and PostgreSQL to try things on, until Ctrl-C
	@$(BIN)/python -m tests.servers

compose-up: ## the system in containers, at 127.0.0.1:8000 (HTTP_PORT=…)
	docker compose up --build --wait

compose-down: ## stop the containers; their data stays
	docker compose down

clean: ## remove what was built; data in var/ stays
	rm -rf $(VENV) $(BENCH) *.egg-info build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
