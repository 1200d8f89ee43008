"""`af3 people`: a token is printed once and kept nowhere, a wrong file is one line."""

from __future__ import annotations

import hashlib
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.cli import main
from beam_jobs.people.people_changes import add_person
from beam_jobs.people.people_file import (
    ListedPerson,
    file_text,
    people_of,
    read_people,
    sha256_of,
)
from schemas.options.correcting import person_name
from schemas.options.people import ROLES

Capture = pytest.CaptureFixture[str]
HASH = "ab" * 32


def run(*arguments: str | Path) -> int:
    return main(["people", *map(str, arguments)])


def test_a_token_is_printed_once_and_its_hash_is_kept(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "people.toml"
    assert run("add", "Ada Król", "--role", "editor", "--file", file) == 0
    printed, said = capsys.readouterr()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}\n", printed)
    assert "Ada Król is editor" in said
    token = printed.strip()
    assert token not in said
    text = file.read_text("utf-8")
    assert token not in text
    assert f'token_sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"' in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["people.toml"]


def test_people_are_listed_and_revoked(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "people.toml"
    assert run("add", "Ada", "--role", "editor", "--file", file) == 0
    assert run("add", "grace", "--role", "keeper", "--no-token", "--file", file) == 0
    file.chmod(0o640)
    capsys.readouterr()
    assert run("--file", file) == 0
    listed = capsys.readouterr().out
    assert re.search(r"Ada +.? *editor +.? *token", listed)
    assert re.search(r"grace +.? *keeper +.? *proxy", listed)
    assert run("revoke", "Ada", "--file", file) == 0
    assert read_people(file) == (ListedPerson("grace", "keeper"),)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert run("revoke", "grace", "--file", file) == 0
    assert read_people(file) == ()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("add", "Ada"), "people add: --role is missing: reader, editor, keeper"),
        (("add", "--role", "editor"), "people add: name whom, such as Ada"),
        (("add", "Grace", "--role", "reader"), "Grace: is there already, as keeper; revoke them"),
        (("revoke", "Grave"), "Grave: nobody of people.toml; did you mean Grace? see af3 people"),
        (("revoke", "Grace", "--role", "editor"), "people revoke takes no --role; leave it out"),
        (("list", "Grace"), "people list takes no NAME; leave it out"),
        (("add", "two\nlines", "--role", "editor"), "--name two"),
    ],
)
def test_wrong_options_are_one_line_and_change_nothing(
    arguments: tuple[str, ...],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    add_person(tmp_path / "people.toml", "Grace", "keeper")
    before = (tmp_path / "people.toml").read_bytes()
    assert run(*arguments, "--file", "people.toml") == 2
    assert line in capsys.readouterr().err.replace(f"{tmp_path}/", "")
    assert (tmp_path / "people.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("person = 3", "person: write [[person]], with two brackets"),
        ("[person]\nname = 'Ada'", "person: write [[person]], with two brackets"),
        ("[[people]]", "people: no key of it; write [[person]]"),
        ("[[person]]\nname = 3", "person 1: write name, role and token_sha256 as texts"),
        ("[[person]]\nrole = 'editor'", "person 1: name '': a name on one line"),
        ("[[person]]\nname = 'Ada'\nrole = 'Editor'", "role 'Editor': write reader, editor"),
        (
            "[[person]]\nname = 'Ada'\nrole = 'editor'\ntoken = 'x'",
            "person 1: token: no key; they are name, role, token_sha256",
        ),
        (
            "[[person]]\nname = 'Ada'\nrole = 'editor'\ntoken_sha256 = 'geheim'",
            "token_sha256: no SHA-256 in hexadecimal",
        ),
        ("[[person]\n", "no TOML: "),
        ("\xff", "no TOML: "),
        ("[[person]]\nname='A'\nrole='editor'\n" * 2, "the name A stands there twice"),
        (
            "".join(
                f"[[person]]\nname='{n}'\nrole='editor'\ntoken_sha256='{HASH}'\n" for n in "AB"
            ),
            "the token of B stands there twice",
        ),
    ],
)
def test_a_wrong_file_is_one_line(text: str, line: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "people.toml"
    file.write_bytes(text.encode("latin-1"))
    file.chmod(0o600)
    assert run("--file", file) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert run("add", "Eve", "--role", "keeper", "--file", file) == 2
    assert file.read_bytes() == text.encode("latin-1")


def test_a_file_that_everybody_may_write_names_nobody(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "people.toml"
    add_person(file, "Ada", "editor")
    file.chmod(0o666)
    assert run("--file", file) == 2
    assert "everybody on this machine may write it; run chmod o-w" in capsys.readouterr().err
    assert run("--file", tmp_path) == 2
    assert run("--file", tmp_path / "none.toml") == 2
    assert "make it with af3 people add" in capsys.readouterr().err


def test_many_are_added_at_once_and_none_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "people.toml"
    names = [f"person {number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        tokens = list(pool.map(lambda name: add_person(file, name, "editor"), names))
    assert {(p.name, p.token_sha256) for p in read_people(file)} == {
        (name, sha256_of(token)) for name, token in zip(names, tokens, strict=True)
    }


@given(
    st.lists(
        st.builds(
            ListedPerson,
            st.text(min_size=1).filter(lambda name: person_name(name) is None),
            st.sampled_from(ROLES),
            st.sampled_from(["", HASH]),
        ),
        max_size=4,
        unique_by=lambda person: person.name,
    ).filter(lambda people: sum(bool(p.token_sha256) for p in people) < 2)
)
def test_any_people_come_back_from_their_file(people: list[ListedPerson]) -> None:
    assert people_of(Path("p"), file_text(people).encode()) == tuple(people)
