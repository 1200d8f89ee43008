"""Subtitles as files: WebVTT, SubRip, EBU-TT-D, plain text, JSON.

Sources: WebVTT (W3C, w3.org/TR/webvtt1); SubRip has no standard, its readers agree on blocks of a
number, a line of times and text; EBU-TT-D (EBU Tech 3380, a profile of TTML1).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from af3core.subtitles.cue import Cue
from af3core.subtitles.cues import DASH
from schemas.options.reading import SubtitleForm

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_TT = "http://www.w3.org/ns/ttml"
_PARAMETER, _STYLING = f"{_TT}#parameter", f"{_TT}#styling"
_XML, _EBU = "http://www.w3.org/XML/1998/namespace", "urn:ebu:tt:metadata"
_STANDARD = "urn:ebu:tt:distribution:2018-04"
_ESTIMATED = "Times are estimated: the words were not looked for in the sound."


def subtitle_text(cues: Sequence[Cue], form: SubtitleForm, language: str = "") -> str:
    """A whole file.

    Args:
        cues: in order.
        form: its form.
        language: BCP 47 code of the text; empty where it is not known.
    """
    if form == "vtt":
        return _vtt(cues)
    if form == "srt":
        return _srt(cues)
    if form == "ttml":
        return _ttml(cues, language)
    if form == "json":
        return json.dumps([_facts(cue) for cue in cues], ensure_ascii=False, indent=1) + "\n"
    return "".join(f"{dash}{_plain(' '.join(cue.lines))}\n" for dash, cue in _dashed(cues))


def _facts(cue: Cue) -> dict[str, Any]:
    words = [
        {
            "text": word.text,
            "start_ms": word.start_ms,
            "end_ms": word.end_ms,
            "is_doubtful": word.is_doubtful,
            "is_estimated": word.is_estimated,
        }
        for word in cue.words
    ]
    return {
        "start_ms": cue.start_ms,
        "end_ms": cue.end_ms,
        "lines": cue.lines,
        "is_doubtful": cue.is_doubtful,
        "is_estimated": cue.is_estimated,
        "speaker": cue.speaker,
        "words": words,
    }


def _vtt(cues: Sequence[Cue]) -> str:
    blocks = ["WEBVTT\n"]
    if cues and all(cue.is_estimated for cue in cues):
        blocks.append(f"NOTE {_ESTIMATED}\n")
    for number, cue in enumerate(cues, 1):
        lines = [_vtt_text(line) for line in cue.lines]
        if cue.speaker:
            lines[0] = f"<v {_vtt_text(cue.speaker)}>{lines[0]}"
            lines[-1] += "</v>"
        times = f"{clock_text(cue.start_ms, '.')} --> {clock_text(cue.end_ms, '.')}"
        blocks.append(f"{number}\n{times}\n" + "\n".join(lines) + "\n")
    return "\n".join(blocks)


def _vtt_text(text: str) -> str:
    escaped = _plain(text).replace("&", "&amp;")
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def _srt(cues: Sequence[Cue]) -> str:
    blocks = []
    for number, (dash, cue) in enumerate(_dashed(cues), 1):
        lines = [_srt_text(line) for line in cue.lines]
        times = f"{clock_text(cue.start_ms, ',')} --> {clock_text(cue.end_ms, ',')}"
        blocks.append(f"{number}\n{times}\n{dash}" + "\n".join(lines) + "\n")
    return "\n".join(blocks)


def _srt_text(text: str) -> str:
    """SubRip escapes nothing: signs that begin a tag or an arrow become those that look like it."""
    shown = _plain(text).replace("<", "‹").replace(">", "›")
    return shown.replace("{", "(").replace("}", ")")


def _ttml(cues: Sequence[Cue], language: str) -> str:
    for prefix, space in (("tt", _TT), ("ttp", _PARAMETER), ("tts", _STYLING), ("ebuttm", _EBU)):
        ElementTree.register_namespace(prefix, space)
    root = ElementTree.Element(
        f"{{{_TT}}}tt",
        {
            f"{{{_XML}}}lang": language,
            f"{{{_XML}}}space": "default",
            f"{{{_PARAMETER}}}timeBase": "media",
            f"{{{_PARAMETER}}}cellResolution": "50 30",
        },
    )
    head = ElementTree.SubElement(root, f"{{{_TT}}}head")
    metadata = ElementTree.SubElement(head, f"{{{_TT}}}metadata")
    document = ElementTree.SubElement(metadata, f"{{{_EBU}}}documentMetadata")
    ElementTree.SubElement(document, f"{{{_EBU}}}conformsToStandard").text = _STANDARD
    styling = ElementTree.SubElement(head, f"{{{_TT}}}styling")
    _styled(styling, "block", "text", fontFamily="sansSerif", fontSize="160%", lineHeight="125%",
            textAlign="center")  # fmt: skip
    # of the words alone: a block's background would be as wide as the picture
    _styled(styling, "shown", "text", color="#FFFFFF", backgroundColor="#000000C2")
    layout = ElementTree.SubElement(head, f"{{{_TT}}}layout")
    _styled(layout, "below", "region", origin="10% 10%", extent="80% 80%", displayAlign="after")
    body = ElementTree.SubElement(root, f"{{{_TT}}}body")
    division = ElementTree.SubElement(body, f"{{{_TT}}}div", {"style": "block"})
    for number, (dash, cue) in enumerate(_dashed(cues), 1):
        _paragraph(division, number, dash, cue)
    ElementTree.indent(root, " ")
    _keep_spans_together(division)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _styled(parent: ElementTree.Element, name: str, kind: str, **styles: str) -> None:
    tag = "style" if kind == "text" else "region"
    known = {f"{{{_STYLING}}}{key}": value for key, value in styles.items()}
    ElementTree.SubElement(parent, f"{{{_TT}}}{tag}", {f"{{{_XML}}}id": name} | known)


def _paragraph(division: ElementTree.Element, number: int, dash: str, cue: Cue) -> None:
    paragraph = ElementTree.SubElement(
        division,
        f"{{{_TT}}}p",
        {
            f"{{{_XML}}}id": f"s{number}",
            "region": "below",
            "begin": clock_text(cue.start_ms, "."),
            "end": clock_text(cue.end_ms, "."),
        },
    )
    for place, line in enumerate(cue.lines):
        if place:
            ElementTree.SubElement(paragraph, f"{{{_TT}}}br")
        span = ElementTree.SubElement(paragraph, f"{{{_TT}}}span", {"style": "shown"})
        span.text = ("" if place else dash) + _plain(line)


def _keep_spans_together(division: ElementTree.Element) -> None:
    """Spaces between the lines of a paragraph would be shown."""
    for paragraph in division:
        paragraph.text = None
        for child in paragraph:
            child.tail = None


def clock_text(time_ms: int, point: str) -> str:
    """Hours, minutes, seconds and milliseconds: `01:02:03.004`."""
    seconds, ms = divmod(time_ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{ms:03}"


def _dashed(cues: Sequence[Cue]) -> list[tuple[str, Cue]]:
    """Each with a dash where another one speaks than before, if speakers are known."""
    found, before = [], ""
    for cue in cues:
        found.append((DASH if cue.speaker and before and cue.speaker != before else "", cue))
        before = cue.speaker or before
    return found


def _plain(text: str) -> str:
    """In one line, without signs that no text holds."""
    return _CONTROL.sub(" ", text)
