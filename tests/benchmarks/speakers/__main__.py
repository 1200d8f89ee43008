"""How wrong turns and identities are, on 40 made recordings.

    python -m tests.benchmarks.speakers FOLDER [--encoder NAME]

`material.py` says what FOLDER holds and how it is made.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from af3core.audio.channel_mix import CHUNK_SAMPLES
from af3core.audio.clip_file import as_pcm
from af3core.audio.clip_stream import cut_recording
from af3core.audio.cut_points import Segmentation
from af3core.speakers.diarization import (
    Diarization,
    DiarizationLimits,
    SpeechVectors,
    diarize,
    speech_vectors,
)
from af3core.speakers.identities import (
    IdentityLimits,
    KnownIdentity,
    RecordingVoice,
    match_voices,
)
from af3core.speakers.voice_encoder import VoiceEncoder, load_voice_encoder
from schemas.options.derive import EMBEDDED_VOICE_ENCODER
from tests.benchmarks.speakers.diarization_error import (
    NO_ERROR,
    DiarizationError,
    Turn,
    diarization_error,
    parts_of,
)
from tests.benchmarks.speakers.made_recordings import RECORDINGS, MadeRecording, make_recording
from tests.benchmarks.speakers.material import Material

COLLAR_S = 0.25
"""On either side of a border, as NIST's: who made the recordings knows them to 10 ms, people do
not."""
NIGHT = 4
"""Recordings that come together."""


@dataclass(frozen=True, eq=False)
class Heard:
    """One recording as it was made, and as it was told apart."""

    made: MadeRecording
    found: Diarization

    @property
    def known(self) -> list[Turn]:
        return [(turn.start_s, turn.end_s, turn.person) for turn in self.made.turns]

    @property
    def told(self) -> list[Turn]:
        return [
            (turn.start_ms / 1000, turn.end_ms / 1000, str(turn.voice)) for turn in self.found.turns
        ]


def clips_of(made: MadeRecording, encoder: VoiceEncoder) -> Iterator[SpeechVectors]:
    """As the product cuts and hears them."""
    pcm = as_pcm(made.samples)
    chunks = [pcm[first : first + CHUNK_SAMPLES] for first in range(0, len(pcm), CHUNK_SAMPLES)]
    for clip in cut_recording(chunks, Segmentation()):
        yield speech_vectors((clip.samples / 32_768).astype("float32"), clip.start_ms, encoder)


def one_speaker(turns: Sequence[Turn]) -> list[Turn]:
    """The baseline of which all turns are one voice's."""
    return [(start, end, "all") for start, end, _ in turns]


def each_a_new_one(turns: Sequence[Turn]) -> list[Turn]:
    """The baseline of which each turn is a new voice's."""
    return [(start, end, str(number)) for number, (start, end, _) in enumerate(turns)]


def print_errors(heard: Sequence[Heard]) -> None:
    """By condition and number of voices; without overlap with a collar, and wholly."""
    groups: dict[str, list[Heard]] = defaultdict(list)
    for each in heard:
        groups["all"].append(each)
        groups[each.made.condition].append(each)
        groups[f"{each.made.voice_count} voices"].append(each)
    for name in ["all", *sorted(set(groups) - {"all"})]:
        part = groups[name]
        alone = sum((_error(each, each.told, False) for each in part), NO_ERROR)
        whole = sum((_error(each, each.told, True) for each in part), NO_ERROR)
        counted = sum(len(each.found.voices) == each.made.voice_count for each in part)
        print(
            f"{name:18} {len(part):2} recordings  without overlap {alone.rate:6.1%}"
            f"  whole {whole.rate:6.1%} (missed {whole.missed_s / whole.speech_s:.1%},"
            f" false {whole.false_s / whole.speech_s:.1%},"
            f" confused {whole.confused_s / whole.speech_s:.1%})  voices right in {counted}"
        )
    for name, baseline in (("one speaker", one_speaker), ("each a new one", each_a_new_one)):
        alone = sum((_error(each, baseline(each.told), False) for each in heard), NO_ERROR)
        whole = sum((_error(each, baseline(each.told), True) for each in heard), NO_ERROR)
        print(f"{name:18} without overlap {alone.rate:6.1%}  whole {whole.rate:6.1%}")


def _error(each: Heard, told: Sequence[Turn], with_overlap: bool) -> DiarizationError:
    return diarization_error(each.known, told, 0.0 if with_overlap else COLLAR_S, with_overlap)


def overlap_share(heard: Sequence[Heard]) -> float:
    """Of the time in which anybody speaks."""
    parts = [part for each in heard for part in parts_of(each.known, ())]
    both = sum(end - start for start, end, speakers, _ in parts if len(speakers) > 1)
    return both / sum(end - start for start, end, speakers, _ in parts if speakers)


def print_identities(heard: Sequence[Heard], limits: IdentityLimits) -> None:
    """Over nights of four recordings: what of an identity is one person, and of a person one
    identity, by time of speech.
    """
    known: dict[str, list[RecordingVoice]] = {}
    shared: dict[tuple[str, str], float] = defaultdict(float)
    for first in range(0, len(heard), NIGHT):
        night = heard[first : first + NIGHT]
        voices = [
            RecordingVoice(each.made.name, voice.number, voice.vector, voice.speech_ms)
            for each in night
            for voice in each.found.voices
        ]
        before = [KnownIdentity(name, tuple(members)) for name, members in known.items()]
        matches = match_voices(before, voices, limits)
        for match, voice in zip(matches, voices, strict=True):
            if match.identity is not None:
                known.setdefault(match.identity, []).append(voice)
                each = next(each for each in night if each.made.name == match.recording)
                for person, seconds in _spoken_with(each, voice.number).items():
                    shared[match.identity, person] += seconds
    purity = _dominant(shared, 0) / sum(shared.values())
    coverage = _dominant(shared, 1) / sum(shared.values())
    people = {person for _, person in shared}
    print(
        f"{len(known)} identities of {len(people)} people:"
        f" purity {purity:.1%}, coverage {coverage:.1%}"
    )


def _spoken_with(each: Heard, voice: int) -> dict[str, float]:
    """Seconds that each person says alone within the turns of a voice."""
    spoken: dict[str, float] = defaultdict(float)
    for start, end, speakers, heard in parts_of(each.known, each.told):
        if len(speakers) == 1 and str(voice) in heard:
            spoken[next(iter(speakers))] += end - start
    return spoken


def _dominant(shared: dict[tuple[str, str], float], side: int) -> float:
    largest: dict[str, float] = defaultdict(float)
    for key, seconds in shared.items():
        largest[key[side]] = max(largest[key[side]], seconds)
    return sum(largest.values())


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", default=EMBEDDED_VOICE_ENCODER)
    arguments = parser.parse_args()
    encoder = load_voice_encoder(arguments.encoder)
    material, heard, taken_s, seconds = Material(arguments.folder, False), [], 0.0, 0.0
    for number in range(RECORDINGS):
        made = make_recording(material, number)
        begun = time.process_time()
        clips = list(clips_of(made, encoder))
        heard.append(Heard(made, diarize(clips, DiarizationLimits())))
        taken_s += time.process_time() - begun
        seconds += made.turns[-1].end_s
    spoken = [turn for each in heard for turn in each.known]
    print(
        f"{seconds / 60:.0f} min, {len(spoken)} turns, {overlap_share(heard):.1%} of the time with"
        f" several speakers, {seconds / taken_s:.0f} x real time a core"
    )
    print_errors(heard)
    print_identities(heard, IdentityLimits())


if __name__ == "__main__":
    main()
