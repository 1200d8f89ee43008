"""From a figure of matplotlib to SVG text that a page can hold.

A chart is 360 units wide, so that its text is legible on a phone. It is in two kinds of text:
what matplotlib lays out (numbers), and words from data, for which placeholders are drawn. Thus no
archive's text is read as mathematics, and none is measured in a font that lacks its script.

Colours are variables of CSS with what they are without a page: `--chart-ink`, `--chart-quiet`,
`--chart-rule`, `--chart-main`, `--chart-pale`, `--chart-alert`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from unicodedata import east_asian_width
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

WIDTH = 360
TEXT_SIZE = 11
TITLE_SIZE = 13

INK = "#1f2328"
QUIET = "#5f6670"
RULE = "#d8dbdf"
MAIN = "#0b5c94"
PALE = "#a9b4be"
ALERT = "#d1550f"
"""A blue, a light grey and vermilion: told apart by the colour-blind, and in grey."""

_VARIABLES = {
    INK: "--chart-ink",
    QUIET: "--chart-quiet",
    RULE: "--chart-rule",
    MAIN: "--chart-main",
    PALE: "--chart-pale",
    ALERT: "--chart-alert",
}
_FONT = "var(--chart-font, system-ui, sans-serif)"
_UNITS_PER_INCH = 72
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"#([\w-]+)")
_drawing = threading.Lock()


@dataclass(frozen=True)
class Words:
    """What a chart says to those who do not see it: its name, and all that it shows."""

    title: str
    description: str


def new_figure(height: float) -> Figure:
    """An empty figure, `WIDTH` units wide."""
    figure = Figure(figsize=(WIDTH / _UNITS_PER_INCH, height / _UNITS_PER_INCH))
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    return figure


def new_axes(
    figure: Figure, left: float, bottom: float, right: float, top: float, grid: str = "y"
) -> Axes:
    """Axes between those distances from the figure's edges, without a frame; rules along `grid`."""
    height = figure.get_figheight() * _UNITS_PER_INCH
    axes = figure.add_axes(
        (
            left / WIDTH,
            bottom / height,
            (WIDTH - left - right) / WIDTH,
            (height - bottom - top) / height,
        )
    )
    axes.patch.set_visible(False)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom" and grid == "y")
        spine.set_color(QUIET)
    axes.tick_params(length=0, labelsize=TEXT_SIZE, labelcolor=QUIET, pad=4)
    if grid:
        axes.grid(axis="x" if grid == "x" else "y", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
    return axes


def write_at(
    figure: Figure, x: float, from_top: float, text: str, *, color: str = INK, bold: bool = False
) -> None:
    """Text at a distance from the figure's upper left corner."""
    height = figure.get_figheight() * _UNITS_PER_INCH
    figure.text(
        x / WIDTH,
        1 - from_top / height,
        text,
        size=TITLE_SIZE if bold else TEXT_SIZE,
        color=color,
        weight="bold" if bold else "normal",
    )


def as_svg(figure: Figure, words: Words, texts: Mapping[str, str]) -> str:
    """The figure as an `<svg>` that fills its place; equal input gives equal text.

    Args:
        figure: what was drawn.
        words: name and description.
        texts: words from data, by the placeholders that were drawn for them.
    """
    told = [words.title, words.description, *texts.values()]
    salt = hashlib.sha256("\0".join(told).encode("utf-8", "replace")).hexdigest()[:12]
    buffer = BytesIO()
    # matplotlib keeps its settings once per process
    with _drawing, matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 (written by matplotlib just now)
    _plain_names(root)
    _drop(root, ("metadata", "style"))
    _keep_what_is_used(root, salt)
    _restyle(root, texts)
    _name(root, words, salt)
    return ElementTree.tostring(root, encoding="unicode")


def shorten(text: str, characters: int) -> str:
    """The text on one line, as long as so many letters; characters of East Asia count twice."""
    text = " ".join(text.split())
    widths = accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
    fitting = sum(width <= characters for width in widths)
    return text if fitting == len(text) else text[: fitting - 1].rstrip() + "…"


def number(value: float, digits: int = 6) -> str:
    """A number for people: separators of thousands, a real minus."""
    return f"{value:,.{digits}g}".replace("-", "−")


def join_parts(parts: Sequence[str]) -> str:
    """A sentence of parts."""
    return "; ".join(parts) + "."


def _plain_names(root: ElementTree.Element) -> None:
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if name.startswith("{")]:
            element.set(name.rpartition("}")[2], element.attrib.pop(name))


def _drop(root: ElementTree.Element, names: Sequence[str]) -> None:
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in names]:
            parent.remove(child)


def _keep_what_is_used(root: ElementTree.Element, salt: str) -> None:
    """Several charts stand in one page: an id must not come twice."""
    used = {
        name
        for element in root.iter()
        for value in element.attrib.values()
        for name in _REFERENCE.findall(value)
    }
    for element in root.iter():
        if element.get("id", "") not in used:
            element.attrib.pop("id", None)
        if element.get("transform", "").startswith("rotate(-0 "):
            element.attrib.pop("transform")
        for key, value in element.attrib.items():
            if key in ("href", "clip-path"):
                element.set(key, _REFERENCE.sub(rf"#c{salt}-\1", value))
        if "id" in element.attrib:
            element.set("id", f"c{salt}-{element.attrib['id']}")


def _restyle(root: ElementTree.Element, texts: Mapping[str, str]) -> None:
    for element in root.iter():
        style = element.get("style")
        if style:
            style = re.sub(r"(font(?:-family)?:[^;]*?)'[^;]*", rf"\1{_FONT}", style)
            for colour, variable in _VARIABLES.items():
                style = style.replace(colour, f"var({variable}, {colour})")
            element.set("style", style)
        if element.tag == "text" and element.text:
            element.text = _NO_XML.sub("\ufffd", texts.get(element.text, element.text))


def _name(root: ElementTree.Element, words: Words, salt: str) -> None:
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib.clear()
    root.attrib |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "chart",
        "viewBox": f"0 0 {width} {height}",
        "width": "100%",
        "role": "img",
        "aria-labelledby": f"c{salt}-title c{salt}-desc",
        "stroke-linejoin": "round",
    }
    for number, (tag, text) in enumerate((("title", words.title), ("desc", words.description))):
        element = ElementTree.Element(tag, {"id": f"c{salt}-{tag}"})
        element.text = _NO_XML.sub("\ufffd", text)
        root.insert(number, element)
