# Kith in one-line targets; `make` alone lists them.
PYTHON ?= python3
KITH_HOME ?= .kith
export MLFLOW_DISABLE_TELEMETRY = true
.PHONY: help setup demo test test-slow lint format jars-s3 jars-broker airflow mlflow graph lock clean
.DEFAULT_GOAL := help

help: ## list what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: ## Python environment, Java check, jars; quick when nothing changed
	@$(PYTHON) -m infra.setup

demo: setup ## the whole chain on a simulated brand: terminal summary and HTML report
	@.venv/bin/kith demo

test: setup ## the tests, without the slow tier
	@.venv/bin/pytest -q -m "not slow"

test-slow: setup ## the slow tier: Airflow for real, kills, scale
	@bash infra/airflow/environment.sh && KITH_AIRFLOW_TESTS=required .venv/bin/pytest -q -m slow

lint: setup ## what CI checks: ruff, mypy, import-linter
	@.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy && .venv/bin/lint-imports

format: setup ## let ruff format the code and sort its imports
	@.venv/bin/ruff check --select I --fix --quiet && .venv/bin/ruff format

jars-s3: setup ## the jars for object stores, into .jars/s3
	@$(PYTHON) -m infra.setup s3

jars-broker: setup ## the jars of a Kafka broker, into .jars/broker, for the tests that need one
	@$(PYTHON) -m infra.setup broker

airflow: setup ## Airflow with scheduler and web page on loopback, in an environment of its own
	@infra/airflow/start.sh

mlflow: setup ## MLflow's pages over the local store, on http://127.0.0.1:5000
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false .venv/bin/mlflow server --backend-store-uri sqlite:///$(KITH_HOME)/mlflow.db --host 127.0.0.1 --port 5000 --workers 1

graph: setup ## write the manifest that Airflow reads
	@.venv/bin/kith graph --write

lock: setup ## renew every lock file (maintainers)
	@.venv/bin/python -m infra.setup.lock

clean: ## remove the local lake (.kith) and the caches; environments and jars stay
	@rm -rf .kith .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
