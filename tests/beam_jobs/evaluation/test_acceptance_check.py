"""What the gate says on the command line, and nights that ask for an accepted model."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store, store_at
from beam_jobs.cli import main
from beam_jobs.evaluation.acceptance_check import NotAccepted
from beam_jobs.evaluation.acceptance_rules import NotAcceptable
from beam_jobs.night import whole_night
from schemas.layout import ACCEPTED_KEY
from tests.beam_jobs.evaluated import DAY, MMAR, configuration, evaluated, passes, right
from tests.beam_jobs.small_night import make_archive, rows, settings_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A checkpoint."""
    return configuration(tmp_path / "old")


def test_what_is_no_list_of_accepted_models_is_left_alone(tmp_path: Path, model: Path) -> None:
    out = str(tmp_path / "evaluated")
    evaluated(out, model, MMAR, right(7))
    for data in (b"{", b'{"models": [{}]}', b'{"models": [], "version": 2}', b"[]"):
        open_store(out).write(ACCEPTED_KEY, data)
        with pytest.raises(ConfigurationError, match=r"accepted\.json: cannot be read \("):
            passes(out, model)
        assert store_at(out).read(ACCEPTED_KEY) == data


def test_accepting_a_model_keeps_what_a_later_release_wrote(tmp_path: Path, model: Path) -> None:
    out = str(tmp_path / "evaluated")
    evaluated(out, model, MMAR, right(7))
    passes(out, model)
    path = tmp_path / "evaluated" / ACCEPTED_KEY
    value = json.loads(path.read_text())
    assert value["schema_version"] == 2
    value["models"][0]["licence"] = "MIT"
    path.write_text(json.dumps(value | {"policy": "strict"}))
    other = configuration(tmp_path / "new")
    evaluated(out, other, MMAR, right(8))
    passes(out, other)
    kept = json.loads(path.read_text())
    assert (kept["policy"], kept["models"][0]) == ("strict", value["models"][0])
    assert [model["identity"]["model"] for model in kept["models"]] == ["old", "new"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--benchmarks is missing: name those that the model must pass, by commas"),
        (["--benchmarks", "mmaar"], "benchmark 'mmaar': unknown; known are "),
        (["--benchmarks", MMAR, "--max-drop", "-1"], "--max-drop -1: must be 0 or more"),
        (["--benchmarks", MMAR, "--max-drop", "nan"], "--max-drop nan: must be 0 or more"),
    ],
)
def test_a_wrong_option_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["accept", "--out", str(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def test_accepted_models_that_are_nowhere_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    archive.mkdir()
    assert main(["plan", str(archive), "--out", str(out), "--accepted-in", "s3://x"]) == 2
    assert "s3://x: give a folder, or gs://BUCKET/PREFIX" in capsys.readouterr().err
    assert not out.exists()


def test_a_model_that_fails_ends_the_command_with_one(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "evaluated")
    command = ["accept", "--out", out, "--model", str(model), "--benchmarks", MMAR]
    assert main([*command, "--run-id", "r1"]) == 1
    assert "is not accepted: mmar is missing, run af3 evaluate mmar" in capsys.readouterr().err
    report = json.loads(
        (tmp_path / "evaluated/reports/corpus=default/run=r1/accept.json").read_text()
    )
    assert (report["error_class"], report["permanent"]) == ("NotAcceptable", True)


def test_a_night_refuses_what_is_not_accepted_where_it_is_asked_for(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, gate = tmp_path / "night", str(tmp_path / "evaluated")
    archive = make_archive(tmp_path / "archive")
    settings = settings_of(archive, out, untrained, "--accepted-in", gate)
    name = f"{untrained.name} ({settings.checkpoint.revision[:12]}, engine af3, float32)"
    with pytest.raises(NotAccepted) as caught:
        whole_night.run(settings)
    assert str(caught.value) == (
        f"--model {name} is not accepted in {gate}: no model is; run af3 evaluate --out {gate} and"
        f" af3 accept --out {gate} with it (in Airflow: evaluate_model), or go without"
        " --accepted-in (a corpus file: model: {allow_unaccepted: true})"
    )
    plan = ["plan", str(archive), "--out", str(out), "--model", str(untrained), "--date-from=path"]
    assert main([*plan, "--accepted-in", gate]) == 2
    assert f"--model {name} is not accepted in {gate}" in capsys.readouterr().err
    assert rows(out, "recordings") == []
    assert not (out / "manifests").exists()

    evaluated(gate, untrained, MMAR, right(1))
    passes(gate, untrained)
    # under another name it is the same model; in other numbers it is another
    assert main([*plan, "--accepted-in", gate]) == 0
    assert f", float32, accepted in {gate}\n" in capsys.readouterr().out
    assert main([*plan, "--accepted-in", gate, "--dtype", "bfloat16"]) == 2
    assert f"the last accepted one is {name}" in capsys.readouterr().err
    assert main(plan) == 0
    assert ", float32, accepted or not (no --accepted-in)\n" in capsys.readouterr().out


def test_weights_in_eight_bits_are_judged_as_another_model(tmp_path: Path, model: Path) -> None:
    out = str(tmp_path / "evaluated")
    evaluated(out, model, MMAR, right(9))
    passes(out, model)
    evaluated(out, model, MMAR, right(7), dtype="int8")
    with pytest.raises(NotAcceptable, match=r"engine af3, int8\) is not accepted"):
        passes(out, model, "--dtype", "int8")
    evaluated(out, model, MMAR, right(9), DAY + datetime.timedelta(days=1), dtype="int8")
    passes(out, model, "--dtype", "int8", "--max-drop", "100")
    listed = json.loads((tmp_path / "evaluated" / ACCEPTED_KEY).read_text())["models"]
    assert [each["identity"]["dtype"] for each in listed] == ["float32", "int8"]
