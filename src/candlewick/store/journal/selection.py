"""Which classes of round trips a filter and a search choose, and what that says about finding the trips."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

import msgspec

from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument

MOST_WORDS: Final = 10
MOST_IDS: Final = 10_000
_WORD: Final = re.compile(r"[^\W_]+")


class TripFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which round trips; None: whatever it is. `start` (inclusive) and `end` (exclusive) are of the entry.

    `symbol` is as people write it, or an internal id. `least` and `most` bound the net profit, both within;
    they choose, and are no money of anybody's. `ids` are those that something elsewhere has chosen,
    such as labels.
    """

    symbol: str | None = None
    side: Literal["long", "short"] | None = None
    status: Literal["open", "closed"] | None = None
    outcome: Literal["win", "loss", "even", "open"] | None = None
    origin: str | None = None
    tag: str | None = None
    start: int | None = None
    end: int | None = None
    least: float | None = None
    most: float | None = None
    ids: Sequence[int] | None = None

    def takes(self, one: TripClass) -> bool:
        """Whether trips of a class are among those meant."""
        return (
            self.symbol in (None, one.symbol, one.instrument)
            and self.side in (None, one.side)
            and self.outcome in (None, one.outcome)
            and (self.status is None or (self.status == "open") == (one.outcome == "open"))
            and self.origin in (None, one.origin)
            and self.tag in (None, one.tag)
        )


class TripClass(msgspec.Struct, frozen=True):
    """Trips that are alike in all that people filter by, and how many there are."""

    id: int
    instrument: str
    symbol: str
    side: str
    outcome: str
    origin: str
    tag: str
    trips: int


def words_of(search: str) -> list[str]:
    """The words of a search, in small letters.

    Raises:
        UsageError: they are too many.
    """
    words = _WORD.findall(search.lower())
    if len(words) > MOST_WORDS:
        raise UsageError(f"search: that is {len(words)} words. Use at most {MOST_WORDS}.")
    return words


def found(
    classes: Iterable[TripClass], words: Sequence[str], instrument: Callable[[str], Instrument | None]
) -> list[TripClass]:
    """The classes of which each of `words` begins a word."""
    spoken: dict[str, set[str]] = {}
    kept = []
    for one in classes:
        if one.instrument not in spoken:
            spoken[one.instrument] = _words_of_instrument(one, instrument(one.instrument))
        own = spoken[one.instrument].union(*(_split(value) for value in (one.side, one.origin, one.tag)))
        if all(any(known.startswith(word) for known in own) for word in words):
            kept.append(one)
    return kept


def require_few(ids: Sequence[int]) -> Sequence[int]:
    """`ids`, if a query can bear them.

    Raises:
        UsageError: they are too many.
    """
    if len(ids) > MOST_IDS:
        raise UsageError(f"That chooses {len(ids)} trades one by one. Choose at most {MOST_IDS}.")
    return ids


def _words_of_instrument(one: TripClass, known: Instrument | None) -> set[str]:
    words = _split(one.symbol) | {one.symbol.lower()}
    if known is not None:
        for value in (known.venue, known.base, known.quote, known.kind, known.sector or ""):
            words |= _split(value)
    return words


def _split(value: str) -> set[str]:
    return set(_WORD.findall(value.lower()))
