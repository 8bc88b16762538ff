"""Cells of a text file: numbers, and times as people and venues write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.store.lake.layout import END_NS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def is_number(cell: str) -> bool:
    """Whether a cell is a number: then its row is no header."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def number(name: str, cell: str) -> float:
    """The number in a cell of the column `name`.

    Raises:
        ValueError: there is none.
    """
    # float() also takes digits with underscores, which no data file means
    if "_" not in cell:
        try:
            return float(cell)
        except ValueError:
            pass
    raise ValueError(f"{name} is not a number: {cell[:40]!r}")


def unit_of(cells: Sequence[str]) -> int:
    """Nanoseconds in one unit of a numeric time column: s, ms, µs or ns, told by its size."""
    numbers = sorted(float(cell) for cell in cells if is_number(cell))
    if not numbers:
        return NS_PER_S
    middle = abs(numbers[len(numbers) // 2])
    for unit, below in ((NS_PER_S, 1e11), (1_000_000, 1e14), (1_000, 1e17)):
        if middle < below:
            return unit
    return 1


def moment(cell: str, unit_ns: int) -> int:
    """Nanoseconds since 1970, UTC; a time without a zone is UTC.

    Raises:
        ValueError: it cannot be read, or lies outside of what the lake keeps.
    """
    text = cell.strip()
    try:
        ns = int(text) * unit_ns if text.isdecimal() else round(float(text) * unit_ns)
    except (ValueError, OverflowError):
        ns = _calendar(text)
    if not 0 <= ns < END_NS:
        raise ValueError(f"time is out of range: {text[:40]!r}")
    return ns


def _calendar(text: str) -> int:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time cannot be read: {text[:40]!r}" if text else "time is missing") from None
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC)
    passed = read - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * NS_PER_S + passed.microseconds * 1_000
