"""What is looked for among round trips, as an address asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args
from urllib.parse import urlencode

import msgspec

from candlewick.core.errors import UsageError
from candlewick.core.instrument import parse_symbol
from candlewick.store.journal.reader import TRIP_SORTS, Records, TripSort
from candlewick.store.journal.selection import TripFilter
from candlewick.web.api.when import utc_ns
from candlewick.web.journal import notes

SIDES: Final = ("long", "short")
STATES: Final = ("open", "closed")
OUTCOMES: Final = ("win", "loss", "even")
_DAY_NS: Final = 86_400 * 10**9
_LONGEST: Final = 200


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Empty: whatever it is. `start` and `end` are of the entry; a day as `end` is within."""

    symbol: str = ""
    side: str = ""
    status: str = ""
    outcome: str = ""
    strategy: str = ""
    tag: str = ""
    rating: str = ""
    start: str = ""
    end: str = ""
    min_pnl: str = ""
    max_pnl: str = ""
    q: str = ""
    sort: str = "entered"
    order: str = "falling"

    @classmethod
    def asked(cls, query: Mapping[str, Any]) -> Question:
        """The question in an address; other parameters are not its affair."""
        given = {name: str(query.get(name) or "").strip()[:_LONGEST] for name in cls.__struct_fields__}
        return cls(**{name: value for name, value in given.items() if value})

    @property
    def is_open(self) -> bool:
        """Whether everything is asked for, in whatever order."""
        return msgspec.structs.replace(self, sort="entered", order="falling") == Question()

    def query(self, **more: object) -> str:
        """As an address carries it."""
        default = Question()
        asked = {name: v for name, v in msgspec.structs.asdict(self).items() if v != getattr(default, name)}
        return urlencode(asked | {name: value for name, value in more.items() if value not in ("", None)})

    def arguments(self, records: Records, account: int, primary: str) -> dict[str, Any]:
        """The arguments of `Records.trips` that ask this.

        Raises:
            UsageError: a value is none that can be looked for. The sentence begins with the field's name.
        """
        if self.sort not in TRIP_SORTS:
            raise UsageError(f"sort: {self.sort!r} is none of {', '.join(get_args(TripSort))}.")
        return {
            "filters": self._filters(records, account, primary),
            "search": self.q,
            "noted": notes.found(account, self.q) if self.q else (),
            "sort": self.sort,
            "rising": _one_of("order", self.order, ("falling", "rising")) == "rising",
        }

    def _filters(self, records: Records, account: int, primary: str) -> TripFilter:
        origin, tag = _strategy(records, account, self.strategy)
        start, end = utc_ns(self.start or None, "start"), utc_ns(self.end or None, "end")
        if end is not None and len(self.end) == len("2026-01-31"):
            end += _DAY_NS
        chosen: Any = {
            "side": _one_of("side", self.side, SIDES),
            "status": _one_of("status", self.status, STATES),
            "outcome": _one_of("outcome", self.outcome, OUTCOMES),
        }
        return TripFilter(
            symbol=parse_symbol(self.symbol, primary=primary) if self.symbol else None,
            origin=origin,
            tag=tag,
            start=start,
            end=end,
            least=_number("min_pnl", self.min_pnl),
            most=_number("max_pnl", self.max_pnl),
            ids=notes.chosen(account, self.tag, _rating(self.rating)) if self.tag or self.rating else None,
            **chosen,
        )


def strategy_of(origin: str, tag: str) -> str:
    """What a trade was made by: a strategy's name, or else where its order came from."""
    return tag if origin == "strategy" else origin


def _strategy(records: Records, account: int, wanted: str) -> tuple[str | None, str | None]:
    if not wanted:
        return None, None
    origins = {one.origin for one in records.trip_classes(account)} - {"strategy"}
    return (wanted, None) if wanted in origins else ("strategy", wanted)


def _one_of(field: str, value: str, known: tuple[str, ...]) -> str | None:
    if value and value not in known:
        raise UsageError(f"{field}: {value[:40]!r} is none of {', '.join(known)}.")
    return value or None


def _number(field: str, value: str) -> float | None:
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e300:
        raise UsageError(f"{field}: {value[:40]!r} is no number.")
    return number


def _rating(value: str) -> int | None:
    if not value:
        return None
    if value not in ("1", "2", "3", "4", "5"):
        raise UsageError(f"rating: {value[:40]!r} is none of 1 to 5.")
    return int(value)
