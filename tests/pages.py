"""The pages that people read: the site is built of them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("dags", "infra", "af3core/nano")),
    ROOT / "tests/benchmarks/RESULTS.md",
)


def page_name(page: Path) -> str:
    """From the repository's root."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language on a page, in their order."""
    text = (ROOT / page).read_text("utf-8")
    parts = text.split(f"```{language}\n")[1:]
    return [part.partition("```")[0] for part in parts]
