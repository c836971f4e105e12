# Zhika 制卡. Everything it needs is set up by the targets themselves; versions and hashes are pinned in requirements/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test lint bench clean

demo: $(VENV)/zhika.stamp  ## a city on one machine: four seats, two banks, from register files to cards in hand
	$(BIN)/zhika demo $(ARGS)

test: $(VENV)/dev.stamp  ## all tests; parts of the system they need are installed where that is possible
	scripts/system-parts.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: $(VENV)/dev.stamp  ## formatting, types, and the law of the lanes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp  ## speed and memory, as tables of ratios measured in one run
	over=0; for script in bench/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || over=1; done; exit $$over

$(VENV)/zhika.stamp: requirements/zhika.lock pyproject.toml
	scripts/environment.sh $(PYTHON) $(VENV) requirements/zhika.lock
	touch $@

$(VENV)/dev.stamp: requirements/dev.lock pyproject.toml
	scripts/environment.sh $(PYTHON) $(VENV) requirements/dev.lock
	touch $@ $(VENV)/zhika.stamp

clean:
	rm -rf $(VENV) build demo
