"""`python -m af3core.nano`: make the training data, train, and evaluate the embedded model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.nano import checkpoint_path


def main(arguments: list[str] | None = None) -> int:
    """Run one step, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m af3core.nano",
        description="Make nano, the embedded model: data, training, evaluation.",
    )
    parser.add_argument("step", choices=("make-data", "train", "evaluate", "all"))
    parser.add_argument("--work", type=Path, default=Path("nano-work"), help="shards and state")
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_path())
    parser.add_argument(
        "--shards", type=int, default=36, help="of 400 scenes, some 80 minutes each"
    )
    parser.add_argument("--minutes", type=float, default=120, help="of training, wall clock")
    parser.add_argument("--rate", type=float, default=8e-4, help="of learning, at its peak")
    parser.add_argument("--start", type=Path, help="a checkpoint to train on from")
    parser.add_argument("--scenes", type=int, default=150, help="to evaluate on, in each part")
    try:
        _run(parser.parse_args(arguments))
    except ConfigurationError as error:
        print(f"nano: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.step in ("make-data", "all"):
        _make_data(options.work / "shards", options.shards)
    if options.step in ("train", "all"):
        from af3core.nano.train import Training, train

        shards = options.work / "shards"
        train(Training(shards, options.checkpoint, options.minutes, options.rate, options.start))
    if options.step in ("evaluate", "all"):
        from af3core.nano.evaluate import evaluate

        evaluate(options.checkpoint, options.scenes)


def _make_data(folder: Path, count: int) -> None:
    from af3core.nano.data import make_shard, shard_paths
    from af3core.nano.scenes import Cast

    finished = {int(path.stem) for path in shard_paths(folder)}
    for index in sorted(set(range(count)) - finished):
        print(f"shard {index}: {make_shard(folder, index, Cast()):.2f} h", flush=True)


if __name__ == "__main__":
    sys.exit(main())
