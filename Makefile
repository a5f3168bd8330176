# Everything from a fresh clone, with Python 3.11 to 3.13 and make alone.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PORT ?= 8000
WORKERS ?= 1
# As many as cores, from 2 to 4
TEST_PROCESSES ?= $(shell $(PYTHON) -c "import os; print(min(max(os.cpu_count() or 2, 2), 4))")
unexport PYTHONDONTWRITEBYTECODE # else each of many processes compiles all modules anew

.PHONY: demo run test lint types check alone coverage docs bench clean

# The main job, end to end: a scanned sample through the real API, its result printed
demo: $(VENV)/run.stamp
	$(BIN)/python -m demo

# The site with workers; prints address, login and key
run: $(VENV)/run.stamp
	$(BIN)/python -m ocrsite.run --port $(PORT) --workers $(WORKERS)

# What CI runs: first beside each other what takes one core and much waiting, then what takes all
test: $(VENV)/all.stamp
	$(MAKE) --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) types lint check alone
	$(BIN)/python -m pytest -q -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --max-worker-restart=0 -m "not alone" $(PYTEST)

# Tests that would end the others' process if they went wrong
alone: $(VENV)/all.stamp
	$(BIN)/python -m pytest -q -m alone $(PYTEST)

lint: $(VENV)/all.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/all.stamp
	$(BIN)/mypy .

check: $(VENV)/all.stamp
	SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(50))") \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

# What `make test PYTEST="--cov --cov-append --cov-report="` has covered
coverage: $(VENV)/all.stamp
	$(BIN)/coverage report --format=markdown
	$(BIN)/coverage xml -o build/coverage.xml

# The documentation as a site, in build/docs; a broken link or a page in no list fails
docs: $(VENV)/docs.stamp
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env --conf-dir docs . build/docs

# Every page elsewhere that the documentation links is asked for: needs the network, no part of CI's tests
.PHONY: links
links: $(VENV)/docs.stamp
	$(BIN)/python -m sphinx --builder linkcheck --quiet --fresh-env --conf-dir docs . build/links

# The tables of docs/benchmarks.md; receipts with DATA=folder, drawn pages without
bench: $(VENV)/all.stamp
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.limits
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.storm
	$(BIN)/python -m benchmarks.hung_redis
	$(BIN)/python -m benchmarks.webhooks
	$(BIN)/python -m benchmarks.batches
	$(BIN)/python -m benchmarks.listeners
	$(BIN)/python -m benchmarks.reading $(if $(DATA),--data $(DATA))
	$(BIN)/python -m benchmarks.born_digital
	$(BIN)/python -m benchmarks.tables
	$(BIN)/python -m benchmarks.layout
	$(BIN)/python -m benchmarks.field_documents

# A rolling upgrade under load, from a commit or tag: make upgrade OLD=v1.0
.PHONY: upgrade
upgrade: $(VENV)/all.stamp
	$(BIN)/python -m benchmarks.rolling_upgrade --old $(OLD)

# Load on a running site: KEY=ocrs_... make load HOST=https://ocr.example.com USERS=20 SECONDS=60
USERS ?= 10
SECONDS ?= 60
.PHONY: load
load: build/load/bin/locust $(VENV)/all.stamp
	$(BIN)/python -m benchmarks.under_load --write build/load/documents
	@LOAD_KEY="$$KEY" LOAD_DOCUMENTS=build/load/documents build/load/bin/locust -f benchmarks/locustfile.py \
	  --headless --only-summary -u $(USERS) -r $(USERS) -t $(SECONDS)s --stop-timeout 60 --host $(HOST)

# Locust in an environment of its own
build/load/bin/locust: requirements/load.txt
	$(PYTHON) -m venv build/load
	build/load/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/load.txt
	touch $@

# Every page at three widths, light and dark, into build/screenshots
.PHONY: screenshots translations
screenshots: $(VENV)/all.stamp
	$(BIN)/python -m pytest -q tests/pages/test_everywhere.py -k pictures --pictures=build/screenshots

# What the pages say, gathered for translators and compiled
translations: $(VENV)/all.stamp
	SECRET_KEY=none $(BIN)/python manage.py translations

# Known vulnerabilities of what is pinned; asks PyPI, so it needs the network and is no part of CI
.PHONY: audit
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	build/audit/bin/pip-audit --strict --no-deps --disable-pip -r requirements/constraints.txt -r requirements/cuda.txt

clean:
	rm -rf var build

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/web.txt requirements/cpu.txt requirements/embedded.txt requirements/constraints.txt | $(BIN)/python
	$(PIP) -r requirements/web.txt -r requirements/cpu.txt -r requirements/embedded.txt
	touch $@

$(VENV)/all.stamp: requirements.txt requirements/gpu.txt requirements/cuda.txt requirements/remote.txt requirements/dev.txt $(VENV)/run.stamp
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/docs.stamp: requirements/docs.txt $(VENV)/run.stamp
	$(PIP) -r requirements/docs.txt
	touch $@
