"""The days that are looked at: whole days of UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UsageError
from candlewick.web.api.when import utc_seconds

DAY_NS: Final = 86_400 * NS_PER_S
_EPOCH: Final = date(1970, 1, 1)
_PRESETS: Final = (("7 days", 7), ("30 days", 30), ("90 days", 90), ("1 year", 365))


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last, both within; None: as far as there is anything."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> Self:
        """The span that `start` and `end` of an address name, as days or as times.

        Raises:
            UsageError: one of them is no time, or they are the wrong way round.
        """
        return cls.between(query.get("start"), query.get("end"))

    @classmethod
    def between(cls, start: str | None, end: str | None) -> Self:
        """The days from `start` to `end`; a time names its day."""
        first, last = _day(start, "start"), _day(end, "end")
        if first is not None and last is not None and first > last:
            raise UsageError(f"start: {first} is after the end, {last}.")
        return cls(first, last)

    @property
    def start_ns(self) -> int | None:
        return None if self.first is None else ns_of(self.first)

    @property
    def end_ns(self) -> int | None:
        return None if self.last is None else ns_of(self.last) + DAY_NS


def presets(today: date) -> list[tuple[str, Span]]:
    """What is chosen with one click."""
    lately = [(name, Span(today - timedelta(days - 1), today)) for name, days in _PRESETS]
    return [*lately, ("This year", Span(date(today.year, 1, 1), today)), ("All", Span())]


def today() -> date:
    """The day that it is, in UTC."""
    return datetime.now(UTC).date()


def ns_of(day: date) -> int:
    """When a day begins."""
    return (day - _EPOCH).days * DAY_NS


def day_of(ns: int) -> date:
    """The day that a time is in."""
    return _EPOCH + timedelta(ns // DAY_NS)


def _day(text: str | None, name: str) -> date | None:
    seconds = utc_seconds(text, name)
    return None if seconds is None else _EPOCH + timedelta(seconds // 86_400)
