"""What a night may cost, and how good it must be to be published."""

from __future__ import annotations

import math
from dataclasses import dataclass

from af3core.errors import ConfigurationError


@dataclass(frozen=True)
class Limits:
    """Limits of a run.

    Attributes:
        max_recording_h: longer recordings become failures.
        max_gpu_hours: beyond it the plan is over budget; None is no budget.
        gpu_price: money per GPU hour.
        gpu_rate: seconds of audio per second of GPU, until a night has been measured.
        max_failed_share: of recordings and of seconds, 0 to 1.
        max_flagged_share: of answers, 0 to 1.
    """

    max_recording_h: float = 24.0
    max_gpu_hours: float | None = None
    gpu_price: float = 0.0
    gpu_rate: float = 20.0
    max_failed_share: float = 0.25
    max_flagged_share: float = 0.5

    def __post_init__(self) -> None:
        for name, value in (
            ("max-recording-h", self.max_recording_h),
            ("gpu-rate", self.gpu_rate),
        ):
            if not (math.isfinite(value) and value > 0):
                raise ConfigurationError(f"--{name} {value:g}: must be more than 0")
        for name, amount in (
            ("gpu-price", self.gpu_price),
            ("max-gpu-hours", self.max_gpu_hours),
        ):
            if amount is not None and not (math.isfinite(amount) and amount >= 0):
                raise ConfigurationError(f"--{name} {amount:g}: must be 0 or more")
        for name, share in (
            ("max-failed-share", self.max_failed_share),
            ("max-flagged-share", self.max_flagged_share),
        ):
            if not 0 <= share <= 1:
                raise ConfigurationError(f"--{name} {share:g}: a share lies between 0 and 1")
