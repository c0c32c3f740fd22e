# `make` lists the targets. `demo` needs only Rust; `test` also needs python3,
# node and npm, and installs its pinned tools inside this folder.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

octokit := tests/contracts/octokit
github_api := tests/contracts/github-api

# Cargo finds its subcommands on the PATH.
with_venv := PATH="$(CURDIR)/.venv/bin:$$PATH"

# Without telemetry or a version check.
sam := .ci/sam

# The programs that other targets need first. They are order-only prerequisites (after a `|`), so nothing is rebuilt
# because of them.
.PHONY: has-cargo has-python3 has-npm
has-cargo:
	@command -v cargo >/dev/null || { echo "cargo is not installed: install Rust, see https://rustup.rs"; exit 1; }
has-python3:
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "python3 with venv is not installed: on Debian and Ubuntu, apt install python3 python3-venv"; exit 1; }
has-npm:
	@command -v npm >/dev/null || { echo "npm is not installed: install Node.js, see https://nodejs.org"; exit 1; }

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The targets that call cargo. With RELEASE, the deploy targets do not.
unless_released := $(if $(RELEASE),,deploy deploy-check retire)
demo lint build-runner-init build-webhook package images images-check test-infra release $(unless_released) \
bench bench-lambda bench-scale bench-cost soak local burst mutants wrap clean: | has-cargo
test-host test-docs deploy deploy-check retire destroy secrets: | has-python3

.PHONY: demo
demo: ## replay the sample events, tell each job's story, and an evening of office hours (needs only Rust)
	@echo "building the command: a minute or two the first time, seconds after that"
	cargo run -p mayfly -- demo

# nextest's summary comes last, after the check of what the functions logged during the tests.
.PHONY: test
test: lint lint-template lint-images lint-workflows test-infra test-host test-docs build-webhook .venv/.installed .tools/ministack/.installed .tools/awscli/.installed $(octokit)/node_modules/.installed $(github_api)/node_modules/.installed ## run all lints and tests, and build one function as `make deploy` does
	cargo test --quiet --doc --workspace
	rm -rf target/test-logs
	$(with_venv) cargo nextest run --workspace 2>&1 | tee target/nextest.out
	cargo run --quiet -p logs
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		echo "chromium is not installed: no browser opened the page of \`mayfly why --html\`"
	@grep -a Summary target/nextest.out | tail -n 1

.PHONY: build
build: package build-runner-init ## build every function and PID 1, and check size, architecture and glibc

# A release build takes minutes, so `test` builds one function.
.PHONY: package build-webhook
package: locked .venv/.installed .tools/template/.installed ## build every function with `sam build`, for both architectures
	$(call sam_build,x86_64)
	@if rustup target list --installed 2>/dev/null | grep -q aarch64-unknown-linux-gnu; \
	then $(call sam_build,arm64); \
	else echo "arm64 is not built: its standard library is not installed; run \`rustup target add aarch64-unknown-linux-gnu\`"; fi

build-webhook: locked .venv/.installed .tools/template/.installed
	$(call sam_build,x86_64,WebhookFunction)

# `sam` does not pass --locked to cargo.
.PHONY: locked
locked: | has-cargo
	@cargo metadata --locked --format-version 1 >/dev/null

# Builds what `make deploy` deploys: the function $(2), or all, for the architecture $(1). `sam` builds in the
# workspace, and finds cargo-lambda and zig on the PATH.
define sam_build
$(with_venv) $(sam) build $(2) --region us-east-1 \
	--parameter-overrides FunctionArchitecture=$(1) --build-dir target/sam/$(1) && python3 .ci/check-binaries target/sam/$(1)
endef

# A release deploys without a compiler. BUILD=only compiles and stops; BUILD=done uses what was compiled, even elsewhere.
.PHONY: release
release: locked .tools/template/.installed $(if $(filter done,$(BUILD)),, .venv/.installed) $(if $(filter only,$(BUILD)),, .tools/cyclonedx/.installed) ## put zips, command, templates, digests and SBOM into target/mayfly-VERSION; ARCH=x86_64 for one architecture
	PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/cyclonedx/bin:$$PATH" .tools/template/bin/python infra/bin/release.py \
		$(addprefix --architecture ,$(ARCH)) $(if $(filter only,$(BUILD)),--build-only) $(if $(filter done,$(BUILD)),--built)

# PID 1 of a task, and its size.
.PHONY: build-runner-init
build-runner-init: ## build runner-init as tasks run it, and check its size and memory
	cargo build --release --locked -p runner-init --bin runner-init
	.ci/check-runner-init target/release/runner-init

# `cargo fetch` also downloads the crates of other systems, which nothing above
# compiles but cargo-deny reads.
.PHONY: lint
lint: .venv/.installed ## check format, clippy, documentation, licences and sources
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	cargo fetch
	$(with_venv) cargo deny --offline check --hide-inclusion-graph licenses bans sources

templates := template.yaml $(sort $(wildcard infra/*.yaml))

# Nested templates are linted one by one: `sam validate` does not follow them. The security rules check the templates
# as CloudFormation expands them.
.PHONY: lint-template
lint-template: .tools/template/.installed .tools/checkov/.installed ## lint the templates
	.tools/template/bin/cfn-lint $(templates)
	$(sam) validate --lint --region us-east-1
	AWS_DEFAULT_REGION=us-east-1 .tools/template/bin/python infra/bin/expand.py target/templates $(templates)
	.tools/checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation --directory target/templates

# Every shell script of the repository, by its first line; sourced ones name their shell for shellcheck.
shell_scripts = $(shell grep -rlE --exclude-dir=node_modules '^#!.*[/ ](ba)?sh$$|^\# shellcheck shell=' .ci images infra shared/simulation/mutants tests)
dockerfiles = $(shell find images tests -name node_modules -prune -o -name Dockerfile -print)

.PHONY: lint-images
lint-images: .tools/template/.installed .tools/images/.installed ## lint the Dockerfiles and all shell scripts
	.tools/images/bin/hadolint $(dockerfiles)
	.tools/template/bin/shellcheck --external-sources $(shell_scripts)
	.tools/images/bin/shfmt --indent 4 --diff $(shell_scripts)
	@docker buildx version 2>/dev/null || echo "docker buildx is not installed: only tests/images checks images/docker-bake.hcl"

# zizmor knows what is unsafe in a workflow, and infra/tests/test_workflows.py what else this project requires.
.PHONY: lint-workflows
lint-workflows: .tools/workflows/.installed ## lint the release workflow
	.tools/workflows/bin/zizmor --offline --quiet --no-progress --persona pedantic .github/workflows

# Needs docker with buildx, and a network. See `images/build --help`.
.PHONY: images images-check images-rollback
images: .venv/.installed .tools/template/.installed ## build the images, at AWS if ImageBuilds is on, else here; PUSH=REPOSITORY pushes them
	$(in_template) infra/bin/make_images.py $(if $(PUSH),--push $(PUSH)) $(if $(TAG),--tag $(TAG))
images-rollback: .tools/template/.installed ## go back to the images that the stack's builds published before
	$(in_template) infra/bin/rollback_images.py
images-check: ## print how old the images' pins are, and fail if one is too old
	cargo run --quiet -p mayfly -- images check

# They build `mayfly`, deploy the templates into moto, and compare what these grant with the reference of AWS's
# permissions in checkov; ministack's evaluator says what roles allow.
.PHONY: test-infra
test-infra: .venv/.installed .tools/template/.installed .tools/checkov/.installed .tools/ministack/.installed .tools/awscli/.installed ## test the scripts in infra/bin, and the templates' permissions
	.tools/template/bin/python infra/tests/halves.py

# They need only Python.
.PHONY: test-host test-docs
test-host: ## test the scripts that pack images/host, make the seccomp profile, and publish runtimes
	python3 -m unittest discover --start-directory images/host
	python3 -m unittest discover --start-directory images/runtimes
	python3 -m unittest discover --start-directory images/host/seccomp
test-docs: ## check the docs against the tests, times, fields and places that they name
	python3 -m unittest discover --start-directory docs/tests

# As root, on Debian: its own Docker engine in its own namespaces; it installs nothing.
.PHONY: test-docker
test-docker: ## run a real Docker beside a real runner-init, as on EC2 (as root, five minutes the first time)
	tests/docker/run

# They read samconfig.toml; ENV=staging reads its table [staging.global.parameters].
.PHONY: secrets deploy deploy-check retire destroy
in_template := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/template/bin:$$PATH" ENV="$(or $(ENV),default)" .tools/template/bin/python
secrets: .tools/template/.installed ## create the webhook secret and the ticket key, and print what to paste at GitHub
	$(in_template) infra/bin/make_secrets.py
deploy: $(if $(RELEASE),, locked .venv/.installed) .tools/template/.installed ## check everything, build the functions, deploy the stack; ENV=staging for another one, RELEASE=FOLDER builds nothing
	$(in_template) infra/bin/deploy.py
deploy-check: $(if $(RELEASE),, .venv/.installed) .tools/template/.installed ## only check what a deploy would check; build and change nothing
	$(in_template) infra/bin/deploy.py --check
retire: $(if $(RELEASE),, .venv/.installed) .tools/template/.installed ## take the pool POOL out of service and out of the stack, in order
	@test -n "$(POOL)" || { echo "which pool? make retire POOL=ec2-x64"; exit 1; }
	$(in_template) infra/bin/retire.py $(POOL)
destroy: .tools/template/.installed ## delete the stack, after a question
	$(in_template) infra/bin/destroy.py

.PHONY: bench
bench: ## measure how fast the webhook verifies, parses and routes
	cargo bench -p webhook --bench accept

# As root, for the throttling. Run nothing else meanwhile.
.PHONY: bench-lambda
bench-lambda: .venv/.installed ## measure each function beside an empty one, with Lambda's share of the CPU
	$(with_venv) cargo lambda build --release --locked --x86-64 --lambda-dir target/lambda/x86_64 \
		$(addprefix -p ,echo webhook launcher registrar scheduler reconciler)
	python3 .ci/check-binaries target/lambda/x86_64
	cargo run --quiet --profile soak -p lambda-bench -- --binaries target/lambda/x86_64 --memory 128

# In virtual time: no figure depends on the machine. SHAPE=burst runs only one shape of load.
.PHONY: bench-scale
bench-scale: ## run bursts of up to 10,000 jobs in virtual time under real limits, and say which limit binds
	cargo run --quiet --profile soak -p scale -- $(if $(SHAPE),--shape $(SHAPE))

# In virtual time, at AWS's list prices (labs/cost/prices.toml).
.PHONY: bench-cost
bench-cost: .venv/.installed ## price a thousand jobs, and a month without any, beside their budgets
	cargo run --quiet -p cost

.PHONY: soak
SEEDS ?= 10000
WEEKS ?= 100
DEMANDS ?= 10
FIRST ?= 1
soak: ## simulate SEEDS seeded worlds, WEEKS of office hours and DEMANDS of jobs from FIRST on, and check each
	cargo run --quiet --profile soak -p simulation -- --seeds $(SEEDS) --weeks $(WEEKS) --demands $(DEMANDS) --first $(FIRST)

# The AWS emulator is at PORT, GitHub's at the next port.
.PHONY: local
TASKS ?= play
PORT ?= 4566
local: .venv/.installed .tools/template/.installed .tools/ministack/.installed ## run the stack on this machine until Ctrl-C; TASKS=process for real tasks, PORT=5000 for another port
	@echo "building the five functions, PID 1 and the command: minutes the first time, seconds after that"
	cargo build -p webhook -p launcher -p registrar -p scheduler -p reconciler -p runner-init -p mayfly \
		--features local,why
	$(or $(CARGO_TARGET_DIR),target)/debug/mayfly local --tasks $(TASKS) --port $(PORT)

.PHONY: burst
JOBS ?= 1000
burst: .venv/.installed .tools/template/.installed .tools/ministack/.installed ## queue JOBS jobs at once on this machine, and follow each to its end
	cargo build --quiet -p webhook -p launcher -p registrar -p scheduler -p reconciler
	cargo run --quiet -p burst -- --jobs $(JOBS) --binaries target/debug

.PHONY: deployer
deployer: .tools/template/.installed ## write the policies for deploying, and the list of a stack's resources
	.tools/template/bin/python infra/bin/deployer.py

.PHONY: mutants
mutants: .venv/.installed ## break the code on purpose, and check that the simulation or a test notices
	$(with_venv) shared/simulation/mutants/run

.PHONY: instance-types
instance-types: .venv/.installed ## regenerate the table of EC2 instance types from the pinned moto
	.venv/bin/python shared/platform/instance_types/make.py

.PHONY: wrap
wrap: ## regenerate events/lambda from events/github
	cargo run --quiet -p mayfly -- wrap events/github/*.json --out events/lambda

.PHONY: clean
clean: ## remove everything that was built and installed
	cargo clean
	rm -rf .venv .tools $(octokit)/node_modules $(github_api)/node_modules

# The stamp is newer than the pins that were installed. `--clear` removes an
# earlier or interrupted installation.
.venv/.installed: .ci/requirements.txt .ci/requirements-nextest.txt | has-python3
	@echo "installing Python tools into .venv: a minute or two"
	python3 -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/requirements.txt
	cargo nextest --version >/dev/null 2>&1 || \
		.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/requirements-nextest.txt
	@touch $@

.tools/%/.installed: .ci/requirements-%.txt | has-python3
	@echo "installing Python tools into .tools/$*: a minute or two"
	python3 -m venv --clear .tools/$*
	.tools/$*/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/requirements-$*.txt
	@touch $@

# PyPI does not have it. Its lock file has its dependencies' hashes, and the registry has its own.
.tools/cyclonedx/.installed: .ci/cargo-cyclonedx | has-cargo
	@echo "compiling cargo-cyclonedx into .tools/cyclonedx: some minutes"
	cargo install --quiet --locked --root .tools/cyclonedx --target-dir target/cyclonedx $$(cat .ci/cargo-cyclonedx)
	@touch $@

$(octokit)/node_modules/.installed $(github_api)/node_modules/.installed: %/node_modules/.installed: %/package.json %/package-lock.json %/.npmrc | has-npm
	cd $* && npm ci --ignore-scripts --no-update-notifier
	@touch $@
