# Everything a person types. Needs make, git and Python 3.11 or newer; nothing else.

VENV := .venv
PYTHON := $(VENV)/bin/python
HOST_PYTHON := $(shell command -v python3.11 || command -v python3)

DEMO_LOCKS := framework/requirements.txt container/requirements.txt local_test/requirements.txt
TEST_LOCKS := $(DEMO_LOCKS) tests/requirements.txt
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check \
	--only-binary :all: --require-hashes

.DEFAULT_GOAL := help
.PHONY: help setup lint lock

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/for-tests  ## install everything that the demo and the tests need

$(PYTHON):
	$(HOST_PYTHON) -m venv $(VENV)

$(VENV)/for-demo: $(DEMO_LOCKS) | $(PYTHON)
	$(PIP_INSTALL) $(DEMO_LOCKS:%=-r %)
	@touch $@

$(VENV)/for-tests: $(TEST_LOCKS) | $(PYTHON)
	$(PIP_INSTALL) $(TEST_LOCKS:%=-r %)
	@touch $@ $(VENV)/for-demo

lint: $(VENV)/for-tests  ## check style and imports
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

lock: $(VENV)/for-lock  ## resolve the requirements again and write their hashes
	.ci/lock

$(VENV)/for-lock: .ci/requirements.txt | $(PYTHON)
	$(PIP_INSTALL) -r $<
	@touch $@
