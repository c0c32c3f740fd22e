# `make` lists the targets. Rust is all that `demo` needs; `test` also wants
# python3, node and npm, and installs its pinned tools inside this folder.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

octokit := tests/contracts/octokit

# Cargo finds its subcommands on the PATH.
with_venv := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## replay the sample events and tell each job's story (needs only Rust)
	cargo run --quiet -p mayfly -- demo

# nextest's summary is the last word. What the functions logged meanwhile is looked through first.
.PHONY: test
test: lint build-webhook .venv/.installed $(octokit)/node_modules/.installed ## lints, all tests, and one function as it is deployed
	cargo test --quiet --doc --workspace
	rm -rf target/test-logs
	$(with_venv) cargo nextest run --workspace 2>&1 | tee target/nextest.out
	cargo run --quiet -p logs
	@grep -a Summary target/nextest.out | tail -n 1

# As `sam build` does it. A release build takes minutes, so `test` builds one of them.
.PHONY: build build-webhook
build: build-webhook ## build every function for Lambda, and see what each needs of it
	$(call lambda_build,x86_64,launcher scheduler)
	@if rustup target list --installed 2>/dev/null | grep -q aarch64-unknown-linux-gnu; \
	then $(call lambda_build,arm64,webhook launcher scheduler); \
	else echo "arm64 is not built: rustup has no standard library of aarch64-unknown-linux-gnu here"; fi

build-webhook: .venv/.installed
	$(call lambda_build,x86_64,webhook)

# The functions of $(2) for the architecture $(1), each into target/lambda/<architecture>.
define lambda_build
$(with_venv) cargo lambda build --release --$(subst _,-,$(1)) --lambda-dir target/lambda/$(1) \
	$(addprefix -p ,$(2)) && python3 .ci/check-binaries target/lambda/$(1)
endef

# `cargo fetch` brings the crates of other systems too, which nothing above
# compiles and cargo-deny reads.
.PHONY: lint
lint: .venv/.installed ## format, clippy, documentation, licences and sources
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	cargo fetch
	$(with_venv) cargo deny --offline check --hide-inclusion-graph licenses bans sources

.PHONY: bench
bench: ## measure verify, parse and route
	cargo bench -p webhook --bench accept

.PHONY: soak
SEEDS ?= 10000
FIRST ?= 1
soak: ## let SEEDS seeded worlds happen from FIRST on, and check each
	cargo run --quiet --profile soak -p simulation -- --seeds $(SEEDS) --first $(FIRST)

.PHONY: local
local: .venv/.installed ## run the functions on this machine until Ctrl-C
	cargo build --quiet -p webhook -p launcher -p scheduler
	cargo run --quiet -p mayfly --features local -- local

.PHONY: burst
JOBS ?= 1000
burst: .venv/.installed ## queue JOBS jobs at once on this machine, and follow each to its end
	cargo build --quiet -p webhook -p launcher -p scheduler
	cargo run --quiet -p burst -- --jobs $(JOBS) --binaries target/debug

.PHONY: mutants
mutants: ## break the code on purpose, and see the simulation find it
	tests/simulation/mutants/run

.PHONY: wrap
wrap: ## make events/lambda again from events/github
	cargo run --quiet -p mayfly -- wrap events/github/*.json --out events/lambda

.PHONY: clean
clean: ## remove what was built and installed
	cargo clean
	rm -rf .venv $(octokit)/node_modules

# A stamp is newer than the pins that it was installed from. `--clear` leaves
# nothing of an earlier or interrupted installation.
.venv/.installed: .ci/requirements.txt .ci/requirements-nextest.txt
	python3 -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement .ci/requirements.txt
	cargo nextest --version >/dev/null 2>&1 || \
		.venv/bin/pip install --quiet --disable-pip-version-check --requirement .ci/requirements-nextest.txt
	@touch $@

$(octokit)/node_modules/.installed: $(octokit)/package.json $(octokit)/package-lock.json $(octokit)/.npmrc
	cd $(octokit) && npm ci --ignore-scripts --no-update-notifier
	@touch $@
