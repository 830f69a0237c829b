# The only task runner. `make demo` shows the library at work, `make test` proves it; each target sets up what it needs.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find core emulator fleet cli bindings-python bindings-node -name python -prune -o -name tests -prune -o -name node_modules -prune -o -name dist -prune -o -name '*.rs' -print -o -name '*.sql' -print -o -name Cargo.toml -print)
TS_SOURCES := $(shell find bindings-node/ts -name '*.ts' 2>/dev/null)
OPS := $(wildcard operations/*.ops)

.PHONY: help demo test conformance lint generate drift wheel npm setup bench bench-guard bench-parts \
	test-rust test-codegen test-python test-node test-examples test-packages test-judges test-chaos chaos fuzz soak \
	lint-rust lint-python lint-node lint-generated format clean tools

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: build-python build-node ## run the examples in Python and Node against the emulator
	@$(PY) examples/demo.py

test: lint test-codegen test-rust test-chaos test-python test-node test-examples test-packages conformance test-judges bench-guard ## everything CI runs
	@echo "make test: ok"

lint: lint-generated lint-rust lint-python lint-node ## formatters, linters, type checkers, and drift of generated files

conformance: build-python build-node tests/judges/node_modules/.ready ## every operation of every face, on Prism and on the emulator
	$(PY) -m tests.conformance

generate: $(VENV)/.ready node_modules/.ready ## write the generated files from operations/*.ops
	$(PY) -m codegen

drift: $(VENV)/.ready ## compare the table with an instance's OpenAPI: make drift SPEC=path-or-url
	@$(if $(SPEC),,$(error say which file or address: make drift SPEC=…))
	@$(PY) -m codegen.drift '$(SPEC)'

wheel: $(VENV)/.ready ## the Python wheel, into dist/
	@rm -f dist/*.whl
	$(VENV)/bin/maturin build --release --out dist --quiet
	$(PY) scripts/repack.py dist/*.whl

npm: build-node $(VENV)/.ready ## the npm packages, into dist/npm/
	npm run --silent pack
	$(PY) scripts/repack.py dist/npm/*.tgz

bench: bench-parts ## ours beside what users would pick instead: make bench, make bench ONLY="P2 P6" ROUNDS=3
	@$(BENCH_PY) -m bench $(ONLY) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-guard: build-python build-node ## the bench in short: fails when a bar is missed by half as much again
	@cargo build --release --quiet --package xano-bench-server
	@$(PY) -m bench.guard

fuzz: | tools ## the decoders under libFuzzer: make fuzz, make fuzz SECONDS=600 ONLY="page csv"
	fuzz/run.sh $(or $(SECONDS),180) $(ONLY)

soak: build-python build-node ## a million calls of every face, memory and descriptors flat: make soak, make soak COUNT=10000 ONLY="node calls"
	@cargo build --release --quiet --package xano-bench-server --package xano-metadata-tests --bin xano-bench-server --bin soak
	@$(PY) -m tests.soak $(or $(COUNT),1000000) $(if $(ONLY),'$(ONLY)')

chaos: build-python build-node ## faults between every face and the emulator: make chaos SEED=7, SEEDS=50, LOADS=1 for killed loads
	@cargo run --quiet --package xano-chaos -- --seed $(or $(SEED),1) --seeds $(or $(SEEDS),1) $(if $(LOADS),--loads)

format: setup ## format all hand-written code
	cargo fmt
	$(VENV)/bin/ruff format
	npx prettier --write --log-level warn .

# What the targets above stand on. Stamps make the second time quick.

tools:
	@PYTHON=$(PYTHON) scripts/require-tools.sh

setup: $(VENV)/.ready node_modules/.ready ## the virtual environment and the npm packages

$(VENV)/.ready: pyproject.toml | tools
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade "pip>=25.1"
	$(PY) -m pip install --quiet --group dev
	@touch $@

node_modules/.ready: package.json package-lock.json | tools
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

tests/judges/node_modules/.ready: tests/judges/package.json tests/judges/package-lock.json | tools
	cd tests/judges && npm ci --no-audit --no-fund --loglevel=error
	@ln -sfn ../../.. tests/judges/node_modules/xano-metadata
	@touch $@

.PHONY: build-python build-node
build-python: target/.python-ready
build-node: target/.node-ready

target/.python-ready: $(RUST_SOURCES) $(VENV)/.ready
	PIP_QUIET=1 $(VENV)/bin/maturin develop --release --quiet
	@touch $@

target/.node-ready: $(RUST_SOURCES) $(TS_SOURCES) node_modules/.ready
	npm run --silent build:native
	npm run --silent build:ts
	@touch $@

# The bench has an environment of its own, with every peer at the version that bench/requirements.txt and
# bench/node/package-lock.json say, and measures the packages that users would get.

BENCH_PY := target/bench/venv/bin/python

bench-parts: wheel npm target/bench/venv/.ready bench/node/node_modules/.ready
	@$(BENCH_PY) -m pip install --quiet --force-reinstall --no-deps dist/*.whl
	@node bench/node/place-ours.mjs
	@cargo build --release --quiet --package xano-bench-server --package xano-bench-rust

target/bench/venv/.ready: bench/requirements.txt | tools
	$(PYTHON) -m venv target/bench/venv
	$(BENCH_PY) -m pip install --quiet --upgrade "pip>=25.1"
	$(BENCH_PY) -m pip install --quiet -r bench/requirements.txt
	@touch $@

# Not `npm ci`: a peer's builds for other systems, which not every registry has, are not in the lock file.
bench/node/node_modules/.ready: bench/node/package.json bench/node/package-lock.json | tools
	cd bench/node && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

# Tests

test-rust: | tools
	cargo test --workspace --exclude xano-metadata-python --exclude xano-metadata-node --quiet

test-codegen: $(VENV)/.ready node_modules/.ready
	$(PY) -m pytest -q codegen/tests

test-python: build-python
	$(PY) -m pytest -q tests/python

test-node: build-node
	npm run --silent test

test-examples: build-python build-node
	$(PY) -m pytest -q tests/examples

test-packages: wheel npm
	$(PY) -m pytest -q tests/packages

test-chaos: build-python build-node
	$(MAKE) --no-print-directory chaos
	$(MAKE) --no-print-directory chaos LOADS=1

test-judges: build-python build-node tests/judges/node_modules/.ready
	node --test tests/judges/js-sdk.test.mjs tests/judges/express.test.mjs
	$(PY) -m pytest -q tests/judges

# Lint

lint-generated: $(VENV)/.ready node_modules/.ready
	$(PY) -m codegen --check

lint-rust: | tools
	cargo fmt --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings

lint-python: $(VENV)/.ready node_modules/.ready
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check --quiet
	$(VENV)/bin/mypy
	npx pyright

lint-node: node_modules/.ready
	npm run --silent lint

clean: ## remove everything that was built
	rm -rf target dist $(VENV) node_modules tests/judges/node_modules bindings-node/dist
