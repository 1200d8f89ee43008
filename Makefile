# Two commands do all the set-up on a fresh machine with Python 3.11: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := infra/requirements.lock
INSTALLED := $(VENV)/.installed
STORAGE_SERVER := $(BIN)/fake-gcs-server
PRISM := $(BIN)/prism
DEMO_OUT ?= demo-out
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

.PHONY: help install demo demo-gcs airflow browser storage-server prism cluster-tools sound-devices screenshots test lint bench nano lock clean

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

install: $(INSTALLED)  ## the locked versions in .venv

$(INSTALLED): $(LOCK) setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "make: Python 3.11 is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r $(LOCK)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
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

cluster-tools:  ## Redis and iproute2 for the test of several hosts, where they are missing
	@command -v redis-server > /dev/null && command -v ip > /dev/null || { [ "$$(id -u)" != 0 ] || { \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server iproute2 > /dev/null; }; }

sound-devices:  ## PortAudio, and PulseAudio for tests without a sound card, where they are missing
	@command -v pulseaudio > /dev/null && command -v parec > /dev/null && ldconfig -p | grep -q libportaudio.so.2 \
	|| { [ "$$(id -u)" != 0 ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
		libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils > /dev/null; }; }

$(STORAGE_SERVER): | $(INSTALLED)
	GOBIN=$(abspath $(BIN)) go install github.com/fsouza/fake-gcs-server@v1.56.1

$(PRISM): | $(INSTALLED)
	GOBIN=$(abspath $(BIN)) go install github.com/apache/beam/sdks/v2/go/cmd/prism@v2.77.0

test: install lint browser storage-server prism cluster-tools sound-devices  ## format, lint, types and tests
	$(BIN)/python -m pytest

screenshots: install browser  ## the pictures of the README's tour, taken anew
	$(BIN)/python -m tests.dags.screenshots
	$(BIN)/python -m tests.beam_jobs.browse.screenshots

lint: install  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: install  ## speed and memory, as ratios against named peers
	$(BIN)/python -m tests.benchmarks.decode_and_cut
	$(BIN)/python -m tests.benchmarks.segment_memory
	$(BIN)/python -m tests.benchmarks.second_run
	$(BIN)/python -m tests.benchmarks.standard_job
	$(BIN)/python -m tests.benchmarks.dag_parse
	$(BIN)/python -m tests.benchmarks.scaling
	$(BIN)/python -m tests.benchmarks.training_loop
	$(BIN)/python -m tests.benchmarks.embedding
	$(BIN)/python -m tests.benchmarks.generated_tables build/million
	$(BIN)/python -m tests.benchmarks.search --tables build/million --keep
	$(BIN)/python -m tests.benchmarks.search_engines build/million
	$(BIN)/python -m tests.benchmarks.archive_page build/million
	$(BIN)/python -m tests.benchmarks.sql_questions build/million
	$(BIN)/python -m tests.benchmarks.voice --random-weights

nano: install  ## make the embedded model anew: data, training, figures (some three hours)
	$(BIN)/python -m af3core.nano all

lock: install  ## resolve the newest versions that fit together
	$(BIN)/uv pip compile infra/requirements.in --python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-header --no-annotate -o $(LOCK)

clean:  ## all that the commands above made
	rm -rf $(VENV) $(DEMO_OUT) airflow-home build *.egg-info
