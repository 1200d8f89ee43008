"""What stands in a skill's prompt about the audio: captions, speech, events, by parts."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MUSIC = re.compile(r"\b(slow|fast) (\w+) music\b")
_EVENT = re.compile(r"^([\d.]+) to ([\d.]+) s: ([^(]+?)(?: \((.*)\))?$")


@dataclass(frozen=True)
class Music:
    """Music that a caption names."""

    pace: str
    instrument: str


@dataclass(frozen=True)
class Measured:
    """An event with its times and measures."""

    start_s: float
    end_s: float
    label: str
    measures: str

    def number(self, pattern: str) -> float | None:
        """A measure by its pattern, such as `pitch (\\S+) Hz`."""
        found = re.search(pattern, self.measures)
        return float(found[1]) if found else None


@dataclass(frozen=True)
class Part:
    """A segment: when, what is heard, what is said."""

    times: str
    caption: str
    said: str


@dataclass(frozen=True)
class Facts:
    """All that a prompt tells of a stretch; `wanted` is the answer of a yes-or-no question."""

    parts: tuple[Part, ...]
    events: tuple[Measured, ...]
    wanted: str

    @property
    def heard(self) -> list[str]:
        """What captions name, in order, as it is written in the middle of a sentence."""
        return [item for part in self.parts for item in heard_of(part)]

    @property
    def sounds(self) -> list[str]:
        """Of these, what is neither speech nor music."""
        return [i for i in self.heard if "speaking" not in i and "music" not in i and i]

    @property
    def music(self) -> list[Music]:
        return [Music(*found) for part in self.parts for found in _MUSIC.findall(part.caption)]

    @property
    def said(self) -> str:
        return " ".join(part.said for part in self.parts if part.said)

    @property
    def subjects(self) -> list[str]:
        """What captions say that speech is about."""
        return [i.partition(" about ")[2] for i in self.heard if " about " in i]

    def music_measure(self, pattern: str) -> float | None:
        """The first event of music that has a measure."""
        found = (e.number(pattern) for e in self.events if "music" in e.label)
        return next((number for number in found if number is not None), None)


def heard_of(part: Part) -> list[str]:
    """The items of a caption."""
    text = part.caption.rstrip(".").replace(", with ", ", then ").replace(" in the background", "")
    text = text[:1].lower() + text[1:]
    return [item for item in text.split(", then ") if item]


def read_facts(prompt: str, wanted: str) -> Facts:
    """The facts of a prompt of the job `skills`."""
    known = prompt.partition("What is known of the audio:\n")[2].partition("\n\n")[0]
    parts: list[Part] = []
    events: list[Measured] = []
    times, caption, said = "", "", ""
    for line in [*known.splitlines(), "From end to end:"]:
        if line.startswith("From ") and line.endswith(":"):
            if caption or said or times:
                parts.append(Part(times, caption, said))
            times, caption, said = line.removeprefix("From ").rstrip(":"), "", ""
        elif line.startswith("Heard: "):
            caption = line.removeprefix("Heard: ")
        elif line.startswith('Said: "'):
            said = line.removeprefix('Said: "').rstrip('"')
        elif event := _EVENT.match(line):
            events.append(Measured(float(event[1]), float(event[2]), event[3], event[4] or ""))
    return Facts(tuple(parts), tuple(events), wanted)
