"""AF-Chat: conversations about several recordings (AF3, arXiv 2507.08128).

A conversation is one item: its last turn is asked, the earlier ones stand before it as text, with
their reference answers. The paper rates every turn, on a test of 200 that is not known to be
published.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data, Row, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Fault, Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.judges import AF_CHAT

_MARKER = re.compile(r"<sound-(\d+)>|\[sound (\d+)\]")
_SHOWN = re.compile(r"\[sound (\d+)\]")


def read(data: Data) -> Listing:
    """Every .json file below the data, in the order of their names.

    Raises:
        BenchmarkData: there is none.
    """
    keys = data.ending(".json")
    if not keys:
        raise BenchmarkData(
            f"{data.address}: there is no .json; --data is the folder with sound.json, MSD.json or"
            " Music4ALL.json"
        )
    items, faults = [], []
    for key in keys:
        sounds = Sounds(data, key)
        for row in data.json(key):
            item, fault = _item(row, sounds, PurePosixPath(key).stem)
            items.append(item)
            faults += [Fault(item.item_id, fault)] if fault else []
    return Listing(tuple(items), tuple(faults))


def _item(row: Row, sounds: Sounds, part: str) -> tuple[Item, str]:
    """A conversation up to its last answered question, and what is wrong with it."""
    turns = [(field(turn, "from"), str(field(turn, "value"))) for turn in row["conversations"]]
    while turns and turns[-1][0] != "gpt":
        turns.pop()
    name, paths = str(field(row, "id")), field(row, "sound")
    paths = [paths] if isinstance(paths, str) else paths
    if len(turns) < 2 or turns[-2][0] != "human":
        return Item(name, (), ""), "the conversation has no question with an answer"
    asked = [text for side, text in turns if side == "human"]
    numbers = {int(one or two) for text in asked for one, two in _MARKER.findall(text)}
    heard = sorted(number for number in numbers if 0 < number <= len(paths))
    order = {number: place for place, number in enumerate(heard, 1)}
    earlier = [
        f"User: {_shown(text, order)}" if side == "human" else f"Assistant: {_named(text, order)}"
        for side, text in turns[:-2]
    ]
    item = Item(
        item_id=name,
        sounds=tuple(sounds.by_path(str(paths[number - 1])) for number in heard)
        or tuple(sounds.by_path(str(path)) for path in paths),
        question=_shown(turns[-2][1], order),
        answers=(_named(turns[-1][1], order),),
        groups=(("part", part), ("turns", str(len(asked)))),
        context="\n".join(earlier),
    )
    lost = sorted(numbers - set(heard))
    return item, f"<sound-{lost[0]}> is named, the list has {len(paths)} sounds" if lost else ""


def _shown(text: str, order: dict[int, int]) -> str:
    """A user's words with "[sound 1]" where the first of the item's sounds is heard."""

    def show(match: re.Match[str]) -> str:
        number = int(match[1] or match[2])
        return f"[sound {order[number]}]" if number in order else f"sound {number}"

    return _MARKER.sub(show, " ".join(text.split()))


def _named(text: str, order: dict[int, int]) -> str:
    """An answer's words; a sound that it names is not heard again."""

    def name(match: re.Match[str]) -> str:
        number = int(match[1] or match[2])
        return f"sound {order.get(number, number)}"

    return _MARKER.sub(name, " ".join(text.split()))


def prompt(item: Item) -> str:
    """The earlier turns as text and then the last question, sounds where they are named.

    A conversation of one turn is asked as it stands.
    """
    said = f"{item.context}\nUser: {item.question}" if item.context else item.question
    return _SHOWN.sub(r"<sound-\1>", said)


BENCHMARKS = (
    Benchmark(
        name="af-chat",
        title="AF-Chat",
        files="sound.json, MSD.json or Music4ALL.json of nvidia/AF-Chat, and the sounds that they"
        " name: id, sound, conversations (from, value). These are what the model was trained on;"
        " the paper's test of 200 conversations is not known to be published",
        read=read,
        prompt=prompt,
        metric=Metric("judge", judging=AF_CHAT, scale=1.0),
        prompt_source="the turns as published, of nvidia/AF-Chat; earlier ones as text, ours: the"
        " last turn alone is asked, after the reference answers",
        max_new_tokens=512,
    ),
)
