# Two commands do all the set-up on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test check lock clean

$(VENV)/ready: requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, not " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

demo: $(VENV)/ready
	$(RUN) -m local.demo

test: $(VENV)/ready
	$(RUN) -m pytest -n 2

check: $(VENV)/ready
	$(VENV)/bin/ruff format --check lambda_fn local tests
	$(VENV)/bin/ruff check lambda_fn local tests
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m tests.check_events

# Writes the pinned, hashed lock files anew (needs uv).
lock:
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --extra local --extra test --extra check -o requirements/dev.txt
	uv pip compile -q requirements/lambda.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -c requirements/dev.txt -o requirements/lambda.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build
