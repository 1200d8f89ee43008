"""The jobs by name, and what each needs before it can start."""

from __future__ import annotations

from typing import Literal

JobName = Literal[
    "night",
    "discover",
    "plan",
    "segment",
    "annotate",
    "audit",
    "publish",
    "report",
    "index",
    "export",
    "quality",
    "events",
    "embed",
    "skills",
    "summarise",
    "describe",
    "dialogues",
    "chat",
    "evaluate",
    "accept",
]
WITH_SOURCE: tuple[JobName, ...] = ("night", "discover", "plan")
WITHOUT_MODEL: tuple[JobName, ...] = (
    "discover",
    "segment",
    "index",
    "export",
    "quality",
    "describe",
)
WITH_WEIGHTS: tuple[JobName, ...] = (
    "night",
    "annotate",
    "events",
    "embed",
    "skills",
    "summarise",
    "dialogues",
    "chat",
    "evaluate",
)
