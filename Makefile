# Two commands do all the set-up on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test check lock clean
.PRECIOUS: $(VENV)-%/ready

define environment
$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, not " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
$(PYTHON) -m venv $(@D)
$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
touch $@
endef

$(VENV)/ready: requirements/dev.txt
	$(environment)

# One more for each tool whose dependencies exclude the others': .venv-sam, .venv-emulator.
$(VENV)-%/ready: requirements/%.txt
	$(environment)

demo: $(VENV)/ready
	$(RUN) -m local.demo

test: $(VENV)/ready $(VENV)-sam/ready $(VENV)-emulator/ready
	$(RUN) -m pytest -n 2

check: $(VENV)/ready $(VENV)-sam/ready
	$(VENV)/bin/ruff format --check lambda_fn local tests
	$(VENV)/bin/ruff check lambda_fn local tests
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m tests.check_events

LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

# Writes the pinned, hashed lock files anew (needs uv).
lock:
	$(LOCK) pyproject.toml --extra local --extra test --extra check -o requirements/dev.txt
	$(LOCK) requirements/lambda.in -c requirements/dev.txt -o requirements/lambda.txt
	$(LOCK) requirements/sam.in -o requirements/sam.txt
	$(LOCK) requirements/emulator.in -o requirements/emulator.txt

clean:
	rm -rf $(VENV) $(VENV)-* .mypy_cache .ruff_cache .pytest_cache .hypothesis build
