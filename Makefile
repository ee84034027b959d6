# Two commands: `make run` serves the course, `make test` proves it. Each does all its own set-up.
# The system's own, if it is new enough: distributions build theirs for speed. One that pyenv has built as it comes takes
# half as long again for everything.
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
  && echo /usr/bin/python3 || echo python3)
VENV := .venv
PY := $(VENV)/bin/python
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
# Where it is set, each of the hundreds of processes that tests start would compile all there is once more.
unexport PYTHONDONTWRITEBYTECODE
UNSEEN := $(BIN)/pytest -q -n 2 -p no:playwright  # by a browser
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
SCRIPTS := $(shell find static/js static/css -type f) package.json tsconfig.json

TARGETS := run test test-deployments test-postgres check check-by-reading check-by-trying bench setup frontend lock audit deploy clean remove python-version
.PHONY: $(TARGETS)
.DEFAULT_GOAL := help
COMMA := ,
SPACE := $() $()

help:
	@echo "make run    set everything up and serve the course on http://127.0.0.1:8000 (PORT, HOST)"
	@echo "make test   set everything up and run every test, but those of"
	@echo "make test-deployments  a fleet of three engines, the compose file, and a box without the internet"
	@echo "make test-postgres  every test on PostgreSQL, but those in a browser"
	@echo "make check  lint, types, fast tests, missing migrations"
	@echo "make bench  measure speed and memory; what is named after it, and nothing else: make bench fleet"
	@echo "make audit  ask whether vulnerabilities are known of the locked packages"
	@echo "make deploy build and start it as a service, with docker compose (NAME, by which browsers reach it)"
	@echo "make remove take away what the set-up made: containers, images, var/, .venv/, node_modules/"

run: setup
	@exec $(PY) scripts/run.py

setup: $(VENV)/.run var/build/.made $(MESSAGES)
	@scripts/engine.sh

test: setup $(VENV)/.dev
	@scripts/browser.sh
	@scripts/faketime.sh
	@scripts/apparmor.sh tools
	@$(PY) scripts/prepare.py --images-only
	npm run --silent check
	$(UNSEEN) --dist loadfile -m "not browser and not deployment"
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "browser and not deployment" tests/browser
	scripts/postgres.sh run $(UNSEEN) -m "database and not docker and not browser and not slow"
	scripts/postgres.sh run $(BIN)/pytest -q -m restart tests/faults

test-deployments: setup $(VENV)/.dev
	@scripts/browser.sh
	@$(PY) scripts/prepare.py --images-only
	scripts/wheels.sh
	$(BIN)/pytest -q tests/fleet
	$(BIN)/pytest -q tests/deploy
	$(BIN)/pytest -q tests/browser/test_box.py

test-postgres: setup $(VENV)/.dev
	@scripts/faketime.sh
	@scripts/apparmor.sh tools
	@$(PY) scripts/prepare.py --images-only
	scripts/postgres.sh run $(UNSEEN) --dist loadfile -m "database and not browser and not restart"
	scripts/postgres.sh run $(BIN)/pytest -q -m restart tests/faults

check: $(VENV)/.dev var/build/.made $(MESSAGES)
	@$(MAKE) --no-print-directory --output-sync=target -j 2 check-by-reading check-by-trying

check-by-reading:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py course check
	npm run --silent check

# Those that need no service, and of a second or less: what is left out runs in `make test`.
check-by-trying:
	$(UNSEEN) -m "not docker and not slow and not transaction" --no-migrations $(addprefix tests/,accounts config courses sandbox workshops)

bench: setup $(VENV)/.dev
	@$(PY) scripts/prepare.py --images-only
	$(PY) -m bench $(addprefix --only ,$(subst $(SPACE),$(COMMA),$(NAMED)))

# What is named after bench is measured, and no goal of its own: `make bench remove` must remove nothing.
ifeq ($(firstword $(MAKECMDGOALS)),bench)
NAMED := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(foreach name,$(filter $(TARGETS),$(NAMED)),$(error make bench $(name): that is a target. Use: $(PY) -m bench --only $(name)))
.PHONY: $(NAMED)
$(NAMED):
	@:
endif

deploy: $(VENV)/.run var/build/.made
	@scripts/wheels.sh
	@deploy/first-run $(NAME)

lock: $(VENV)/.dev
	$(PY) -m pip -q install uv
	scripts/lock.sh

audit: $(VENV)/.dev node_modules/.made
	@$(PY) -m pip -q --disable-pip-version-check install pip-audit
	@$(PY) scripts/audit.py

python-version:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) -V). Name another: make PYTHON=python3.12 run"; exit 1; }

$(VENV)/.run: requirements.lock | python-version
	@echo "Installing the Python packages into $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip -q --disable-pip-version-check install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing the packages for tests …"
	@$(PY) -m pip -q --disable-pip-version-check install --require-hashes -r requirements-dev.lock
	@touch $@

frontend: var/build/.made

%.mo: %.po | $(VENV)/.run
	@$(PY) scripts/messages.py

node_modules/.made: package-lock.json $(VENV)/.run
	@scripts/node.sh
	@echo "Installing the front-end packages …"
	@npm ci --silent --no-audit --no-fund
	@touch $@

var/build/.made: node_modules/.made $(SCRIPTS)
	@npm run --silent build
	@touch $@

clean:
	rm -rf var/build node_modules .mypy_cache .ruff_cache .pytest_cache

remove:
	@scripts/postgres.sh remove
	@if [ -x $(PY) ]; then scripts/engine.sh && $(PY) scripts/teardown.py --everything && scripts/engine.sh stop && scripts/apparmor.sh remove; fi
	rm -rf var node_modules .venv .mypy_cache .ruff_cache .pytest_cache
