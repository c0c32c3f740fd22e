# `make` lists the targets. Rust is all that `demo` needs; `test` also wants
# python3, node and npm, and installs its pinned tools inside this folder.

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

# nextest comes last: its summary is the last word.
.PHONY: test
test: lint .venv/.installed $(octokit)/node_modules/.installed ## lints and all tests
	cargo test --quiet --doc --workspace
	$(with_venv) cargo nextest run --workspace

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
	cargo run --quiet --release -p simulation -- --seeds $(SEEDS) --first $(FIRST)

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
