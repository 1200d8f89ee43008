"""`af3.toml`: who finds it, what of it counts, and what is wrong with it in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.cli import _options_by_command, command_names, command_parser, main
from beam_jobs.framework.settings_file import (
    arguments_of,
    find_file,
    key_of,
    read_file,
    settable,
    split_config,
)
from schemas.jobs import job_named
from tests.pages import blocks

COMMANDS = _options_by_command()
ANNOTATE = COMMANDS["annotate"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, below one that a file may lie in."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "af3.toml"
    path.write_text(text)
    return path


def test_the_file_shown_is_read(folder: Path) -> None:
    (text,) = blocks("docs/jobs.md", "toml")
    file = read_file(write(folder, text), COMMANDS)
    assert arguments_of(file, "annotate", ANNOTATE, ["--corpus=films"]) == [
        "--out=/media/annotated",
        "--max-clip-s=300",
        "--model=nvidia/audio-flamingo-3-hf",
        "--dtype=bfloat16",
        "--ask=mood=Is it sad?",
    ]
    assert arguments_of(file, "segment", COMMANDS["segment"], []) == [
        "--out=/media/annotated",
        "--corpus=radio",
    ]


def test_the_command_line_wins_then_the_commands_table_then_common(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        folder,
        '[common]\nout = "night"\ndtype = "bfloat16"\n[annotate]\ndtype = "float32"\nshards = 2\n',
    )
    assert main(["config", "annotate", "--shards", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"file: {folder / 'af3.toml'}"
    shown = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert shown["out"] == [str(folder / "night"), "af3.toml", "[common]"]
    assert shown["dtype"] == ["float32", "af3.toml", "[annotate]"]
    assert shown["shards"] == ["3", "command", "line"]
    assert shown["max_clip_s"] == ["600", "default"]


def test_a_command_takes_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, '[common]\nout = "night"\n')
    assert main(["query", "SELECT 1"]) == 2
    assert f"--out {folder / 'night'}: no tables there" in capsys.readouterr().err
    assert main(["query", "SELECT 1", "--out", "elsewhere"]) == 2
    assert "--out elsewhere: no tables there" in capsys.readouterr().err


def test_a_scheduled_job_takes_the_named_file_alone(folder: Path) -> None:
    write(folder, '[common]\nout = "found"\n')
    (folder / "named.toml").write_text('[common]\nout = "named"\n')
    (folder / "watched").touch()
    told = ["clean", "--watched-by", str(folder / "watched"), "--report", str(folder / "r.json")]
    assert main(told) == 2
    assert json.loads((folder / "r.json").read_text())["message"].startswith("--out is missing")
    assert main([*told, "--config", str(folder / "named.toml")]) == 2
    assert f"--out {folder / 'named'}" in json.loads((folder / "r.json").read_text())["message"]
    # a wrong file is reported as any other mistake
    (folder / "named.toml").write_text("outt = 1")
    assert main([*told, f"--config={folder / 'named.toml'}"]) == 2
    assert "outt: no command's table" in json.loads((folder / "r.json").read_text())["message"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[anotate]\n", "anotate: no command's table; write keys below [common] or below a command"
         " such as [annotate]; did you mean annotate?"),
        ('out = "x"\n', "out: no command's table; write keys below [common]"),
        ("[common]\nmax-clip-z = 1\n", "[common] max-clip-z: no option of any command that a file"
         " sets; did you mean max_clip_s?"),
        ("[annotate]\nport = 1\n", "[annotate] port: no option of af3 annotate that a file sets"),
        ("[segment]\nmax_clip_s = 1\n", "[segment] max_clip_s: no option of af3 segment"),
        ("[clean]\nyes = true\n", "[clean] yes: no option of af3 clean that a file sets"),
        ("[clean]\nkeep_days = 0\n", "[clean] keep_days: 0: must be 1 or more"),
        ("[clean]\nkeep_days = 1.5\n", "[clean] keep_days: 1.5 must be a whole number"),
        ("[browse]\nport = true\n", "[browse] port: True must be a whole number"),
        ('[annotate]\ndtype = "int4"\n', "'int4' must be one of float32, bfloat16, int8"),
        ('[annotate]\nonly = "caption"\n', "[annotate] only: must be a list, each a text"),
        ("[annotate]\nask = [1]\n", "[annotate] ask: must be a table of texts"),
        ("[common\n", "no TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(
    folder: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(folder, text)
    assert main(["query", "SELECT 1"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"af3: {path}: ")
    assert said in line


def test_a_named_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--config", "/nowhere/af3.toml"]) == 2
    assert capsys.readouterr().err == (
        "af3: /nowhere/af3.toml: cannot be read (No such file or directory)\n"
    )
    assert main(["query", "--config"]) == 2
    assert capsys.readouterr().err == "af3: --config needs a file, such as af3.toml\n"


@pytest.mark.skipif(os.getuid() != 0, reason="gives a file to another user")
def test_another_users_file_is_not_found(folder: Path) -> None:
    path = write(folder, "")
    assert find_file(folder / "work") == path
    os.chown(path, 12345, 12345)
    assert find_file(folder / "work") != path


def test_config_names_the_command_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "anotate"]) == 2
    assert capsys.readouterr().err == (
        "af3: config anotate: no command; did you mean annotate? see af3 --help\n"
    )
    assert main(["config"]) == 2
    assert "name a command" in capsys.readouterr().err


@pytest.mark.parametrize("command", command_names())
def test_each_command_shows_its_options(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", command]) == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert shown == [key_of(known) for known in settable(COMMANDS[command])]


@given(st.lists(st.sampled_from(["--out", "x", "--corpus=y", "--yes", "SELECT 1"])), st.booleans())
def test_other_arguments_stay_as_they_are(others: list[str], is_one: bool) -> None:
    named = ["--config=f.toml"] if is_one else ["--config", "f.toml"]
    assert split_config([*others, *named]) == ("f.toml", others)
    assert split_config([*named, *others]) == ("f.toml", others)
    assert split_config(others) == (None, others)


def test_every_value_of_a_file_is_parsed_as_it_was_written(folder: Path) -> None:
    file = read_file(
        write(folder, '[annotate]\nsilence_dbfs = -45\nonly = ["caption"]\nany_suffix = true\n'),
        COMMANDS,
    )
    told = arguments_of(file, "annotate", ANNOTATE, [])
    parsed = command_parser(job_named("annotate")).parse_args(told)
    assert (parsed.silence_dbfs, parsed.only, parsed.any_suffix) == (-45.0, ["caption"], True)
