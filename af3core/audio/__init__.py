"""Recordings to clips: probe, decode once, cut at pauses, describe, keep as FLAC."""

SAMPLE_RATE_HZ = 16_000
"""AF3's rate (paper, section 3.1). All decoded audio is mono at this rate."""

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
