# Everything runs from a fresh clone: each target makes the virtual environment it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test lint format bench bench-pool fuzz clean setup system

help:             ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP)   ## make the virtual environment

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); .ci/system-packages python3-venv && $(PYTHON) -m venv $(VENV); }

$(STAMP): $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group lint --group test
	touch $@

demo: $(VENV)/.demo  ## run the load balancer, the user pool and a sample app on this machine
	$(BIN)/albacore demo

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

system:
	.ci/system-packages chromium fonts-noto-cjk nghttp2-client wrk

test: $(STAMP) system lint  ## lint, then every test
	$(BIN)/python -m pytest -n 2 --dist loadscope

lint: $(STAMP)    ## ruff, mypy strict, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP)  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)   ## CPU per request and memory beside nginx, HAProxy, Envoy, Traefik, Caddy and Apache
	.ci/system-packages wrk haproxy apache2-bin libapache2-mod-auth-openidc
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python -m bench

bench-pool: $(STAMP)  ## sign-ins and tokens per second, lists of a million users, who waits for whom
	$(BIN)/python -m bench.pool

FUZZ_SECONDS ?= 90
fuzz: $(STAMP)    ## send what nobody would send, FUZZ_SECONDS for each of seven targets
	$(BIN)/python -m pip install --quiet --group fuzz
	for target in request strictest monitor response answers head frames; do \
	  $(BIN)/python -m bench.fuzz $$target --seconds $(FUZZ_SECONDS) || exit 1; done

clean:            ## remove what the targets made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz
