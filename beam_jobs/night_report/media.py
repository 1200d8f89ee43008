"""What a segment sounds and looks like, as data of a page: WebM with Opus, and a spectrogram."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.clip_file import as_pcm
from af3core.audio.spectrogram import spectrogram_png
from af3core.errors import ModelError
from af3core.model.request import Sound, Waveform
from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.night_report.segment_samples import ShownSegment

SPECTROGRAM_PX = (640, 112)
_BITS_PER_S = 24_000
_BITEXACT = 1 << 23
"""FFmpeg's AV_CODEC_FLAG_BITEXACT."""


@dataclass(frozen=True)
class Media:
    """Addresses of the kind data:…; `missing` says why there are none."""

    sound: str = ""
    picture: str = ""
    missing: str = ""


def segment_media(segments: Sequence[ShownSegment], store: Store) -> dict[str, Media]:
    """The media of segments by their ids; each clip is fetched once, several at once."""
    by_clip: dict[ClipObject, list[ShownSegment]] = {}
    for segment in segments:
        by_clip.setdefault(segment.clip, []).append(segment)

    def of_clip(clip: ClipObject) -> dict[str, Media]:
        sounds = clip_sounds(clip, [(s.start_ms, s.end_ms) for s in by_clip[clip]], store)
        return {s.segment_id: _media(sounds[s.start_ms, s.end_ms]) for s in by_clip[clip]}

    return {
        name: media
        for found in map_concurrently(of_clip, list(by_clip))
        for name, media in found.items()
    }


def encode_webm(samples: Waveform) -> bytes:
    """`[samples]` at 16 kHz as Opus in WebM, about 3 KB a second; equal samples, equal bytes."""
    import av

    buffer = BytesIO()
    with av.open(buffer, "w", format="webm", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ)
        stream.layout = "mono"
        stream.bit_rate = _BITS_PER_S
        stream.options = {"frame_duration": "60", "compression_level": "5"}
        stream.codec_context.flags |= _BITEXACT
        frame = av.AudioFrame.from_ndarray(as_pcm(samples)[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = 0
        for part in (frame, None):
            container.mux(stream.encode(part))
    return buffer.getvalue()


def _media(sound: Sound | ModelError) -> Media:
    if isinstance(sound, ModelError):
        return Media(missing=str(sound))
    return Media(
        sound=_data("audio/webm", encode_webm(sound.samples)),
        picture=_data("image/png", spectrogram_png(sound.samples, *SPECTROGRAM_PX)),
    )


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"
