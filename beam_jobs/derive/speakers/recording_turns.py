"""Turns of one recording: the vectors of its clips, each made once, and the voices among them.

clip ──► speech vectors ──► ledger/derived/speech_vectors/…
clips of a channel ──► voices and turns ──► ledger/derived/speakers/…, the voices' vectors beside
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from af3core.errors import Af3Error, ConfigurationError, ModelError
from af3core.model.isolation import as_model_error
from af3core.model.request import Waveform
from af3core.speakers import DIARIZATION_VERSION
from af3core.speakers.diarization import (
    Diarization,
    DiarizationLimits,
    SpeechVectors,
    diarize,
    speech_vectors,
)
from af3core.speakers.voice_encoder import (
    VoiceEncoderIdentity,
    load_voice_encoder,
    voice_encoder_identity,
)
from beam_jobs.derive.speakers.channel_turns import ChannelSpan, beside_others, speech_spans
from beam_jobs.derive.speakers.forgotten_speech import forgotten_voices, spans_of
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.derivation import Piece, PieceRows, Row
from beam_jobs.framework.ledger import Ledger, pack_vector
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import rows_by_recording
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import configuration_hash
from schemas.options.derive import Speakers
from schemas.records import DerivedRows
from schemas.tables.speaker_tables import SPEAKER_TURNS

STAGE, VECTORS = "speakers", "speech_vectors"
VOICES = "voices"
"""Beside the turns of a piece in the ledger: its voices with their vectors; no table."""
_BY_CHANNEL = "a speaker per channel"
_DIGITS = 4


def space_of(encoder: VoiceEncoderIdentity) -> str:
    """What voices are comparable in: the vectors of an encoder."""
    return f"{encoder.name}@{encoder.revision}#{DIARIZATION_VERSION}"


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """The day's recordings that were cut, one piece each; none of what is forgotten.

    Raises:
        ConfigurationError: each channel is to be a speaker, and a recording was not cut so.
    """
    store, given = settings.store, settings[Speakers]
    encoder = voice_encoder_identity(given.voice_encoder)
    said = Ledger(store).corpus_speakers(settings.corpus)
    forgotten, silenced = set(said.forgotten_recordings), set(said.forgotten_sounds)
    recordings, segments = rows_by_recording(
        store, ("recordings", "segments"), settings.corpus, date
    ).values()
    for recording, rows in segments.items():
        if recording in forgotten or recording not in recordings:
            continue
        if recordings[recording][0]["sound_sha256"] in silenced:
            continue
        clips = _clips(rows)
        heard = [[c["clip_id"], c["start_ms"], c["end_ms"], c["channel"]] for c in clips]
        is_by_channel = given.speaker_per_channel
        if is_by_channel and any(c["channel"] is None for c in clips):
            raise ConfigurationError(
                f"--speaker-per-channel: {recordings[recording][0]['object_uri']} of {date} was not"
                f" cut by channel; cut it so with {af3('annotate', 'SOURCE')} --channels each, or"
                " leave the option out, and voices are told apart by their sound"
            )
        made_by = _BY_CHANNEL if is_by_channel else asdict(encoder)
        decides = [DIARIZATION_VERSION, made_by, heard]
        yield Piece(
            recording_id=recording,
            corpus=settings.corpus,
            date=date,
            identity=configuration_hash(decides),
            evidence={"clips": clips, "is_by_channel": is_by_channel},
            uri=recordings[recording][0]["object_uri"],
            work_ms=sum(clip["end_ms"] - clip["start_ms"] for clip in clips),
            decides=decides,
            clip_uri=clips[0]["clip_uri"],
        )


def _clips(segments: Sequence[Row]) -> list[Row]:
    """The clips of a recording in order of time, by their segments."""
    found: dict[str, Row] = {}
    for row in segments:
        clip = found.setdefault(
            row["clip_id"],
            {
                "clip_id": row["clip_id"],
                "clip_uri": row["clip_uri"],
                "start_ms": row["clip_start_ms"],
                "end_ms": row["end_ms"],
                "channel": row["channel"],
            },
        )
        clip["end_ms"] = max(clip["end_ms"], row["end_ms"])
    return sorted(found.values(), key=lambda clip: (clip["start_ms"], clip["clip_id"]))


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The turns of one recording, and its voices; of a forgotten voice no vector is kept.

    Raises:
        ModelError: a clip cannot be read, or the encoder failed.
        ConfigurationError: the encoder cannot be loaded.
    """
    clips: list[Row] = piece.evidence["clips"]
    if piece.evidence["is_by_channel"]:
        turns, voices = _turns_by_channel(clips, settings), list[Row]()
        encoder = VoiceEncoderIdentity("", "", 0)
    else:
        encoder = voice_encoder_identity(settings[Speakers].voice_encoder)
        said = Ledger(settings.store).corpus_speakers(settings.corpus)
        spans = spans_of([piece.recording_id], said)
        turns, voices = _turns_by_voice(clips, settings, is_kept=not spans)
        forgotten = forgotten_voices(turns, spans)
        voices = [v | {"vector": None} if v["voice"] in forgotten else v for v in voices]
    made = {
        "recording_id": piece.recording_id,
        "speaker": None,
        "encoder": encoder.name,
        "encoder_revision": encoder.revision,
        "turns_id": piece.identity,
    }
    rows = {SPEAKER_TURNS.name: [turn | made for turn in turns], VOICES: voices}
    counts = {
        "turns": len(turns),
        "voices": len({turn["voice"] for turn in turns}),
        "speech_s": sum(turn["end_ms"] - turn["start_ms"] for turn in turns) // 1000,
    }
    return PieceRows(rows, counts)


def _turns_by_voice(
    clips: Sequence[Row], settings: JobSettings, is_kept: bool
) -> tuple[list[Row], list[Row]]:
    """Turns and voices; those of a channel that was cut by itself are found by themselves.

    Args:
        is_kept: whether the vectors of clips are kept in the ledger.
    """
    encoder = voice_encoder_identity(settings[Speakers].voice_encoder)
    turns, voices = list[Row](), list[Row]()
    for channel in dict.fromkeys(clip["channel"] for clip in clips):
        heard = [clip_vectors(c, settings, is_kept) for c in clips if c["channel"] == channel]
        found = _diarized(heard, encoder)
        before = len(voices)
        turns += [
            {
                "start_ms": turn.start_ms,
                "end_ms": turn.end_ms,
                "channel": channel,
                "voice": before + turn.voice,
                "confidence": round(turn.confidence, _DIGITS),
                "is_overlap": turn.is_overlap,
            }
            for turn in found.turns
        ]
        voices += [
            {
                "voice": before + voice.number,
                "speech_ms": voice.speech_ms,
                "vector": pack_vector(voice.vector),
            }
            for voice in found.voices
        ]
    return turns, voices


def _turns_by_channel(clips: Sequence[Row], settings: JobSettings) -> list[Row]:
    """The speech of each channel as that of one voice."""
    spans = [
        ChannelSpan(start_ms, end_ms, clip["channel"])
        for clip in clips
        for start_ms, end_ms in speech_spans(_samples(clip, settings), clip["start_ms"])
    ]
    return [
        {
            "start_ms": span.start_ms,
            "end_ms": span.end_ms,
            "channel": span.channel,
            "voice": span.channel + 1,
            "confidence": None,
            "is_overlap": is_overlap,
        }
        for span, is_overlap in zip(spans, beside_others(spans), strict=True)
    ]


def clip_vectors(clip: Row, settings: JobSettings, is_kept: bool = True) -> SpeechVectors:
    """The vectors of a clip, of the ledger where they were made before: of any recording whose
    sound the clip is.

    Args:
        is_kept: in the ledger, where they are made now.
    """
    ledger, name = Ledger(settings.store), settings[Speakers].voice_encoder
    key, owner, identity = vectors_key(clip["clip_uri"], voice_encoder_identity(name))
    [held] = ledger.derived([key])
    if held is None:
        samples = _samples(clip, settings)
        found = _encoded(samples, clip["start_ms"], name)
        held = DerivedRows(
            stage=VECTORS,
            recording_id=owner,
            identity=identity,
            run_id=settings.run_id,
            generated_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            rows={VECTORS: [{"arrays": base64.b64encode(found.to_bytes()).decode()}]},
            counts={},
        )
        if is_kept:
            ledger.put_derived(key, held)
    # rounded, whether they were made now or before
    return SpeechVectors.from_bytes(base64.b64decode(held.rows[VECTORS][0]["arrays"]))


def vectors_key(clip_uri: str, encoder: VoiceEncoderIdentity) -> tuple[str, str, str]:
    """Where the vectors of a clip's object lie; the recording that it was cut of, and what names
    them.
    """
    origin = layout.clip_origin(clip_uri)
    owner = origin.recording_id if origin else layout.recording_of_clip(clip_uri)
    identity = configuration_hash([DIARIZATION_VERSION, asdict(encoder), clip_uri])
    return layout.derived_key(VECTORS, owner, identity), owner, identity


def _samples(clip: Row, settings: JobSettings) -> Waveform:
    whole = (clip["start_ms"], clip["end_ms"])
    heard = clip_sounds(ClipObject(clip["clip_uri"], whole[0]), [whole], settings.store)[whole]
    if isinstance(heard, ModelError):
        raise heard
    return heard.samples


def _encoded(samples: Waveform, start_ms: int, encoder: str) -> SpeechVectors:
    """The vectors of a clip's speech.

    Raises:
        ModelError: the encoder failed; the other recordings have their turns.
    """
    try:
        return speech_vectors(samples, start_ms, load_voice_encoder(encoder))
    except (Af3Error, ImportError):  # these are no clip's
        raise
    except Exception as error:
        raise as_model_error(error) from error


def _diarized(clips: Sequence[SpeechVectors], encoder: VoiceEncoderIdentity) -> Diarization:
    try:
        return diarize(clips, DiarizationLimits.of(encoder))
    except Af3Error:
        raise
    except Exception as error:
        raise as_model_error(error) from error
