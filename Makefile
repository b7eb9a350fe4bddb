# Every target sets up what it needs; the only prerequisites are git, make and python3 >= 3.11.
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: site package test-packages deb sbom release first-text run test test-again test-long check fuzz stories bad-input attack scenarios bench engines pictures reference soak lock clean
run: .venv/run.stamp
	@$(BIN)/simpost demo --port $(PORT) $(if $(HANDSETS_PORT),--handsets-port $(HANDSETS_PORT)) $(if $(SMSC_PORT),--smsc-port $(SMSC_PORT)) $(if $(DATA),--data $(DATA)) $(if $(filter no,$(TOUR)),--no-tour)

# Compiled files are kept even where the environment says otherwise: every worker and process reads them.
test test-again test-long check: export PYTHONDONTWRITEBYTECODE =

test: .venv/dev.stamp
	@$(BIN)/python -m compileall -q src bench
	$(BIN)/python -m pytest -n auto --dist worksteal

# The tests that failed in the last run, one at a time: nothing else takes the machine from them.
test-again: .venv/dev.stamp
	@$(BIN)/python -c 'import json, sys; failed = json.load(open(".pytest_cache/v/cache/lastfailed")); \
		print("Failed beside the others, now alone:", *sorted(failed), sep="\n  "); \
		len(failed) <= 5 or sys.exit("More than 5 tests failed: that is no accident.")'
	$(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none

test-long: .venv/dev.stamp
	$(BIN)/python -m pytest -n auto --dist worksteal -m hypothesis --hypothesis-profile=long tests/unit tests/contract

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python requirements/audit.py
	$(BIN)/python -m pytest -n auto tests/unit tests/surface

fuzz: .venv/dev.stamp
	@$(BIN)/python -W error -m tests.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(CASE),--case $(CASE))

bench: .venv/dev.stamp
	@$(BIN)/python -m bench $(ROWS)

stories: .venv/dev.stamp
	@SIMPOST_STORY=$(or $(SEED),1) SIMPOST_STORIES=$(or $(COUNT),1000) $(BIN)/python -m pytest -n auto tests/integration/test_whatever_happens.py

bad-input: .venv/dev.stamp
	@SIMPOST_EXAMPLES=$(or $(EXAMPLES),200) SIMPOST_HOSTILE=$(or $(COUNT),100000) SIMPOST_HOSTILE_SEED=$(or $(SEED),1) \
		$(BIN)/python -m pytest -n 2 tests/scenarios/test_openapi_live.py tests/scenarios/test_hostile_requests.py

attack: .venv/dev.stamp
	@ATTACK=long $(BIN)/python -m pytest -s -rs --session-timeout=290 -p no:randomly -m attack tests/scenarios tests/integration/http

scenarios: .venv/dev.stamp
	@SCENARIOS=long $(BIN)/python -m pytest -s -p no:randomly $(or $(TESTS),tests/scenarios/test_fault_*.py tests/scenarios/test_nodes_killed.py tests/scenarios/test_nodes_events.py)

# The generated pages of the documentation.
reference: .venv/dev.stamp
	@$(BIN)/python -m simpost.config.reference docs/configuration.md
	@$(BIN)/python -m simpost.cli.reference docs/cli.md
	@$(BIN)/python -m tests.event_reference
	@$(BIN)/python -m tests.reference_tables

# The pages in Firefox and WebKit, the engine of Safari. Root on Debian; elsewhere install the programs first.
engines: export ENGINES = 1
engines: .venv/dev.stamp
	@for each in firefox-esr WebKitWebDriver Xvfb; do command -v $$each >/dev/null || missing=1; done; \
		[ -z "$$missing" ] || { apt-get update -qq && \
		apt-get install -qq -y --no-install-recommends firefox-esr webkit2gtk-driver xvfb >/dev/null; }
	$(BIN)/python -m pytest -n $(or $(JOBS),2) $(if $(ONLY),-k "$(ONLY)") tests/engines

# The pictures of the README, from the demo. Needs Chromium.
pictures: .venv/dev.stamp
	@$(BIN)/python -m tests.browser.pictures

soak: .venv/dev.stamp
	@$(BIN)/python -m bench.soak $(if $(MESSAGES),--messages $(MESSAGES))

.venv/run.stamp: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("simpost needs python3 >= 3.11, this is " + sys.version.split()[0])'
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv || { echo "python3 has no venv module: on Debian, apt install python3-venv"; exit 1; }
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# The documentation in site/, complete in itself: open site/index.html, with or without a server.
site: .venv/site.stamp
	@rm -rf site
	@.venv/site/bin/sphinx-build -W --keep-going -q -E -c docs/site -d .cache/site.doctrees . site
	@echo "site/index.html"

.venv/site.stamp: requirements/site.txt
	@$(PYTHON) -m venv .venv/site
	@.venv/site/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/site.txt
	@touch $@

# The time of the last commit: the same sources give the same octets.
package: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
package: .venv/run.stamp
	@rm -f dist/simpost-*.whl dist/simpost-*.tar.gz
	@$(BIN)/python -m hatchling build -d dist
	@ls -l dist

# All tests of packages, also those that cost too much for every change.
test-packages: .venv/dev.stamp
	@PACKAGES=long $(BIN)/python -m pytest -n auto tests/packaging

deb: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
deb: package
	@$(BIN)/python packaging/deb.py dist/simpost-*.whl dist

.venv/packaging.stamp: .venv/run.stamp packaging/requirements.txt
	@$(PYTHON) -m venv .venv/packaging
	@.venv/packaging/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r packaging/requirements.txt
	@touch $@

# What is delivered: the locked dependencies and the wheel, with their licenses.
sbom: package .venv/packaging.stamp
	@$(PYTHON) -m venv --clear .venv/deployed
	@.venv/deployed/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/deploy.txt
	@.venv/deployed/bin/python -m pip --disable-pip-version-check install --quiet --no-deps dist/simpost-*.whl
	@.venv/deployed/bin/python -m pip --disable-pip-version-check uninstall --quiet --yes setuptools pip
	@.venv/packaging/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
		--mc-type application --output-file dist/simpost.cdx.json .venv/deployed/bin/python

release: .venv/run.stamp
	@$(BIN)/python packaging/release.py --check
	@rm -rf dist
	@$(MAKE) --no-print-directory sbom
	@$(BIN)/python packaging/release.py

first-text:
	@$(PYTHON) packaging/first_text.py

lock:
	$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install -q uv==0.13.9
	.venv/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build -o requirements/run.txt
	.venv/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --group dev -c requirements/run.txt -o requirements/dev.txt
	.venv/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -c requirements/run.txt -o requirements/deploy.txt
	.venv/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build -c requirements/run.txt -o requirements/build.txt
	.venv/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group site -o requirements/site.txt

clean:
	rm -rf .venv
