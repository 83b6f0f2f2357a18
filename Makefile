# Two commands do all their own set-up on a machine with Python 3.11+ and make:  make demo   and   make test
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# -P: the working directory stays off sys.path, or `builders` would be importable as a second, different module.
RUN    := $(BIN)/python -P

.PHONY: install demo test check format bench stress wheel-test clean

install: $(VENV)/.base

$(VENV)/.base: pyproject.toml setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) --editable '.[bench]'
	@touch $@

demo: install
	$(BIN)/rhythm-maps demo

test: $(VENV)/.dev
	$(RUN) -m pytest -n 2 --dist worksteal tests

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench
	$(RUN) tests/bench/speed.py
	$(RUN) tests/bench/osu_parse.py
	$(RUN) tests/bench/memory.py
	$(RUN) tests/bench/beat_saber_parse.py
	$(RUN) tests/bench/audio_decode.py

stress: $(VENV)/.dev
	$(RUN) -m pytest -n 2 -m stress --timeout 3600 tests

wheel-test: $(VENV)/.dev
	$(RUN) tests/wheel/run.py

clean:
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
