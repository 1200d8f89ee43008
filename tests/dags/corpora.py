"""The corpora that the tests of a running Airflow work on, one for each tale."""

from __future__ import annotations

import json
import shutil

import yaml

from tests.chat_server import Server
from tests.dags.site import Site, day, long_recording, short_recording
from tests.media import spoken, write

LONG_S = 420.0
"""Audio of the corpora whose annotating is disturbed: long enough to be met in the middle."""

CLIPS = {"max_clip_s": 30}
NIGHTLY = "0 0 * * *"


def add_corpora(site: Site) -> None:
    """Write every corpus file and its recordings."""
    browsed = site.add_corpus("browsed", schedule=NIGHTLY)
    for number in range(1, 11):
        short_recording(browsed, number)
    disturbed = long_recording(site.archive("undisturbed"), 3, LONG_S)
    for name in ("scheduler_killed", "task_killed", "job_killed", "failed_by_hand"):
        folder = site.add_corpus(name, cutting=CLIPS) / day(3)
        folder.mkdir()
        shutil.copy(disturbed, folder)
    crossing = site.add_corpus("crossing", cutting=CLIPS, pool="two_gpus", schedule=NIGHTLY)
    for number in (1, 2):
        long_recording(crossing, number, 60.0)
    queueing = site.add_corpus("queueing", cutting=CLIPS, pool="one_gpu", schedule=NIGHTLY)
    for number in range(1, 5):
        long_recording(queueing, number, 30.0)
    for name, wrong in (("one_corrupt", 1), ("eight_corrupt", 8)):
        folder = site.add_corpus(name, alerts={"webhook": site.webhook.url})
        for number in range(1, 11):
            short_recording(folder, number, f"recording_{number}.wav")
            written = folder / day(number) / f"recording_{number}.wav"
            moved = folder / day(3) / written.name
            moved.parent.mkdir(exist_ok=True)
            written.rename(moved)
            if number <= wrong:
                moved.write_bytes(b"not a recording at all " * 100)
    derive = {"jobs": ["events", "summarise", "describe"], "speaker": "en-us+f3", "speed": 1.5}
    short_recording(site.add_corpus("in_process", derive=derive), 3)
    short_recording(site.add_corpus("by_dag_test"), 3)
    told = {"webhook": site.webhook.url}
    short_recording(site.add_corpus("over_budget", limits={"max_gpu_hours": 0}, alerts=told), 3)
    late = site.add_corpus("late", alerts={"late_after_h": 0.0001, "webhook": site.webhook.url})
    short_recording(late, 3)
    (site.folder / "corpora" / "broken.yaml").write_text("source: /archive\nouut: /tables\n")
    misconfigured = site.add_corpus("misconfigured", model={"name": "/no/such/checkpoint"})
    short_recording(misconfigured, 3)


def add_served_corpus(site: Site, model: Server) -> None:
    """A corpus whose model is asked with a key."""
    served = {
        "name": "af3",
        "engine": "openai",
        "endpoint": model.endpoint,
        "allow_unaccepted": True,
    }
    short_recording(site.add_corpus("served", model=served), 3)


def add_gate(site: Site) -> None:
    """The site's gate: three questions in MMAR's form that nano knows; corpora on both sides."""
    data = site.folder / "mmar"
    questions = []
    for number, word in enumerate(("storm", "river", "garden")):
        write(data / "audio" / f"{word}.wav", spoken(f"the {word} will be loud"))
        questions.append(
            {
                "id": f"q{number}",
                "audio_path": f"./audio/{word}.wav",
                "question": "Who is speaking?",
                "choices": ["a man", "a woman", "several speakers", "nobody"],
                "answer": "a man",
                "modality": "speech",
                "category": "Semantic Layer",
            }
        )
    (data / "MMAR-meta.jsonl").write_text("\n".join(map(json.dumps, questions)) + "\n")
    gate = {
        "out": str(site.folder / "evaluated"),
        "benchmarks": {"mmar": {"data": str(data)}, "nothing": {"limit": 2}},
        "retries": {"count": 1, "delay_s": 1},
    }
    site.gate_file.write_text(yaml.safe_dump(gate))
    short_recording(site.add_corpus("gated", model={"name": "nano"}), 3)
    other = {"name": str(site.checkpoint)}
    short_recording(site.add_corpus("gated_unaccepted", model=other), 3)
    passing_by = other | {"allow_unaccepted": True}
    short_recording(site.add_corpus("passing_by", model=passing_by), 3)
