"""How a night is cut, asked, judged and run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from schemas.options.option import OptionGroup, above_zero, not_negative, option, share

SilenceRule = Literal["fixed", "auto"]
EngineName = Literal["af3", "transformers", "openai"]
DtypeName = Literal["float32", "bfloat16", "int8"]
"""How weights are held and computed with."""
LOW_BIT: tuple[DtypeName, ...] = ("int8",)
"""Of our engine alone: the decoder's linear layers have so many bits, and all is computed in
bfloat16."""
COMPUTED_BYTES: dict[DtypeName, int] = {"float32": 4, "bfloat16": 2, "int8": 2}
"""Of a number of activations, keys and values, and of all weights that have no fewer bits."""
ServerName = Literal["auto", "vllm", "sglang", "transformers", "openai"]
"""What serves a model; `auto` is what the server says of itself."""
PromptFormName = Literal["hf", "authors"]
"""How sounds and words are put to a model: as transformers' processor does, or as its authors."""
DEFAULT_PROMPT_FORM: PromptFormName = "hf"
DEFAULT_BATCH_TOKENS = 65_536
BatchingName = Literal["auto", "clip", "continuous"]
"""Which questions a model answers together; the second is the field's continuous batching."""
API_KEY_VARIABLE = "AF3_API_KEY"
"""The environment variable that holds a server's key: no key stands in a command or a log."""


DEFAULT_MAX_CLIP_S = 600.0
"""Ten minutes: what AF3 hears."""
AUTO = "auto"
DEFAULT_SERVED_AUDIO_S = 600.0
"""What a served model is taken to hear: as AF3. No server says it of its model."""


def _a_window(value: float) -> str | None:
    """The encoder's windows are of 30 s."""
    return None if 30.0 <= value < math.inf else "must be 30 or more"


@dataclass(frozen=True, kw_only=True)
class Cutting(OptionGroup):
    """Cutting."""

    max_clip_s: float | Literal["auto"] = option(
        DEFAULT_MAX_CLIP_S,
        "longest clip, at most what the model hears, or auto: just that (default: {default})",
        "S",
    )
    max_segment_s: float = option(30.0, "longest segment, at most 30 (default: {default})", "S")
    target_segment_s: float = option(15.0, "what segment lengths tend to (default: {default})", "S")
    silence_dbfs: float = option(
        -60.0, "below this level nothing is annotated (default: {default})", "DBFS"
    )
    silence: SilenceRule = option(
        "fixed",
        "fixed (--silence-dbfs), or auto: measured against a recording's own level where that is"
        " low; it is decoded twice (default: {default})",
    )
    track: str = option(
        "default",
        "audio track that is heard: default (as a player chooses), all, its number from 0, or its"
        " language as the container has it (default: {default})",
        "TRACK",
    )
    channels: str = option(
        "mix",
        "channels that are heard: mix (all as one), each (segments of each channel), loudest (the"
        " one with most energy), or a number from 0 (default: {default})",
        "CHANNELS",
    )


@dataclass(frozen=True, kw_only=True)
class Model(OptionGroup):
    """Model."""

    model: str = option(
        "nano",
        "nano (embedded, a toy that knows only its synthetic world), a folder, gs://BUCKET/…, or a"
        " hub id such as nvidia/audio-flamingo-3-hf (default: {default})",
        "MODEL",
        key="name",
    )
    model_revision: str | None = option(None, "commit of a hub id to pin", "REV", key="revision")
    think_model: str | None = option(
        None,
        "whole checkpoint that answers where the model is to think, such as"
        " nvidia/audio-flamingo-next-think-hf; of --engine af3",
        "MODEL",
        recorded_at_default=False,
    )
    think_model_revision: str | None = option(
        None, "commit of its hub id to pin", "REV", recorded_at_default=False
    )
    engine: EngineName = option(
        "af3",
        "af3 (ours, the fastest), transformers (its generate), or openai (a"
        f" server such as vLLM; its key in {API_KEY_VARIABLE}) (default: {{default}})",
    )
    dtype: DtypeName = option(
        "float32",
        "number format of the weights: float32, bfloat16, or int8 (of --engine af3, for smaller"
        " GPUs: the decoder in eight bits, computed in bfloat16) (default: {default})",
    )
    max_audio_s: float = option(
        DEFAULT_SERVED_AUDIO_S,
        "what a served model hears at once, in whole windows of 30 s; of --engine openai, as no"
        " server says it (default: {default})",
        "S",
        rule=_a_window,
        recorded_at_default=False,
    )
    prompt_form: PromptFormName = option(
        DEFAULT_PROMPT_FORM,
        "how sounds and words are put to the model: hf, as transformers' processor does, or"
        " authors, as NVIDIA's own code: newlines around sounds, their peak at full scale; of"
        " --engine af3 and transformers (default: {default})",
        recorded_at_default=False,
    )


@dataclass(frozen=True, kw_only=True)
class Endpoint(OptionGroup):
    """Model."""

    endpoint: str | None = option(None, "of --engine openai, such as http://gpu:8000/v1", "URL")
    server: ServerName = option(
        "auto",
        "what --endpoint is: vllm, sglang, transformers (transformers serve), openai (its own"
        " servers, and others that keep the order of a message's parts), or auto: what it says of"
        " itself (default: {default})",
        recorded_at_default=False,
    )


@dataclass(frozen=True, kw_only=True)
class Compute(OptionGroup):
    """Machine."""

    device: Literal["auto", "cpu", "cuda"] = option(
        "auto", "what the model runs on (default: {default})"
    )
    batch_tokens: int = option(
        DEFAULT_BATCH_TOKENS,
        "tokens whose keys and values are held at once, 56 KiB each for AF3 in bfloat16; lower it"
        " where memory is short. At the default a GPU holds as many as its free memory has room"
        " for (default: {default})",
        "N",
        rule=above_zero,
    )


@dataclass(frozen=True, kw_only=True)
class Batching(OptionGroup):
    """Machine."""

    batching: BatchingName = option(
        "auto",
        "what the model is asked at once: clip (about one clip: the same to the last digit),"
        " continuous (about many: it never waits), or auto: continuous on a GPU, else clip"
        " (default: {default})",
    )


@dataclass(frozen=True, kw_only=True)
class Tasks(OptionGroup):
    """Tasks."""

    tasks: str | None = option(
        None, "YAML file of tasks, local or gs:// (default: built in)", "FILE"
    )
    only: tuple[str, ...] = option(
        (), "only these tasks of the file, by commas; repeatable", "TASK"
    )
    ask: dict[str, str] = option(
        {},
        "one more open question; repeatable. Only what is new is asked",
        "NAME=QUESTION",
        on_templates=False,
    )


@dataclass(frozen=True, kw_only=True)
class Budget(OptionGroup):
    """Budget."""

    max_gpu_hours: float | None = option(
        None,
        "what the interval may cost; beyond it the plan is over budget (default: none)",
        "H",
        rule=not_negative,
    )
    gpu_price: float = option(
        0.0, "money per GPU hour (default: {default})", "X", rule=not_negative
    )
    gpu_rate: float = option(
        20.0,
        "seconds of audio per second of GPU, until annotate has measured it (default: {default})",
        "X",
        rule=above_zero,
    )


@dataclass(frozen=True, kw_only=True)
class Approval(OptionGroup):
    """Budget."""

    dry_run: bool = option(
        False, "only plan: say what came in, what is done and what the rest costs", key=""
    )
    yes: bool = option(False, "go on over the budget without being asked", key="")


@dataclass(frozen=True, kw_only=True)
class AuditLimits(OptionGroup):
    """Limits."""

    max_failed_share: float = option(
        0.25,
        "recordings, seconds that may fail (default: {default})",
        "SHARE",
        rule=share,
    )
    max_waiting_share: float = option(
        0.05,
        "recordings, seconds that may wait (default: {default})",
        "SHARE",
        rule=share,
    )
    max_flagged_share: float = option(
        0.5, "answers that may carry a flag (default: {default})", "SHARE", rule=share
    )


@dataclass(frozen=True, kw_only=True)
class Publishing(OptionGroup):
    """What is published."""

    accept_fewer: bool = option(
        False,
        "publish although a published task is left without an answer for audio that it covers",
        key="",
    )
    drop_task: tuple[str, ...] = option(
        (), "publish this task's answers no longer; repeatable", "NAME", key=""
    )


@dataclass(frozen=True, kw_only=True)
class Retry(OptionGroup):
    """What is done again."""

    failed_by: tuple[str, ...] = option(
        (),
        "what was given up with this error_class of the table failures, such as DecoderCrashed;"
        " repeatable",
        "CLASS",
        key="",
    )
    recut: bool = option(
        False, "what an earlier release heard otherwise than this one would", key=""
    )
    yes: bool = option(False, "ask for it; without, only say what would be done again", key="")


@dataclass(frozen=True, kw_only=True)
class Split(OptionGroup):
    """One part of the work."""

    part: str | None = option(
        None,
        "only part I (from 0) of N; parts are disjoint, for machines side by side",
        "I/N",
        key="",
    )


@dataclass(frozen=True, kw_only=True)
class GpuProcesses(OptionGroup):
    """Machine."""

    gpus: int | Literal["all"] | None = option(
        None,
        "a process for each of so many GPUs of this machine, or of all; they share the clips. With"
        " --device cpu so many processes of the CPU (default: one process)",
        "N",
        rule=above_zero,
        on_templates=False,
    )


@dataclass(frozen=True, kw_only=True)
class Accelerator(OptionGroup):
    """Workers of the model."""

    accelerator: str | None = option(
        None,
        "what the model's workers need, as a resource hint of Beam's, such as"
        ' "type:nvidia-l4;count:1;install-nvidia-driver"; the other steps run without it',
        "HINT",
        key="",
    )


@dataclass(frozen=True, kw_only=True)
class Run(OptionGroup):
    """Run."""

    run_id: str | None = option(None, "name of the run (default: made)", "ID", key="")
    report: str | None = option(
        None,
        "write how the job ended, as JSON, to this file too",
        "FILE",
        key="",
        on_templates=False,
    )
    watched_by: str | None = option(
        None,
        "end the job when nobody touches it",
        "FILE",
        key="",
        on_templates=False,
        of_launchers=True,
    )
    patience_s: float = option(
        900.0,
        "patience of --watched-by (default: {default})",
        "S",
        key="",
        rule=above_zero,
        on_templates=False,
        of_launchers=True,
    )


@dataclass(frozen=True, kw_only=True)
class Sizing(OptionGroup):
    """On paper: instead of SOURCE, what an archive of so many hours needs."""

    hours: float | None = option(
        None,
        "hours of audio, at the rate that --out and --corpus were annotated with last, or else at"
        " --gpu-rate",
        "H",
        key="",
        rule=above_zero,
        on_templates=False,
    )
    window_h: float = option(
        8.0,
        "hours in which all is to be annotated (default: {default}, a night)",
        "H",
        key="",
        rule=above_zero,
        on_templates=False,
    )
    days: int = option(
        1,
        "archive days they lie in (default: {default})",
        "N",
        key="",
        rule=above_zero,
        on_templates=False,
    )
