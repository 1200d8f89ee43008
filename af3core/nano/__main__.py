"""`python -m af3core.nano`: make data, train, evaluate, and train on with an export."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.model.weights.checkpoint import nano_folder


def main(arguments: list[str] | None = None) -> int:
    """Run one step, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m af3core.nano",
        description="Make nano, the embedded model: data, training, evaluation. Or train it on with"
        " an export of annotated recordings: train-on EXPORT --checkpoint NEW.",
    )
    parser.add_argument("step", choices=("make-data", "train", "evaluate", "all", "train-on"))
    parser.add_argument(
        "export", nargs="?", type=Path, help="of train-on: a folder of af3 export --format af3"
    )
    parser.add_argument("--work", type=Path, default=Path("nano-work"), help="shards and state")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="to write or evaluate (default: nano's own; not of train-on)",
    )
    parser.add_argument(
        "--shards", type=int, default=36, help="of 400 scenes, some 80 minutes each"
    )
    parser.add_argument(
        "--minutes", type=float, help="of training, wall clock (default: 120; train-on: 10)"
    )
    parser.add_argument(
        "--rate", type=float, help="of learning, at its peak (default: 8e-4; train-on: 4e-4)"
    )
    parser.add_argument(
        "--start", type=Path, help="a checkpoint to train on from (default of train-on: nano)"
    )
    parser.add_argument("--scenes", type=int, default=150, help="to evaluate on, in each part")
    try:
        options = parser.parse_args(arguments)
        if (options.step == "train-on") != (options.export is not None):
            raise ConfigurationError(f"{options.step}: EXPORT is of train-on, which needs one")
        _run(options)
    except ConfigurationError as error:
        print(f"nano: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nano: interrupted; what was saved last stays", file=sys.stderr)
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.step == "train-on":
        _train_on(options)
        return
    checkpoint = options.checkpoint or nano_folder()
    if options.step in ("make-data", "all"):
        _make_data(options.work / "shards", options.shards)
    if options.step in ("train", "all"):
        from af3core.nano.train import PEAK_RATE, Training, train

        minutes, rate = options.minutes or 120, options.rate or PEAK_RATE
        train(Training(options.work / "shards", checkpoint, minutes, rate, options.start))
    if options.step in ("evaluate", "all"):
        from af3core.nano.held_out_scores import evaluate

        evaluate(checkpoint, options.scenes)


def _train_on(options: argparse.Namespace) -> None:
    if options.checkpoint is None:
        raise ConfigurationError("train-on: --checkpoint is missing: name a folder for the model")
    from af3core.nano.train_on import PEAK_RATE, TrainingOn, train_on

    minutes, rate = options.minutes or 10, options.rate or PEAK_RATE
    start = options.start or nano_folder()
    train_on(TrainingOn(options.export, start, options.checkpoint, minutes, rate))


def _make_data(folder: Path, count: int) -> None:
    from af3core.nano.scenes import Cast
    from af3core.nano.training_data import make_shard, shard_paths

    finished = {int(path.stem) for path in shard_paths(folder)}
    for index in sorted(set(range(count)) - finished):
        print(f"shard {index}: {make_shard(folder, index, Cast()):.2f} h", flush=True)


if __name__ == "__main__":
    sys.exit(main())
