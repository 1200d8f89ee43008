"""The options of all jobs. One command line serves every job of a night."""

from __future__ import annotations

import argparse

from af3core.audio.cut import Segmentation
from af3core.limits import Limits
from af3core.model.checkpoint import AF3_HUB_ID
from af3core.model.engines import API_KEY_VARIABLE, ENGINE_NAMES
from beam_jobs.accepting import add_accepting
from beam_jobs.deriving import add_deriving
from beam_jobs.describing import add_describing
from beam_jobs.evaluating import add_evaluating


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options in groups; every job takes all of them."""
    _add_archive(parser)
    _add_cutting(parser)
    _add_asking(parser)
    _add_limits(parser)
    add_deriving(parser)
    add_describing(parser)
    add_evaluating(parser)
    add_accepting(parser)
    _add_running(parser)


def _add_archive(parser: argparse.ArgumentParser) -> None:
    archive = parser.add_argument_group("archive")
    archive.add_argument(
        "--out", metavar="DIR", help="folder or gs://BUCKET/PREFIX for tables, clips and ledger"
    )
    archive.add_argument(
        "--corpus", default="default", metavar="NAME", help="name of the corpus (default: default)"
    )
    archive.add_argument("--date", metavar="DAY", help="one archive day, YYYY-MM-DD")
    archive.add_argument("--since", metavar="DAY", help="first archive day (default: all)")
    archive.add_argument("--until", metavar="DAY", help="last archive day (default: all)")
    archive.add_argument(
        "--date-from",
        choices=["auto", "path", "mtime"],
        default="auto",
        help="what dates an object: a date in its path, its last change, or the first of the"
        " two that there is (default: auto)",
    )
    archive.add_argument(
        "--max-recording-h",
        type=float,
        default=Limits().max_recording_h,
        metavar="H",
        help="longer recordings become failures (default: 24)",
    )


def _add_cutting(parser: argparse.ArgumentParser) -> None:
    cut = Segmentation()
    cutting = parser.add_argument_group("cutting")
    for option, default, text in (
        ("--max-clip-s", cut.max_clip_s, "longest clip, at most 600"),
        ("--max-segment-s", cut.max_segment_s, "longest segment, at most 30"),
        ("--target-segment-s", cut.target_segment_s, "what segment lengths tend to"),
        ("--silence-dbfs", cut.silence_dbfs, "below this level nothing is annotated"),
    ):
        cutting.add_argument(
            option, type=float, default=default, metavar="X", help=f"{text} (default: {default:g})"
        )


def _add_asking(parser: argparse.ArgumentParser) -> None:
    asking = parser.add_argument_group("asking")
    asking.add_argument(
        "--model",
        default="nano",
        help="nano (embedded, a toy that knows only its synthetic world), a folder, gs://BUCKET/…,"
        f" or a hub id such as {AF3_HUB_ID} (default: nano)",
    )
    asking.add_argument("--model-revision", metavar="REV", help="commit of a hub id to pin")
    asking.add_argument(
        "--tasks", metavar="FILE", help="YAML file of tasks, local or gs:// (default: built in)"
    )
    asking.add_argument(
        "--only",
        action="append",
        metavar="TASK",
        help="only these tasks of the file, by commas; repeatable",
    )
    asking.add_argument(
        "--ask",
        action="append",
        metavar="NAME=QUESTION",
        help="one more open question; repeatable. Only what is new is asked",
    )
    asking.add_argument(
        "--engine",
        choices=ENGINE_NAMES,
        default="af3",
        help="af3 (ours, the fastest), transformers (its generate; Music Flamingo too), or openai"
        f" (a server such as vLLM; its key in {API_KEY_VARIABLE}) (default: af3)",
    )
    asking.add_argument(
        "--endpoint", metavar="URL", help="of --engine openai, such as http://gpu:8000/v1"
    )
    asking.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    asking.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    asking.add_argument(
        "--batch-tokens",
        type=int,
        default=65_536,
        metavar="N",
        help="tokens whose keys and values are held at once, 56 KiB each for AF3 in bfloat16;"
        " lower it where memory is short (default: 65536)",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    limits = parser.add_argument_group("limits")
    known = Limits()
    limits.add_argument(
        "--max-gpu-hours",
        type=float,
        metavar="H",
        help="plan: what the interval may cost; beyond it the plan is over budget (default: none)",
    )
    for option, default, text in (
        ("--gpu-price", known.gpu_price, "plan: money per GPU hour"),
        (
            "--gpu-rate",
            known.gpu_rate,
            "plan: seconds of audio per second of GPU, until annotate has measured it",
        ),
        (
            "--max-failed-share",
            known.max_failed_share,
            "audit: share of recordings and of seconds that may fail",
        ),
        (
            "--max-flagged-share",
            known.max_flagged_share,
            "audit: share of answers that may carry a flag",
        ),
    ):
        limits.add_argument(
            option, type=float, default=default, metavar="X", help=f"{text} (default: {default:g})"
        )


def _add_running(parser: argparse.ArgumentParser) -> None:
    running = parser.add_argument_group("running")
    running.add_argument(
        "--shards",
        type=int,
        default=1,
        metavar="N",
        help="objects per table and day; a day keeps the number it has (default: 1)",
    )
    running.add_argument(
        "--part",
        metavar="I/N",
        help="annotate: only part I (from 0) of N; parts are disjoint, for machines side by side",
    )
    running.add_argument(
        "--accelerator",
        metavar="HINT",
        help="annotate: what the model's workers need, as a resource hint of Beam's, such as"
        ' "type:nvidia-l4;count:1;install-nvidia-driver"; the other steps run without it',
    )
    running.add_argument("--run-id", metavar="ID", help="name of the run (default: made)")
    running.add_argument(
        "--report", metavar="FILE", help="write how the job ended, as JSON, to this file too"
    )
    running.add_argument(
        "--watched-by",
        metavar="FILE",
        help="end the job when nobody has touched this file for 15 minutes",
    )
