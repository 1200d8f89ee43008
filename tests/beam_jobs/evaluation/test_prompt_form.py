"""`--prompt-form`: one benchmark in both forms, compared in pairs; a night in the authors' form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Sound, Waveform, ask
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.evaluation.evaluations_table import evaluated_rows
from tests.af3core.evaluation import published
from tests.af3core.model.asking import answers_of
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.beam_jobs.small_night import make_archive, night, rows, settings_of

PRINTED = "evaluate mmau-test-mini --model nvidia/audio-flamingo-next-hf"
SETTINGS = """\
[common]
out = "evaluated"

[evaluate]
data = "MMAU"
"""


def stereo(path: Path) -> None:
    """Its first channel is quiet, the second a loud tone; their mean has no half steps."""
    times = np.arange(24_000) / 16_000
    first = 0.1 * np.sin(2 * np.pi * 200 * times) * (1 + np.sin(2 * np.pi * 3 * times))
    second = 0.8 * np.sin(2 * np.pi * 3000 * times)
    steps = 2 * (np.stack([first, second], axis=1) * 16_000).astype(np.int16)
    soundfile.write(path, steps, 16_000, subtype="PCM_16")


def loud(samples: Waveform) -> Waveform:
    """At full scale, in steps of 16 bits, as the authors' loader leaves it."""
    steps = (samples / np.abs(samples).max() * 32767).astype(np.int16)
    return (steps / np.float32(32767)).astype(np.float32)


def heard(path: Path, is_authors: bool) -> Sound:
    samples, _ = soundfile.read(path, dtype="float32")
    return Sound(loud(samples[:, 0]) if is_authors else samples.mean(axis=1))


def test_the_evaluation_of_audio_flamingo_next_as_it_is_printed(
    shared: Path,
    untrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Weights of AF-Next's form lie where its hub id leads, beside data of the benchmark's form.
    What is sent is made by hand here: newline, peak, first channel.
    """
    checkpoint = checkpoint_of(Form("next-evaluated", seed=12), shared, untrained)
    (tmp_path / "nvidia").mkdir()
    (tmp_path / "nvidia/audio-flamingo-next-hf").symlink_to(checkpoint)
    published.write_mmau_test_mini(tmp_path / "MMAU")
    for file in (tmp_path / "MMAU/test-mini-audios").iterdir():
        stereo(file)
    (tmp_path / "af3.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    assert main(PRINTED.split()) == 0
    assert main([*PRINTED.split(), "--prompt-form", "authors"]) == 0

    found = list(evaluated_rows(open_store(str(tmp_path / "evaluated")), "mmau-test-mini"))
    by_form: dict[str, list[Any]] = {"af3": [], "af3+authors": []}
    for row in found:
        by_form[row["engine"]].append(row)
    assert [len(rows) for rows in by_form.values()] == [2, 2]
    engine = Af3Engine.load(find_checkpoint(str(checkpoint)))
    for label, is_authors in (("af3", False), ("af3+authors", True)):
        for row in by_form[label]:
            sound = heard(tmp_path / "MMAU" / row["sounds"][0], is_authors)
            prompt = ("\n" if is_authors else "") + row["prompt"]
            [answer] = answers_of(engine, [ask(sound, prompt, 128)])
            assert row["prediction"] == answer.text.strip()
            assert row["mean_logprob"] == pytest.approx(answer.mean_logprob, abs=1e-4)
            assert row["error"] == ""
    logprobs = [[row["mean_logprob"] for row in rows] for rows in by_form.values()]
    assert logprobs[0] != pytest.approx(logprobs[1], abs=1e-3), "the forms are two questions"
    assert "newlines around sounds, peaks at full scale" in by_form["af3+authors"][0]["settings"]
    assert "sent as" not in by_form["af3"][0]["settings"]

    capsys.readouterr()
    assert main(["evaluate", "compare"]) == 0
    name = f"audio-flamingo-next-hf @ {found[0]['weights_revision']}"
    pair = f"| mmau-test-mini | {name}, af3, published | {name}, af3+authors, published | 2 |"
    assert pair in capsys.readouterr().out


def test_a_night_in_the_authors_form_is_other_answers(untrained: Path, tmp_path: Path) -> None:
    """Every row's engine says so; the plan records it, and the jobs behind it read it there."""
    archive, out = make_archive(tmp_path / "archive"), tmp_path / "out"
    night(archive, out, untrained)
    before = rows(out, "captions")
    [plan] = (out / "manifests/configurations").iterdir()
    assert "prompt_form" not in json.loads(plan.read_text())["options"], "its identity is as before"
    night(archive, out, untrained, "--prompt-form", "authors")
    after = rows(out, "captions")
    assert {row["engine"] for row in before} == {"af3"}
    assert {row["engine"] for row in after} == {"af3+authors"}
    assert len(after) == len(before) >= 4
    assert not {row["task_hash"] for row in before} & {row["task_hash"] for row in after}
    assert settings_of(archive, out, untrained, job="annotate").engine.prompt_form == "authors"
