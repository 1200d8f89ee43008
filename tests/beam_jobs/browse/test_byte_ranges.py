"""Which bytes a request asks for: whatever is written, they lie in the object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.browse.http.byte_ranges import ByteRange, NotSatisfiable, asked_range

SIZES = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-", ByteRange(0, 10)),
        ("bytes=3-5", ByteRange(3, 6)),
        ("BYTES = 3 - 5", ByteRange(3, 6)),
        ("bytes=9-99", ByteRange(9, 10)),
        ("bytes=-4", ByteRange(6, 10)),
        ("bytes=-99", ByteRange(0, 10)),
        ("bytes=5-3", None),
        ("bytes=-", None),
        ("bytes=0-1,4-5", None),
        ("bytes=" + "9" * 19 + "-", None),
        ("bytes=٣-٥", None),
    ],
)
def test_ranges_of_ten_bytes(header: str | None, expected: ByteRange | None) -> None:
    assert asked_range(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=-1", 0)])
def test_outside(header: str, size: int) -> None:
    with pytest.raises(NotSatisfiable):
        asked_range(header, size)


@given(SIZES, st.integers(0, 10**13), st.integers(0, 10**13))
def test_first_and_last_are_both_sent(size: int, first: int, more: int) -> None:
    header = f"bytes={first}-{first + more}"
    if first >= size:
        with pytest.raises(NotSatisfiable):
            asked_range(header, size)
    else:
        assert asked_range(header, size) == ByteRange(first, min(size, first + more + 1))


@given(st.text() | st.from_regex(r"bytes=[0-9, -]*", fullmatch=True), SIZES)
def test_whatever_is_written_bytes_lie_inside(header: str, size: int) -> None:
    try:
        part = asked_range(header, size)
    except NotSatisfiable:
        return
    assert part is None or (0 <= part.start < part.end <= size and part.length > 0)
