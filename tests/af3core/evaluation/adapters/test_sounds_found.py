"""Every benchmark's sounds are found, in its folder or in one around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.benchmark_registry import benchmark_named
from tests.af3core.evaluation import published, published_judged

FIXTURES = published.FIXTURES | published_judged.FIXTURES


@pytest.mark.parametrize("name", FIXTURES)
def test_all_sounds_are_found_even_in_a_folder_around(name: str, tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    FIXTURES[name](tmp_path / "downloads")
    for folder in (tmp_path / "downloads", tmp_path):
        data = Data(str(folder))
        items = benchmark_named(name).read(data).items
        assert items
        assert {sound.key for item in items for sound in item.sounds} <= data.keys
