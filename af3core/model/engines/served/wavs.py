"""The sounds of requests as a server is sent them: WAV in base64."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Sequence
from io import BytesIO

from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.request import Request, Waveform


class Wavs:
    """Sounds as WAV in base64: made once, dropped after the last request that has them."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._uses = Counter(id(sound) for request in requests for sound in request.sounds)
        self._encoded: dict[int, str] = {}
        self._lock = threading.Lock()

    def take(self, request: Request) -> list[str]:
        """Those of one request, once, in the order of its sounds."""
        taken = []
        with self._lock:
            for sound in request.sounds:
                key = id(sound)
                if key not in self._encoded:
                    self._encoded[key] = base64.b64encode(encode_wav(sound.samples)).decode()
                taken.append(self._encoded[key])
                self._uses[key] -= 1
                if not self._uses[key]:
                    del self._encoded[key]
        return taken


def encode_wav(samples: Waveform) -> bytes:
    """`[samples]` at 16 kHz mono as a WAV file of 16 bits; what is beyond [-1, 1] is clipped."""
    import soundfile

    buffer, clipped = BytesIO(), samples.clip(-1.0, 1.0)
    soundfile.write(buffer, clipped, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def order_for_prefix_cache(requests: Sequence[Request]) -> list[int]:
    """Positions, those with the same sounds in a row: a server that caches prefixes has them."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, request in enumerate(requests):
        key = (request.weights, *map(id, request.sounds))
        groups.setdefault(key, []).append(index)
    return [index for group in groups.values() for index in group]
