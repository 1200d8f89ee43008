"""An example as it stands before a question, and what is kept of it with the answer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from af3core.embedding.few_shot import Example
from af3core.embedding.neighbours import Neighbour
from af3core.model.request import Sound
from schemas.records import ExampleSegment


@dataclass(frozen=True)
class ShownExample:
    """A neighbour, and what of it stands before the question."""

    neighbour: Neighbour
    example: Example

    def heard(self, sound: Sound) -> ShownExample:
        """The same example with its sound."""
        return dataclasses.replace(self, example=dataclasses.replace(self.example, sound=sound))

    @property
    def record(self) -> ExampleSegment:
        """What is kept with the answer."""
        segment, example = self.neighbour.segment, self.example
        return ExampleSegment(
            segment.recording_id,
            segment.segment_id,
            self.neighbour.distance,
            form="caption" if example.sound is None else "sound",
        )
