"""Where speech is: by the published model file, in pieces as in one, without the package's torch."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from af3core.audio.decode import read_pcm
from af3core.audio.voice_activity import MODEL_FILE, MODEL_SHA256, SpeechDetector
