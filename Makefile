# Verbs only; the work is in dvc.yaml and scripts/. `make help` is made of the ## comments.
# Targets and recipes use relative paths, so that the folder's own name may hold spaces.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/site-cache
REPORT := data/report/index.html

# What callers give travels in the environment as they typed it: recipes say "$$GIVEN_FEED", so
# neither make ($(value ...)) nor the shell (quotes) reads it as its own language.
unexport FEED FROM SET BASE PERMITTED
export GIVEN_BASE := $(or $(value BASE),main)
export GIVEN_FEED := $(value FEED)
export GIVEN_FROM := $(value FROM)
export GIVEN_PERMITTED := $(value PERMITTED)
export GIVEN_SET := $(value SET)

# Starts a long command so that it dies with make (kill -9 included): no shell stays between the
# two, and lib.common.processes looks whether this make still lives.
TIED := exec env REML_RUNNER_PID=$$PPID $(PY) -m

# Two workers; one that is done takes tests over from the other, so that no file holds up the end.
PYTEST := $(PY) -m pytest -q -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help init photos acquire repro run import nightly report changes pr-comment accuracy eda samples screenshots recall ledger dag dictionary test test-all lint chaos fuzz bench clean clean-ask

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

$(VENV)/.core: requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { echo "error: no venv module; on Debian or Ubuntu: apt-get install python3-venv"; exit 2; }
	@echo "setting up .venv (once; a minute or two)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@mkdir -p -m 700 "$$DVC_SITE_CACHE_DIR" && dvc config --local core.site_cache_dir "$$DVC_SITE_CACHE_DIR"
	@touch $@

$(VENV)/.dev: $(VENV)/.core requirements-dev.txt requirements-acquire.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

$(VENV)/.photos: $(VENV)/.core requirements-photos.txt
	@echo "setting up encoders for photos (once; about 5 GB)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-photos.txt -c constraints.txt
	@touch $@

$(VENV)/.acquire: $(VENV)/.core requirements-acquire.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-acquire.txt -c constraints.txt
	@touch $@

init: $(VENV)/.dev ## Set up .venv with everything, and the git hooks
	@$(VENV)/bin/pre-commit install

repro: $(VENV)/.core ## Run the pipeline on base.feed (the demo feed): only what changed is rebuilt
	@$(PY) -m scripts.ops.preflight
	@$(TIED) scripts.ops.guarded dvc repro
	@echo "report: $(CURDIR)/$(REPORT)"

run: $(VENV)/.core ## Run it on another feed, beside the workspace: make run FEED=name [SET="split.folds=3 calibrate.coverages=[0.8, 0.9]"]
	@$(TIED) scripts.ops.run --feed="$$GIVEN_FEED" --set="$$GIVEN_SET"

import: $(VENV)/.core ## Bring a file in: make import FEED=name FROM=path.csv
	@$(PY) -m scripts.ops.import_file --feed="$$GIVEN_FEED" --from="$$GIVEN_FROM"

nightly: $(VENV)/.acquire ## For cron: find gaps, download, import, run: make nightly [PERMITTED="host ..."]
	@$(TIED) scripts.ops.nightly --permitted-host="$$GIVEN_PERMITTED"

report: $(VENV)/.core ## Rebuild the report (and what it needs), and open it if this is a desktop
	@$(PY) -m scripts.ops.preflight
	@$(TIED) scripts.ops.guarded dvc repro report
	@echo "report: $(CURDIR)/$(REPORT)"
	@if [ -n "$$DISPLAY" ] && command -v xdg-open >/dev/null; then xdg-open $(REPORT); fi

changes: $(VENV)/.core ## Show what moved since a revision or an older run, and why: make changes [BASE=main] [FEED=name] [FROM=folder]
	@$(PY) -m scripts.ops.changes --base="$$GIVEN_BASE" --feed="$$GIVEN_FEED" --from="$$GIVEN_FROM"

pr-comment: $(VENV)/.core ## Print what a branch does to the valuations, as Markdown: make pr-comment [BASE=main]
	@$(PY) -m scripts.ops.pr_comment --base="$$GIVEN_BASE"

eda: $(VENV)/.core ## Look at the staged data: docs/eda/summary.md, plots/eda/, data/eda/
	@$(PY) -m scripts.ops.preflight
	@$(TIED) scripts.ops.guarded dvc repro eda
	@echo "summary: $(CURDIR)/docs/eda/summary.md"

samples: $(VENV)/.core ## Rebuild the committed gold samples in data/samples (demo feed only)
	@$(PY) -m scripts.ops.preflight
	@$(TIED) scripts.ops.guarded dvc repro sample
	@$(PY) -m scripts.ops.samples

screenshots: $(VENV)/.dev ## Take the pictures of the report in docs/images again (needs Chromium; demo feed only)
	@$(PY) -m scripts.ops.preflight
	@$(TIED) scripts.ops.guarded dvc repro report
	@$(PY) -m scripts.ops.screenshots

accuracy: $(VENV)/.core ## Print the accuracy on King County's real sales again: make accuracy [MODE=rolling] [BOUNDARIES="2015-01-01 ..."]
	@$(PY) -m scripts.ops.accuracy $(if $(filter rolling,$(MODE)),--mode rolling) $(addprefix --boundary ,$(BOUNDARIES))

recall: $(VENV)/.core ## Plant every kind of trouble into a clean feed and count what is found: 40 minutes
	@$(TIED) scripts.ops.fault_recall

ledger: $(VENV)/.core ## Show the last loads: make ledger [FEED=name] [LIMIT=50]
	@$(PY) -m scripts.ops.ledger $(if $(FEED),--feed="$$GIVEN_FEED") $(if $(LIMIT),--limit="$(LIMIT)")

dag: $(VENV)/.core ## Draw the pipeline
	@dvc dag | cat

dictionary: $(VENV)/.core ## Write docs/data-dictionary.md from the *.meta.yml beside the code
	@$(PY) -m scripts.ops.dictionary

acquire: $(VENV)/.acquire ## Install what the downloader drives Chromium with (Playwright)

photos: $(VENV)/.photos ## Install what encoders of photos need beside the built-in one (torch, about 5 GB)

test: $(VENV)/.dev ## Run the tests of every stage and rule, on small runs: some ten minutes
	@$(PYTEST)

test-all: test $(VENV)/.photos ## Run the tests, and those that need torch, Chromium, Postgres, real sales or whole runs
	@REML_TEST_ALL=1 $(PYTEST) -m "(rest or chaos) and not fuzz"

lint: $(VENV)/.dev ## ruff, and mypy on lib/
	@ruff check . && ruff format --check . && mypy lib

chaos: $(VENV)/.dev ## Kill runs in several stages and check that the next ends in the same bytes (FAST=1: in one)
	@$(PY) -m pytest -q -m "chaos$(if $(FAST), and not fuzz)"

fuzz: $(VENV)/.dev $(VENV)/.photos ## Feed mutated exports and photo bundles by the thousand, and property tests ten times as much
	@HYPOTHESIS_PROFILE=night $(PY) -m pytest -q -m "(fuzz or hypothesis) and not chaos"

bench: $(VENV)/.dev $(VENV)/.photos ## Measure the stages on a million synthetic rows, as ratios: make bench [ROWS=100000] [ONLY=features]
	@$(PY) -m bench $(if $(ROWS),--rows="$(ROWS)") $(ONLY)

clean: ## Remove what the pipeline wrote; data/raw, runs/ and caches are asked about first
	@for d in data/*/; do case $$d in data/raw/|data/samples/) ;; *) rm -rf "$$d";; esac; done
	@rm -rf .pytest_cache .mypy_cache .ruff_cache
	@$(MAKE) --no-print-directory clean-ask TARGET=data/raw WHAT="raw data, your imports included"
	@$(MAKE) --no-print-directory clean-ask TARGET=runs WHAT="results on other feeds"
	@$(MAKE) --no-print-directory clean-ask TARGET=.dvc/cache WHAT="DVC's cache"

clean-ask:
	@if [ -t 0 ] && [ -e "$(TARGET)" ]; then printf "also delete $(TARGET) ($(WHAT))? [y/N] "; read -r a; [ "$$a" != y ] || rm -rf "$(TARGET)"; fi
