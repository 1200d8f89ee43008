# Two commands do all the set-up on a fresh machine with a Python that setup.py allows: `make demo`,
# `make test`. PYTHON names the interpreter; unset, infra/interpreter.sh finds one.
VENV := .venv
BIN := $(VENV)/bin
LOCK := infra/requirements.lock
INSTALLED := $(VENV)/.installed
STORAGE_SERVER := $(BIN)/fake-gcs-server
PRISM := $(BIN)/prism
STATSD_EXPORTER := $(BIN)/statsd_exporter
FAKETIME := build/faketime
DEMO_OUT ?= demo-out
# of pytest-xdist: one more than cores, as tests wait for servers
WORKERS ?= $(shell expr $$(nproc) + 1)
# with torch for CUDA: not that of .venv, whose lock is of every machine
PYTHON_OF_GPU ?= python3
FIGURES ?= --quick --peer
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

# what one process has compiled, the next need not
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo demo-gcs airflow browser storage-server prism faketime cluster-tools monitoring-tools sound-devices screenshots test test-fast test-long test-installs all-tests lint format types docs bench gpu-figures nano lock upgrade clean

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

install: $(INSTALLED)  ## the locked versions in .venv

# uv by the lock too: its lines alone, for pip
$(INSTALLED): $(LOCK) setup.py
	python=$$(infra/interpreter.sh $(PYTHON)) && $$python -m venv $(VENV)
	sed -n '/^uv==/,/[^\\]$$/p' $(LOCK) | $(BIN)/python -m pip install --quiet --require-hashes --requirement /dev/stdin
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement $(LOCK)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: install  ## a night over the demo archive, on the CPU, offline
	$(BIN)/af3 annotate af3core/nano/demo_archive --out $(DEMO_OUT) --corpus demo
	$(BIN)/python -m af3core.nano.demo_score $(DEMO_OUT)
	$(BIN)/af3 query --out $(DEMO_OUT) "SELECT start_ms // 1000 AS second, text FROM transcripts WHERE text <> '' ORDER BY recording_id, start_ms LIMIT 5"

demo-gcs: install storage-server  ## the same night with archive and results in buckets, offline
	@$(BIN)/python -m infra.demo_gcs

airflow: install  ## Airflow on this machine: PostgreSQL, two demo corpora, Ctrl-C stops all
	@$(BIN)/python -m infra.local_airflow

browser: install  ## Chromium for the tests of the UI, where there is none
	@for name in $(BROWSERS); do command -v $$name > /dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; \
	else $(BIN)/playwright install chromium; fi

storage-server: $(STORAGE_SERVER)  ## a server that speaks Cloud Storage's protocol (needs Go)

prism: $(PRISM)  ## Beam's portable runner in Go (needs Go)

faketime: $(FAKETIME)  ## a clock that jumps, for tests (needs a C compiler)

cluster-tools:  ## Redis and iproute2 for the test of several hosts, where they are missing
	@command -v redis-server > /dev/null && command -v ip > /dev/null || { [ "$$(id -u)" != 0 ] || { \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server iproute2 > /dev/null; }; }

monitoring-tools: $(STATSD_EXPORTER)  ## Prometheus for the tests of metrics, where it is missing, and statsd_exporter (needs Go)
	@command -v prometheus > /dev/null && command -v promtool > /dev/null || { [ "$$(id -u)" != 0 ] || { \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus > /dev/null; }; }

sound-devices:  ## PortAudio, and PulseAudio for tests without a sound card, where they are missing
	@command -v pulseaudio > /dev/null && command -v parec > /dev/null && ldconfig -p | grep -q libportaudio.so.2 \
	|| { [ "$$(id -u)" != 0 ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
		libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils > /dev/null; }; }

$(STORAGE_SERVER): | $(INSTALLED)
	GOBIN=$(abspath $(BIN)) go install github.com/fsouza/fake-gcs-server@v1.56.1

$(PRISM): | $(INSTALLED)
	GOBIN=$(abspath $(BIN)) go install github.com/apache/beam/sdks/v2/go/cmd/prism@v2.77.0

$(STATSD_EXPORTER): | $(INSTALLED)
	GOBIN=$(abspath $(BIN)) go install github.com/prometheus/statsd_exporter@v0.31.0

# stateless: a killed process leaves no lock that others wait for
$(FAKETIME): infra/faketime-requirements.txt | $(INSTALLED)
	@rm -rf $@
	@CPPFLAGS=-DFAKE_STATELESS $(BIN)/uv pip install --quiet --python $(BIN)/python --target $@ --no-deps \
		--no-cache --no-build-isolation --no-binary libfaketime --require-hashes --requirement $< \
		&& touch $@ \
		|| { rm -rf $@; echo "make: without libfaketime; the tests of jumping clocks are skipped" >&2; }

SERVERS := browser storage-server prism faketime cluster-tools monitoring-tools sound-devices

# types beside the tests, which leave cores idle while they wait
test: install format $(SERVERS)  ## format, lint, types and all tests but the long forms
	@$(MAKE) --no-print-directory --jobs=2 types all-tests

all-tests: install
	$(BIN)/python -m pytest -n $(WORKERS)

test-fast: install  ## the tests that need no server
	$(BIN)/python -m pytest -n $(WORKERS) -m "not server and not long"

test-long: install $(SERVERS)  ## the exhaustive forms of tests
	$(BIN)/python -m pytest -n $(WORKERS) -m long

test-installs: install  ## the pages' commands, each with the extras that it names and no others
	$(BIN)/python -m pytest -m long tests/installs

screenshots: install browser  ## the pictures of the pages, taken anew
	$(BIN)/python -m tests.dags.screenshots
	$(BIN)/python -m tests.beam_jobs.browse.screenshots

lint: format types  ## format, lint and types

format: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

docs: install  ## the pages as a site with search, in build/site; a warning is an error
	$(BIN)/sphinx-build --builder html --fail-on-warning --keep-going --fresh-env --quiet --conf-dir docs . build/site

gpu-figures:  ## the figures of a GPU, with the packages of its image (FIGURES=--quick or --peer alone)
	$(PYTHON_OF_GPU) -m tests.benchmarks.gpu_figures $(FIGURES)

bench: install  ## speed and memory, as ratios against named peers
	$(BIN)/python -m tests.benchmarks.decode_and_cut
	$(BIN)/python -m tests.benchmarks.segment_memory
	$(BIN)/python -m tests.benchmarks.second_run
	$(BIN)/python -m tests.benchmarks.standard_job
	$(BIN)/python -m tests.benchmarks.host_time
	$(BIN)/python -m tests.benchmarks.published_texts
	$(BIN)/python -m tests.benchmarks.parity
	$(BIN)/python -m tests.benchmarks.dag_parse
	$(BIN)/python -m tests.benchmarks.backfill_year
	$(BIN)/python -m tests.benchmarks.scaling
	$(BIN)/python -m tests.benchmarks.pipelined_annotate
	$(BIN)/python -m tests.benchmarks.training_loop
	$(BIN)/python -m tests.benchmarks.embedding
	$(BIN)/python -m tests.benchmarks.cold_commands
	$(BIN)/python -m tests.benchmarks.generated_tables build/million
	$(BIN)/python -m tests.benchmarks.search --tables build/million --keep
	$(BIN)/python -m tests.benchmarks.search_engines build/million
	$(BIN)/python -m tests.benchmarks.archive_page build/million
	$(BIN)/python -m tests.benchmarks.sql_questions build/million
	$(BIN)/python -m tests.benchmarks.corrected_rows build/million
	$(BIN)/python -m tests.benchmarks.voice --random-weights

nano: install  ## make the embedded model anew: data, training, figures (some three hours)
	$(BIN)/python -m af3core.nano all

# every Python that setup.py allows, one version of a package wherever one fits them all
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate

lock: install  ## resolve infra/*requirements.in; what is locked keeps its version
	$(COMPILE) $(UPGRADE) infra/requirements.in --output-file $(LOCK)
	$(COMPILE) $(UPGRADE) infra/lint-requirements.in --output-file infra/lint-requirements.lock

upgrade:  ## the same, with the newest versions that fit together
	@$(MAKE) lock UPGRADE=--upgrade

clean:  ## all that the commands above made
	rm -rf $(VENV) $(DEMO_OUT) airflow-home build *.egg-info
