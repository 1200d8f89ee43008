"""CTM and TextGrid files as Kaldi, MFA and Praat write them, and wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.alignment.known_speech import SpokenWord
from af3core.alignment.word_labels import read_labels
from af3core.errors import ConfigurationError

STORM = [SpokenWord(100, 250, "the"), SpokenWord(250, 800, "storm")]
CTM = """\
;; comment
news 1 0.25 0.55 storm 0.9
news 1 0.10 0.15 the
other.wav A 0 1 loud
"""
LONG = """\
File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "D"
    item [2]:
        class = "IntervalTier"
        name = "words" ! those
        xmin = 0
        xmax = 1.5
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.1
            text = ""
        intervals [2]:
            xmin = 0.1
            xmax = 0.25
            text = "the"
        intervals [3]:
            xmin = 0.25
            xmax = 0.8
            text = "storm"
        intervals [4]:
            xmin = 0.8
            xmax = 1.5
            text = "sil"
    item [3]:
        class = "TextTier"
        name = "marks"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.5
            mark = "a ""loud"" one"
"""
SHORT = """\
File type = "ooTextFile"
Object class = "TextGrid"

0
1.5
<exists>
1
"IntervalTier"
"ORT"
0
1.5
3
0
0.1
""
0.1
0.25
"the"
0.25
0.8
"storm"
"""


def written(tmp_path: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding)
    return path


def test_a_ctm_tells_of_many_recordings(tmp_path: Path) -> None:
    found = read_labels(written(tmp_path, "all.ctm", CTM))
    assert found == {"news": STORM, "other": [SpokenWord(0, 1000, "loud")]}


@pytest.mark.parametrize("text", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_forms_of_a_text_grid_are_read(text: str, encoding: str, tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, "news.TextGrid", text, encoding)) == {"news": STORM}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.ctm", "news 1 0.1 0.2\n", "a.ctm, line 1: not FILE CHANNEL START DURATION WORD"),
        ("a.ctm", "\nnews 1 x 0.2 the\n", "a.ctm, line 2: 'x' is no time in seconds"),
        ("a.ctm", "n 1 -1 0.2 the\n", "a.ctm, line 1: '-1' is no time in seconds"),
        ("a.ctm", "n 1 0 0 the\n", "a.ctm, line 1: 'the' ends before it begins"),
        (
            "a.ctm",
            "n 1 0 1 the\nn 1 0.5 1 storm\n",
            "a.ctm, line 2: 'storm' begins before the last ended",
        ),
        ("a.TextGrid", "", "a.TextGrid, line 1: the file ends before the file type"),
        ("a.TextGrid", '"ooTextFile" "Sound"', "line 1: no TextGrid in Praat's text form"),
        ("a.TextGrid", SHORT[:-9], "line 20: the file ends before a label"),
        ("a.TextGrid", SHORT[:-3], "line 21: a string has no closing quotes"),
        ("a.TextGrid", SHORT.replace("0.25\n0.8", "0.25\nx"), "line 21: 'storm' stands for a time"),
        ("a.TextGrid", SHORT.replace("\n3\n", "\n3.5\n"), "line 12: 3.5 is no number of labels"),
        (
            "a.TextGrid",
            LONG.replace('"words"', '"Mary"'),
            "which tier has the words? name it 'words'; it has 'phones', 'mary'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_labels(written(tmp_path, name, text))
    assert said in str(caught.value)


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_bytes(b"ooBinaryFile\x08TextGrid\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"a\.TextGrid: no utf-8-sig text"):
        read_labels(tmp_path / "a.TextGrid")
    with pytest.raises(ConfigurationError, match=r"gone\.ctm: cannot be read \(No such file"):
        read_labels(tmp_path / "gone.ctm")


@given(st.text(st.sampled_from('"0.1 <exists>\n!a'), max_size=80))
def test_any_text_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = written(tmp_path_factory.mktemp("any"), "a.TextGrid", SHORT + text)
    said = ""
    try:
        assert read_labels(path) == {"a": STORM}
    except ConfigurationError as error:
        said = str(error)
    assert "\n" not in said
