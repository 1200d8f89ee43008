"""The corpora that the tests of a running Airflow work on, one for each tale."""

from __future__ import annotations

import datetime
import json
import shutil

import yaml

from tests.chat_server import Server
from tests.dags.site import Site, day, long_recording, short_recording
from tests.media import spoken, write

LONG_S = 150.0
"""Audio of the corpora whose annotating is disturbed: several clips."""

CLIPS = {"max_clip_s": 30}
NIGHTLY = "0 0 * * *"


def add_corpora(site: Site) -> None:
    """Write the corpora that load their model themselves, each job its own."""
    derive = {"jobs": ["events", "summarise", "describe"], "speaker": "en-us+f3", "speed": 1.5}
    short_recording(site.add_corpus("in_process", derive=derive), 3)
    told = {"webhook": site.webhook.url}
    short_recording(site.add_corpus("over_budget", limits={"max_gpu_hours": 0}, alerts=told), 3)
    (site.folder / "corpora" / "broken.yaml").write_text("source: /archive\nouut: /tables\n")
    misconfigured = site.add_corpus("misconfigured", model={"name": "/no/such/checkpoint"})
    short_recording(misconfigured, 3)


def served(model: Server) -> dict[str, object]:
    """The model of a corpus whose jobs ask a server: they begin in a quarter of the time."""
    return {
        "name": "af3",
        "engine": "openai",
        "endpoint": model.endpoint,
        "allow_unaccepted": True,
    }


def served_options(model: Server) -> list[str]:
    """The same for a night without Airflow."""
    return ["--model", "af3", "--engine", "openai", "--endpoint", model.endpoint]


def add_served_corpora(site: Site, model: Server) -> None:
    """Write the corpora whose tale is not of the engine."""
    keys = {"model": served(model)}
    short_recording(site.add_corpus("served", **keys), 3)
    browsed = site.add_corpus("browsed", schedule=NIGHTLY, **keys)
    for number in range(1, 11):
        short_recording(browsed, number)
    disturbed = long_recording(site.archive("undisturbed"), 3, LONG_S)
    for name, count in (("parts_killed", 1), ("job_killed", 3), ("failed_by_hand", 3)):
        retries = {"count": count, "delay_s": 1, "max_delay_s": 2}
        folder = site.add_corpus(name, cutting=CLIPS, retries=retries, **keys) / day(3)
        folder.mkdir()
        shutil.copy(disturbed, folder)
    keys["cutting"] = {**CLIPS}
    crossing = site.add_corpus("crossing", pool="two_gpus", schedule=NIGHTLY, **keys)
    for number in (1, 2):
        long_recording(crossing, number, 60.0)
    keys = {"model": served(model), "alerts": {"webhook": site.webhook.url}}
    for name, wrong in (("one_corrupt", 1), ("eight_corrupt", 8)):
        folder = site.add_corpus(name, **keys)
        for number in range(1, 11):
            short_recording(folder, number, f"recording_{number}.wav")
            written = folder / day(number) / f"recording_{number}.wav"
            moved = folder / day(3) / written.name
            moved.parent.mkdir(exist_ok=True)
            written.rename(moved)
            if number <= wrong:
                moved.write_bytes(b"not a recording at all " * 100)
    keys["model"] = served(model) | {"endpoint": "http://127.0.0.1:9/v1"}  # where nothing listens
    keys |= {"alerts": {"webhook": site.webhook.url}, "retries": {"count": 1, "delay_s": 1}}
    keys["limits"] = {"max_waiting_share": 1.0}
    short_recording(site.add_corpus("waiting", **keys), 3)


def add_years_corpora(site: Site, model: Server) -> None:
    """Write the corpora of many days: mostly empty ones, and those that need a decision."""
    keys = {"model": served(model), "schedule": NIGHTLY}
    years = site.add_corpus("years", max_active_runs=4, **keys)
    for number in (3, 4):
        short_recording(years, number)
    told = {"alerts": {"webhook": site.webhook.url}, "limits": {"max_gpu_hours": 0}}
    site.add_corpus("undecided", max_active_runs=4, **told, **keys)


def days_ago(number: int) -> str:
    """An archive day of the last week: the watch looks at no others."""
    today = datetime.datetime.now(datetime.UTC).date()
    return (today - datetime.timedelta(days=number)).isoformat()


def add_watched_corpus(site: Site, model: Server) -> None:
    """Write the corpus of `test_watch`: two past nights with recordings, last night without."""
    folder = site.add_corpus(
        "watched",
        model=served(model),
        schedule=NIGHTLY,
        first_day=days_ago(3),
        lookback_days=4,
        alerts={"late_after_h": 0.001, "webhook": site.webhook.url, "email": ["ops@example.org"]},
    )
    for number in (3, 2):
        write(folder / days_ago(number) / "news.wav", spoken(f"the storm of {number} nights ago"))


def add_seen_corpora(site: Site) -> None:
    """Write the corpus whose reports are followed from outside."""
    short_recording(site.add_corpus("seen"), 3)


def add_gate(site: Site) -> None:
    """The site's gate: three questions in MMAR's form that nano knows; corpora that heed it."""
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
