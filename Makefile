# make run: set up, do the main job on real data, serve the app.   make test: set up, run every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
HOME_FOLDER ?= .headwater
PORT ?= 8400

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: setup run test test-long check format bench openapi clean

setup: $(INSTALLED)

# Everything is pinned by constraints.txt; the browser app is built by the package's own build hook.
$(INSTALLED): pyproject.toml constraints.txt hatch_build.py web/package-lock.json
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "pip>=25.1,<27"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[demo,azure,postgresql,mysql,sqlserver,documents,onnx,environments,classification]" --group dev
	@touch $(INSTALLED)

run: setup
	$(BIN)/headwater demo --home $(HOME_FOLDER) --port $(PORT)

test: setup
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadgroup

test-long: setup
	$(BIN)/python -m pytest -m long

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python benchmarks/access.py
	$(BIN)/python benchmarks/demo.py
	$(BIN)/python benchmarks/language.py
	$(BIN)/python benchmarks/powerquery.py
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	$(BIN)/python benchmarks/dataflows.py
	$(BIN)/python benchmarks/catalog.py
	$(BIN)/python benchmarks/scoring.py

# The browser app's client is generated from this file; a test fails when it drifts.
openapi: setup
	$(BIN)/python -m headwater.server.openapi > web/openapi.json
	$(BIN)/python hatch_build.py run client

clean:
	rm -rf $(VENV) build dist
