"""What people write about trades: text, tags, a rating; and the words by which it is found.

Every word of a note stands in an index, with those of the trade's own symbol, side and strategy, so that
`btc breakout` finds a note that says "breakout" on a trade in bitcoin. A tag stands there as `#tag`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from candlewick.core.errors import UsageError
from candlewick.ledger.trips import RoundTrip
from candlewick.store.journal.selection import words_of
from candlewick.store.models import TradeNote, TradeWord

LONGEST_TEXT: Final = 10_000
MOST_TAGS: Final = 20
LONGEST_TAG: Final = 40
RATINGS: Final = (1, 2, 3, 4, 5)
MOST_FOUND: Final = 5_000  # trades that a search, a tag or a rating chooses: more would make every page slow
_LONGEST_WORD: Final = 60
_WORD: Final = re.compile(r"[^\W_]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Note:
    """What is written about one trade. An empty one is as good as none."""

    text: str = ""
    tags: tuple[str, ...] = ()
    rating: int | None = None
    author: str = ""
    updated_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.tags or self.rating)


def checked(text: str, tags: Iterable[str], rating: int | None) -> Note:
    """A note as it would be kept: trimmed, its tags in small letters and each once.

    Raises:
        UsageError: something is too long, too much, or no rating.
    """
    text = _CONTROL.sub("", text.replace("\r\n", "\n")).strip()
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"note: it has {len(text)} characters. Use at most {LONGEST_TEXT:,}.")
    clean = dict.fromkeys(_tag(each) for each in tags)
    clean.pop("", None)
    if len(clean) > MOST_TAGS:
        raise UsageError(f"tags: these are {len(clean)}. Use at most {MOST_TAGS}.")
    for each in clean:
        if len(each) > LONGEST_TAG:
            raise UsageError(f"tags: {each[:40]!r}… is longer than {LONGEST_TAG} characters.")
    if rating is not None and rating not in RATINGS:
        raise UsageError(f"rating: {rating} is none of 1 to 5.")
    return Note(text, tuple(clean), rating)


def tags_in(text: str) -> list[str]:
    """The tags that somebody typed, with commas between."""
    return text.split(",")


def keep(trip: RoundTrip, symbol: str, note: Note, author: int | None) -> Note:
    """Write a note over the one before it; an empty one takes it away. Returns the one before."""
    with transaction.atomic():
        before = of_trades(trip.account, [trip.id]).get(trip.id, Note())
        TradeNote.objects.filter(account_id=trip.account, trip=trip.id).delete()
        if not note.is_empty:
            row = TradeNote.objects.create(
                account_id=trip.account,
                trip=trip.id,
                text=note.text,
                tags=list(note.tags),
                rating=note.rating,
                author_id=author,
            )
            TradeWord.objects.bulk_create(
                TradeWord(note=row, account_id=trip.account, trip=trip.id, word=word)
                for word in sorted(_words(trip, symbol, note))
            )
    return before


def of_trades(account: int, trips: Sequence[int]) -> dict[int, Note]:
    """The notes on some trades, by the trade's number."""
    rows = TradeNote.objects.filter(account_id=account, trip__in=trips).values_list(
        "trip", "text", "tags", "rating", "author__username", "updated_at"
    )
    return {
        trip: Note(text, tuple(tags), rating, author or "", updated)
        for trip, text, tags, rating, author, updated in rows
    }


def tags_of(account: int) -> list[str]:
    """Every tag that is used in an account."""
    rows = TradeWord.objects.filter(account_id=account, word__gte="#", word__lt="$")
    return [word[1:] for word in rows.order_by("word").values_list("word", flat=True).distinct()[:1_000]]


def found(account: int, search: str) -> list[int]:
    """The newest trades on which somebody has written words that begin like each of `search`."""
    words = words_of(search)
    return _newest(_all_of(account, [_begins(word) for word in words])) if words else []


def chosen(account: int, tag: str, rating: int | None) -> list[int]:
    """The newest trades that carry a tag, a rating, or both."""
    if not tag:
        rated = TradeNote.objects.filter(account_id=account, rating=rating).order_by("-trip")
        return list(rated.values_list("trip", flat=True)[:MOST_FOUND])
    rows = TradeWord.objects.filter(account_id=account, word=f"#{_tag(tag)}")
    return _newest(rows if rating is None else rows.filter(note__rating=rating))


def _all_of(account: int, tests: Sequence[dict[str, Any]]) -> QuerySet[TradeWord]:
    rows = TradeWord.objects.filter(account_id=account, **tests[0])
    for test in tests[1:]:
        also = TradeWord.objects.filter(account_id=account, **test)
        rows = rows.filter(trip__in=also.values("trip"))
    return rows


def _newest(rows: QuerySet[TradeWord]) -> list[int]:
    return list(rows.order_by("-trip").values_list("trip", flat=True).distinct()[:MOST_FOUND])


def _begins(word: str) -> dict[str, Any]:
    """A word's beginning; in SQLite as a range, which its index can find."""
    word = word[:_LONGEST_WORD]
    if connection.vendor != "sqlite":
        return {"word__startswith": word}
    return {"word__gte": word, "word__lt": word[:-1] + chr(ord(word[-1]) + 1)}


def _words(trip: RoundTrip, symbol: str, note: Note) -> set[str]:
    told = (note.text, *note.tags, symbol, trip.instrument, trip.side, trip.origin, trip.tag)
    words = {word[:_LONGEST_WORD] for text in told for word in _WORD.findall(text.lower())}
    return words | {f"#{tag}" for tag in note.tags} | {symbol.lower()[:_LONGEST_WORD]}


def _tag(text: str) -> str:
    return " ".join(_CONTROL.sub("", text).replace("#", " ").replace(",", " ").lower().split())
