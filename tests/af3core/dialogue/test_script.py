"""Files of conversations: what they say, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.dialogue.script import Moment, moment_of, parse_scripts, read_scripts
from af3core.errors import ConfigurationError

GOOD = """\
first_impressions:
  sounds: [cooking.opus@1:05, 850e3a9c41d2]
  turns:
    - What is heard in <sound-1>?
    - Who is it?
    - And in <sound-2>?
sirens:
  where: caption ILIKE '%siren%'
  turns:
    - What happened?
  max_new_tokens: 20
"""


def test_a_good_file() -> None:
    first, sirens = parse_scripts(GOOD, "talk.yaml")
    assert (first.name, first.place) == ("first_impressions", "talk.yaml:1")
    assert first.turns == ("What is heard in <sound-1>?", "Who is it?", "And in <sound-2>?")
    assert [first.played_by(turns) for turns in (1, 2, 3)] == [1, 1, 2]
    assert (sirens.place, sirens.limit, sirens.max_new_tokens) == ("talk.yaml:7", 20, 20)
    assert sirens.played_by(1) == 1
    [unnamed] = parse_scripts("a: {sounds: [x, y], turns: ['Which is louder?']}", "t")
    assert unnamed.played_by(1) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.yaml: a file of conversations maps names to turns with their sounds"),
        ("a: {sounds: [x], where: y, turns: [z]}", "t.yaml:1: conversation a: name either sounds"),
        ("a: {turns: [z]}", "t.yaml:1: conversation a: name either sounds or where"),
        ("\na: {sounds: [x]}", "t.yaml:2: conversation a: key 'turns' is missing"),
        ("a:\n  sounds: [x]\n  turn: [z]", "t.yaml:3: conversation a: unknown key 'turn'; known"),
        ("a:\n  sounds: [x]\n  turns: z", "t.yaml:3: conversation a: turns must be a list of"),
        ("a:\n  sounds: [x]\n  turns: [1]", "t.yaml:3: conversation a: turns must be a list of"),
        ("a: {sounds: [x], turns: []}", "t.yaml:1: conversation a: 0 turns: from 1 to 20"),
        ("a: {sounds: [x], turns: [y, ' ']}", "t.yaml:1: conversation a: turn 2 has no words"),
        ("a: {sounds: [x], turns: ['<sound-1>']}", "t.yaml:1: conversation a: turn 1 has no words"),
        ("a: {sounds: [x], turns: ['<sound> y']}", "turn 1 holds a special token; write <sound-1>"),
        ("a: {sounds: [x], turns: ['<sound-2> y']}", "<sound-2>: the conversation has 1 sounds"),
        ("a: {sounds: [x, y], turns: ['<sound-2> z <sound-1>']}", "and <sound-1> before <sound-2>"),
        ("a: {sounds: [x, y], turns: ['<sound-1> z']}", "conversation a: play all sounds"),
        ("a: {sounds: [1,2,3,4,5,6,7,8,9], turns: [x]}", "sounds must be a list of texts; quote"),
        ("a: {sounds: [a,b,c,d,e,f,g,h,i], turns: [x]}", "conversation a: 9 sounds: at most 8"),
        ("a: {where: x, limit: 0, turns: [x]}", "limit must lie between 1 and 10000"),
        ("a: {where: x, turns: [x], max_new_tokens: 0}", "max_new_tokens must lie between 1 and"),
        ("a: {where: x, turns: [x], temperature: -1}", "temperature must be 0"),
        ("a: {where: x, turns: [x], temperature: 1.0e-9}", "temperature must be 0"),
        ("a: {where: x, turns: [x], temperature: .nan}", "temperature must be 0"),
        ("a: {where: x, turns: [x], repetition_penalty: .inf}", "repetition_penalty must be 1.0"),
        ("a: {where: x, turns: [x], repetition_penalty: 0.5}", "repetition_penalty must be 1.0"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_scripts(text, "t.yaml")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read as a file of conversations"):
        read_scripts(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("sound", "moment"),
    [
        ("a/b c.mp3@1:05", Moment("a/b c.mp3", 65_000)),
        ("b@c.wav@0:00.5", Moment("b@c.wav", 500)),
        ("b.wav@12:03:04.25", Moment("b.wav", 43_384_250)),
        ("b.wav@90:00", Moment("b.wav", 5_400_000)),
        ("b.wav@1:60", None),
        ("850e3a9c41d2", None),
        ("@1:00", None),
    ],
)
def test_times_of_recordings(sound: str, moment: Moment | None) -> None:
    assert moment_of(sound) == moment
