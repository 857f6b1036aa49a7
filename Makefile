# Two commands: `make run` and `make test`. `make help` lists all.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test lint bench browser

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check
# The first Python that is new enough; set PYTHON to choose another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Test files at once; each of them starts its own servers and mostly waits for them, so one more than the cores pays.
JOBS ?= 3

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8

run: $(VENV)/run.stamp ## install, migrate, seed, and keep web, worker and clock up until Ctrl-C
	@exec $(PY) -m bot.run

test: $(VENV)/test.stamp browser lint ## install what the tests need, the browser too, and run every test
	$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/test.stamp ## check style and common mistakes
	$(PY) -m ruff check .

bench: $(VENV)/test.stamp ## measure the turn beside its floor, on both databases
	$(PY) -m bench

$(PY):
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed, and no python3 here is: install one, or set PYTHON." >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11: set PYTHON to a newer one." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

# A stamp is newer than the list it was installed from: nothing is installed twice.
$(VENV)/run.stamp: requirements.txt | $(PY)
	@echo "Installing what runs; the first time takes about half a minute ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/test.stamp: tests/requirements.txt $(VENV)/run.stamp
	@echo "Installing what tests ..."
	@$(PIP) -r tests/requirements.txt
	@touch $@

browser: ## find a Chromium for the browser tests, or install one
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then exit 0; fi; \
	echo "No Chromium here: installing it with apt-get ..."; \
	if [ "$$(id -u)" = 0 ]; then root=; else root="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$root apt-get update -q \
		&& $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; then exit 0; fi; \
	if [ "$$ALLOW_SKIPS" = 1 ]; then echo "No browser: its tests will be skipped (ALLOW_SKIPS=1)."; exit 0; fi; \
	echo "The browser tests need Chromium, and it could not be installed: install it, or set ALLOW_SKIPS=1." >&2; exit 1
