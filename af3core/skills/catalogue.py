"""The catalogue of skills: what each one is, what it needs, and who makes its questions."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal, get_args

from af3core.errors import ConfigurationError
from af3core.skills.evidence import SegmentEvidence
from af3core.strict_yaml import fill, parse_mapping
from af3core.tasks.task import Unit

Family = Literal["audioskills_xl", "longaudio_xl"]
Form = Literal["open", "options", "yes_no"]
Maker = Literal["rules", "writer"]
Kind = Literal["captions", "transcripts", "events", "answers", "descriptors"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NEAR_NAMES = 3
_MUSIC = re.compile(r"\b(music|song|singing|sings|melody|orchestra|choir)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Skill:
    """One skill, as the catalogue's head describes its keys."""

    name: str
    family: Family
    group: str
    definition: str
    evidence: tuple[str, ...]
    form: Form
    maker: Maker
    prompt: str = ""
    unit: Unit = "segment"
    needs_music: bool = False
    answer_words: int = 10
    paper_pairs: int = 0

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.evidence if kind not in KINDS]
        if unknown or not self.evidence:
            raise self._error(f"evidence must be some of {', '.join(KINDS)}")
        if not self.definition.strip():
            raise self._error("the definition is empty")
        if (self.maker == "writer") != bool(self.prompt.strip()):
            raise self._error("a prompt is what a writer needs, and rules do not")

    def _error(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"skill {self.name}: {message}")

    def missing_evidence(self, known: Sequence[SegmentEvidence]) -> tuple[str, ...]:
        """What the skill needs and nothing in `known` has: kinds of evidence, or music."""
        missing = [kind for kind in self.evidence if not any(has(e, kind) for e in known)]
        if self.needs_music and not any(hears_music(e) for e in known):
            missing.append("music")
        return tuple(missing)


def has(evidence: SegmentEvidence, kind: str) -> bool:
    """Whether there is evidence of a kind; descriptors are the measures of events."""
    if kind == "descriptors":
        return any(
            measure is not None
            for event in evidence.events
            for measure in (event.loudness_lufs, event.pitch_hz, event.tempo_bpm)
        )
    return bool(getattr(evidence, kind))


def hears_music(evidence: SegmentEvidence) -> bool:
    """Whether an event is music, or a caption speaks of it; a denial counts too: the writer sees
    it and asks nothing.
    """
    named = any(_MUSIC.search(caption) for caption in evidence.captions)
    return named or any(event.kind == "music" for event in evidence.events)


@functools.cache
def catalogue() -> Mapping[str, Skill]:
    """All skills by name, in the catalogue's order."""
    text = resources.files("af3core.skills").joinpath("catalogue.yaml").read_text("utf-8")
    return parse_catalogue(text, "catalogue.yaml")


def parse_catalogue(text: str, file: str) -> dict[str, Skill]:
    """The skills of a YAML text; `file` is what errors call it.

    Raises:
        ConfigurationError: a line of it is wrong.
    """
    skills = parse_mapping(text, file, "a catalogue maps names of skills to what they are")
    return {
        name: fill(Skill, skills.below(key, node, f"skill {name}"), {"name": name})
        for name, key, node in skills.items()
    }


def chosen_skills(names: Sequence[str]) -> tuple[Skill, ...]:
    """The skills of these names in the catalogue's order; all of them where no name is given.

    Raises:
        ConfigurationError: there is no skill of a name; names like it are listed.
    """
    known = catalogue()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, _NEAR_NAMES, 0.5)
            near += [n for n in known if name and name in n and n not in near][:_NEAR_NAMES]
            hint = f"near it are {', '.join(near)}" if near else "af3 skills list shows them all"
            raise ConfigurationError(f"--skill {name}: no such skill; {hint}")
    return tuple(skill for name, skill in known.items() if not names or name in names)
