"""Ranges of days as people write them: `20240101-20240601`."""

from __future__ import annotations

from datetime import UTC, datetime

from candlewick.core.errors import UsageError

Range = tuple[int | None, int | None]


def timerange_of(text: str | None) -> Range:
    """Start and end in UTC seconds, None where it is open; the end's day is not part of it.

    Raises:
        UsageError: it is no range of days, or ends before it starts.
    """
    if not text:
        return None, None
    start, dash, end = text.partition("-")
    try:
        first, last = (_day(part) if part else None for part in (start, end))
    except ValueError:
        dash = ""
    if not dash or (first, last) == (None, None):
        raise UsageError(f"{text!r} is no time range. Write it as 20240101-20240601, 20240101- or -20240601.")
    if first is not None and last is not None and first >= last:
        raise UsageError(f"The time range {text} ends before it starts.")
    return first, last


def _day(text: str) -> int:
    if len(text) != 8:
        raise ValueError(text)
    return int(datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).timestamp())
