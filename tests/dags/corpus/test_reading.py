"""Corpus files: read strictly, every mistake with file, line, key and remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Corpus
from dags.corpus.reading import read_corpora, read_corpus, read_named

MINIMAL = "source: /media/radio\nout: /media/annotated\n"


def read(folder: Path, text: str, name: str = "radio.yaml", **environment: str) -> Corpus:
    path = folder / name
    path.write_text(text)
    return read_corpus(path, environment)


def test_a_corpus_needs_its_source_and_out_only(tmp_path: Path) -> None:
    corpus = read(tmp_path, MINIMAL)
    assert (corpus.name, corpus.source, corpus.out) == ("radio", "/media/radio", "/media/annotated")
    assert (corpus.schedule, corpus.pool, corpus.model.model) == ("0 0 * * *", "gpu", "nano")


def test_everything_can_be_set(tmp_path: Path) -> None:
    corpus = read(
        tmp_path,
        """\
source: /media/tapes
out: /media/annotated
description: Old tapes
owner: tapes
schedule: "30 1 * * *"
timezone: Europe/Berlin
date_from: path
date_pattern: "%d.%m.%Y"
any_suffix: true
follow_links: true
only: [transcript]
ask: {mood: "How does it sound?"}
shards: 4
pool: a100
model: {name: nvidia/audio-flamingo-3-hf, dtype: bfloat16, device: cuda, gpus: all}
cutting: {max_clip_s: 300}
limits: {max_gpu_hours: 8, gpu_price: 2.5, max_failed_share: 0.1, max_missing_share: 0.5}
settle_min: 3
derive: {jobs: [summarise, describe, align, speakers], aligner: facebook/wav2vec2-base,
  voice: espeak, speaker: en-us+f3, speed: 1.25, speakers_across: corpus}
runner: {parts: 4, cpu_options: {direct_num_workers: "2"}}
retries: {count: 5, delay_s: 30}
alerts: {late_after_h: 6, email: [ops@example.org], webhook: "http://chat/hook"}
""",
    )
    assert corpus.ask == {"mood": "How does it sound?"}
    assert corpus.limits.max_gpu_hours == 8.0
    assert corpus.model.gpus == "all"
    derive = corpus.derive
    assert derive.jobs == ("summarise", "describe", "align", "speakers")
    assert derive.aligner == "facebook/wav2vec2-base"
    assert (derive.across, derive.speaker_per_channel) == ("corpus", False)
    assert (derive.voice, derive.speaker, derive.speed) == ("espeak", "en-us+f3", 1.25)
    assert (corpus.runner.parts, corpus.runner.cpu_options) == (4, {"direct_num_workers": "2"})
    assert corpus.alerts.email == ("ops@example.org",)


def test_variables_of_the_environment_stand_for_their_values(tmp_path: Path) -> None:
    text = "source: ${ARCHIVES}/radio # ${not_read_here}\nout: /media/annotated\n"
    assert read(tmp_path, text, ARCHIVES="/mnt").source == "/mnt/radio"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a corpus needs at least the keys source and out; see dags/README.md"),
        ("source: /a\n", "1: key 'out' is missing"),
        (MINIMAL + "sorce: /b\n", "3: unknown key 'sorce'; known are source, out,"),
        (MINIMAL + "source: /b\n", "3: key 'source' stands twice"),
        (MINIMAL + "shards: two\n", "3: shards must be a whole number"),
        (MINIMAL + "date_from: name\n", "3: date_from must be one of auto, path, mtime"),
        (MINIMAL + "limits:\n  max_gpu_hour: 3\n", "4: limits: unknown key 'max_gpu_hour'"),
        (MINIMAL + "limits:\n  max_failed_share: 2\n", "3: limits: max_failed_share 2: a share"),
        (MINIMAL + "model: nano\n", "3: model needs keys below it"),
        (MINIMAL + "only: transcript\n", "3: only must be a list of texts"),
        (MINIMAL + 'schedule: "@hourly"\n', "schedule '@hourly': a run is one archive day; write"),
        (MINIMAL + "catchup: true\n", "1: catchup: true needs first_day, such as first_day:"),
        (MINIMAL + "first_day: 2026-11-01\n", "3: first_day must be a text; quote yes, no, dates"),
        (
            MINIMAL + 'first_day: "1.11.2026"\n',
            "1: first_day '1.11.2026' is none; write YYYY-MM-DD",
        ),
        (MINIMAL + "lookback_days: 0\n", "1: lookback_days 0: write 1 to 366; older days are"),
        (MINIMAL + "alerts: {late_after_h: 0}\n", "3: alerts: late_after_h 0.0: write hours above"),
        (
            MINIMAL + "schedule: null\nalerts: {late_after_h: 6}\n",
            "1: alerts: late_after_h needs a schedule: with schedule: null nothing runs by itself",
        ),
        (MINIMAL + "timezone: Mars\n", "1: timezone Mars: unknown; write a name such as"),
        (MINIMAL + "tasks: /none.yaml\n", "3: tasks: /none.yaml: cannot be read as a task file"),
        (
            MINIMAL + "runner: {kind: dataflow}\n",
            "kind dataflow and the key 'dataflow' go together",
        ),
        (MINIMAL + "runner: {parts: 0}\n", "3: runner: parts 0: annotate is split into 1 to 1000"),
        (MINIMAL + "runner:\n  parts: two\n", "4: runner: parts must be a whole number"),
        (
            MINIMAL + "derive:\n  jobs: [describe]\n  speed: 9\n",
            "3: derive: speed 9: take 0.25 to 4",
        ),
        (MINIMAL + "derive:\n  speed: fast\n", "4: derive: speed must be a number"),
        (MINIMAL + "derive: {voice: espeak}\n", "3: derive: voice is of the job describe; add"),
        (MINIMAL + "cutting: {max_clip_s: 9000}\n", "--max-clip-s must lie between"),
        ("source: ${NOWHERE}\nout: /b\n", "1: ${NOWHERE} is no environment variable of Airflow's"),
        ("source: [\n", "2: "),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/radio.yaml:")
    assert message in str(caught.value)


def test_the_files_name_is_the_corpus(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'Radio 1' names the corpus: lower-case letters"):
        read(tmp_path, MINIMAL, "Radio 1.yaml")


def test_a_wrong_file_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MINIMAL)
    (tmp_path / "b.yaml").write_text("source: 3\nout: /b\n")
    (tmp_path / "c.yaml").write_text(MINIMAL)
    read = read_corpora(tmp_path)
    assert [corpus.name for corpus in read.corpora] == ["a", "c"]
    assert read.errors == (
        f"{tmp_path}/b.yaml:1: source must be a text; quote yes, no, dates and numbers",
    )


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("source", "source: media/radio\nout: /media/annotated\n"),
        ("out", "source: /media/radio\nout: ./annotated\n"),
        ("out", "source: /media/radio\nout: s3://bucket/annotated\n"),
    ],
)
def test_folders_are_absolute(tmp_path: Path, key: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"radio.yaml:1: {key} '.*' is no absolute path"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "dag"), [("adhoc", "annotate_adhoc"), ("evaluations", "evaluate_model")]
)
def test_a_name_that_a_dag_of_ours_writes_below_is_reserved(
    tmp_path: Path, name: str, dag: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, MINIMAL, f"{name}.yml")
    assert str(caught.value) == (
        f"{tmp_path}/{name}.yml: the name {name!r} is reserved: the DAG {dag} writes below it;"
        " rename the file"
    )


def test_a_change_is_seen_however_fast_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "radio.yaml"
    path.write_text(MINIMAL)
    before = path.stat()
    assert read_corpora(tmp_path).corpora[0].shards == 1
    path.write_text(MINIMAL.replace("radio", "r4dio"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read_corpora(tmp_path).corpora[0].source == "/media/r4dio"


def test_a_task_file_that_changes_is_seen(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.txt"
    tasks.write_text("caption: {kind: caption, prompt: Describe the audio.}\n")
    (tmp_path / "radio.yaml").write_text(MINIMAL + f"tasks: {tasks}\n")
    assert read_corpora(tmp_path).errors == ()
    tasks.write_text("caption: {kind: song}\n")
    (error,) = read_corpora(tmp_path).errors
    assert error.startswith(f"{tmp_path}/radio.yaml:3: tasks: {tasks}:1: ")


def opened(folder: Path, dag_id: str | None) -> list[str]:
    """The corpus files that a reading in a fresh process opens."""
    code = f"""
import sys
import os
import subprocess
import sys
from pathlib import Path
from dags.corpus.reading import read_corpora
names = []
def opens(event, given):
    if event == "open" and str(given[0]).startswith({str(folder)!r}):
        names.append(Path(given[0]).name)
sys.addaudithook(opens)
read_corpora(Path({str(folder)!r}), {dag_id!r})
print(*names)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_tasks_process_opens_the_file_of_its_own_corpus_alone(tmp_path: Path) -> None:
    for name in ("films", "radio", "tapes"):
        (tmp_path / f"{name}.yaml").write_text(MINIMAL)
    assert opened(tmp_path, "annotate__radio") == ["radio.yaml"]
    assert opened(tmp_path, None) == ["films.yaml", "radio.yaml", "tapes.yaml"]


def test_a_corpus_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "radio.yml").write_text(MINIMAL)
    assert read_named("radio", tmp_path).source == "/media/radio"
    with pytest.raises(ConfigurationError, match="no file tapes"):
        read_named("tapes", tmp_path)
