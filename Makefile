# Every target makes what it needs first: a Python, a Java, the environment of requirements.txt.
# make night [NIGHT=2026-11-22] · test · check · bench · up · down · replay · rollback · extract · rights · why · review · backup · restore · retain · audit · rekey · lock

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup night test up down check bench replay rollback extract rights why review backup restore retain audit rekey lock clean
MAKEFLAGS += --no-print-directory

PYTHON_FOUND = $$(PYTHON=$(PYTHON) sh ops/find_python.sh)
RUN := .venv/bin/python
STAMP := .venv/veillee-lock.sha256
ARCHIVED := .venv/spark-classes.stamp

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# The stamp is younger than the lock when the environment is that of the lock; ops/setup.py compares contents.
$(STAMP): requirements.txt
	@python="$(PYTHON_FOUND)" && "$$python" -m ops.preflight --install && "$$python" ops/setup.py && touch $@

# Of the classes that a session loads as it is set up today.
$(ARCHIVED): $(STAMP) jobs/core/session.py ops/archive.py
	@JAVA_HOME="$$($(RUN) -m ops.java)" $(RUN) -m ops.archive && touch $@

setup: $(STAMP) $(ARCHIVED) ## environment, Java, preflight
	@$(RUN) -m ops.preflight --install

night: setup ## one night through real Airflow, to a release and a report [NIGHT=2026-11-22]
	@$(RUN) -m ops.night $(if $(NIGHT),--night $(NIGHT))

test: $(STAMP) $(ARCHIVED) ## the test suite
	@$(RUN) -m ops.preflight --install --browser
	@JAVA_HOME="$$($(RUN) -m ops.java)" $(RUN) -m pytest $(TESTS)

check: $(STAMP) ## lint, types, stale derived files
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@if [ -f ops/derived.py ]; then $(RUN) -m ops.derived --check; fi

bench: setup ## what is measured, against whom
	@JAVA_HOME="$$($(RUN) -m ops.java)" $(RUN) -m bench

up: setup ## Airflow's UI and scheduler in the background
	@$(RUN) -m ops.up

down: $(STAMP) ## end what `make up` started
	@$(RUN) -m ops.down

replay: setup ## take a delivery's quarantined records in again: DELIVERY=id [PRODUCER=id] [RULE=code]
	@$(RUN) -m jobs.replay --delivery $(or $(DELIVERY),$(error name the delivery: make replay DELIVERY=id)) $(if $(PRODUCER),--producer $(PRODUCER)) $(if $(RULE),--rule $(RULE))

rollback: setup ## list the kept releases, or make one current again: RELEASE=id
	@$(RUN) -m jobs.rollback $(if $(RELEASE),--release $(RELEASE))

extract: setup ## a research project's extract, judged before it is made: PROJECT=name [RELEASE=id]
	@$(RUN) -m jobs.extract --project $(or $(PROJECT),$(error name the project: make extract PROJECT=name)) $(if $(RELEASE),--release $(RELEASE))

rights: setup ## carry out signed-off requests of opposition and erasure: they lie in <root>/rights
	@$(RUN) -m jobs.rights $(if $(FOLDER),--folder $(FOLDER))

why: setup ## why a subject is its person: RECORD=source:producer:number or a subject [LANGUAGE=en]
	@$(RUN) -m jobs.why "$(or $(RECORD),$(error name the record: make why RECORD=source:producer:number))" $(if $(LANGUAGE),--language $(LANGUAGE))

review: setup ## a page of this machine alone, for a cleared steward to decide doubtful links
	@$(RUN) -m jobs.review page

backup: setup ## index, crosswalk, secrets and ledger into one encrypted file: TO=path
	@$(RUN) -m jobs.backup --to $(or $(TO),$(error name the file: make backup TO=path))

restore: setup ## the way back, into an empty root: FROM=path
	@$(RUN) -m jobs.backup.restore --from $(or $(FROM),$(error name the file: make restore FROM=path))

retain: setup ## remove what is past its time [NIGHT=2026-11-22] [DRY=1 only says what]
	@night="$(or $(NIGHT),$$($(RUN) -m ops.nights))" && $(RUN) -m jobs.retain --night "$$night" $(if $(DRY),--dry-run)

rekey: setup ## rotate the centre's key: all kept releases, with proof; goes on where it stopped
	@$(RUN) -m jobs.rekey

audit: $(STAMP) ## check the audit: a changed, removed, moved or cut line is named
	@$(RUN) -m jobs.audit --check

lock: $(STAMP) ## requirements.in into the hashed requirements.txt (needs uv)
	@sh ops/lock.sh

clean: ## remove caches; data, environment and Airflow's database stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
