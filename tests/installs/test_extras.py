"""The pages' blocks that name extras run in environments with these extras and no others."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.installs.environment import ROOT, Environment, environment
from tests.pages import PAGES, page_name

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

BLOCK = re.compile(r"```\n(pip install '\.\[([\w,]+)\]'.*?)```", re.DOTALL)
FOUND = [
    pytest.param(extras.split(","), block, id=f"{page_name(page)}:{extras}")
    for page in PAGES
    for block, extras in BLOCK.findall(page.read_text("utf-8"))
]
DEMO = ROOT / "af3core/nano/demo_archive"
OURS = {
    "/media/radio": str(DEMO),
    "nvidia/audio-flamingo-3-hf": "nano",
    "bfloat16": "float32",
}
"""What a page names, and what stands for it here: the demo archive, and the embedded model."""
ELSEWHERE = re.compile(r"gs://|/data/|af3 talk|facebook/|--recording|compare|af3 browse")
"""What needs a bucket, published data, a microphone, a hub or a browser has tests of its own."""


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night, as README's block makes it."""
    out = tmp_path_factory.mktemp("night") / "annotated"
    done = environment("model").af3("annotate", DEMO, "--out", out, "--corpus", "radio")
    assert done.returncode == 0, done.stderr
    return out


def commands(block: str, out: Path) -> list[list[str]]:
    lines = block.replace("\\\n", " ").splitlines()[1:]
    named = OURS | {"/media/annotated": str(out)}
    told = [shlex.split(line, comments=True) for line in lines if not ELSEWHERE.search(line)]
    return [[named.get(word, word) for word in words[1:]] for words in told if words]


@pytest.mark.parametrize(("extras", "block"), FOUND)
def test_a_block_runs_with_the_extras_that_it_names(
    extras: list[str], block: str, annotated: Path, tmp_path: Path
) -> None:
    out = tmp_path / "annotated"
    shutil.copytree(annotated, out)
    chosen: Environment = environment(*extras)
    for words in commands(block, out):
        done = chosen.af3(*words, folder=tmp_path)
        assert done.returncode == 0, (words, done.stderr)


def test_every_page_with_extras_is_among_them() -> None:
    assert len(FOUND) >= 6
