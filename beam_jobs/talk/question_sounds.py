"""What a conversation is about: a sound file, or a place in an archive that was annotated."""

from __future__ import annotations

from pathlib import Path

from af3core.audio.clip_file import as_waveform
from af3core.audio.decode import decode_whole
from af3core.dialogue.script import Moment, moment_of
from af3core.errors import ConfigurationError, ModelError
from af3core.model.audio_limits import AudioLimit
from af3core.model.request import Sound
from af3core.storage.address import store_at
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.views import ask_published, translated_errors
from beam_jobs.output.next_command import af3

SILENT_PEAK = 0.001
"""-60 dBFS: below it lies a microphone that is muted, and nothing that is said into one."""
_AT = """
SELECT s.clip_uri, s.clip_start_ms, s.start_ms, s.end_ms
FROM segments s JOIN recordings r USING (corpus, date, recording_id)
WHERE ends_with('/' || r.object_uri, '/' || ?) AND s.start_ms <= ? AND s.end_ms > ?
ORDER BY r.object_uri, s.start_ms LIMIT 1
"""


def sound_of_file(path: str, limit: AudioLimit) -> Sound:
    """A sound file of any format, as the model hears it.

    Raises:
        ConfigurationError: there is no such file.
        MediaError: it cannot be decoded, or it is longer than the model hears.
    """
    if not Path(path).is_file():
        raise ConfigurationError(f"{path}: there is no such sound file")
    return decoded_sound(Path(path), path, limit.max_s)


def decoded_sound(path: Path, name: str, limit_s: float) -> Sound:
    """The whole of a file, as the model hears it; `name` stands in errors.

    Raises:
        MediaError: it cannot be decoded, or it is longer than the limit.
    """
    return Sound(as_waveform(decode_whole(path, name, limit_s)))


def sound_about(about: str, out: str, limit: AudioLimit) -> Sound:
    """A file's sound, or the segment at OBJECT@M:SS of an archive.

    Raises:
        ConfigurationError: no such file, place or archive.
        ModelError: the segment's clip cannot be read.
    """
    moment = moment_of(about)
    return sound_of_file(about, limit) if moment is None else _sound_at(moment, about, out)


def _sound_at(moment: Moment, about: str, out: str) -> Sound:
    values = [moment.object_name, moment.time_ms, moment.time_ms]
    with translated_errors(out):
        found = ask_published(out, lambda database: database.execute(_AT, values).fetchone())
    if found is None:
        raise ConfigurationError(
            f"--about {about}: no segment of {out} is there; {af3('search', out=out)} finds places"
        )
    clip_uri, clip_start_ms, start_ms, end_ms = found
    span = (start_ms, end_ms)
    sound = clip_sounds(ClipObject(clip_uri, clip_start_ms), [span], store_at(out))[span]
    if isinstance(sound, ModelError):
        raise sound
    return sound
