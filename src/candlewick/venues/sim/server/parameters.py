"""A request's query parameters, read one by one and refused in the venue's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

import orjson

from candlewick.core.interval import SECONDS
from candlewick.venues.sim.server import errors

_SYMBOL = re.compile(r"[A-Z0-9\-_.]{1,20}")
_SYMBOL_RANGE = "^[A-Z0-9-_.]{1,20}$"
_NUMBER = re.compile(r"[0-9]{1,20}")
_NUMBER_RANGE = "^[0-9]{1,20}$"
_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_DECIMAL_RANGE = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
_CLIENT_ID = re.compile(r"[.A-Za-z0-9:/_-]{1,36}")
_CLIENT_ID_RANGE = "^[\\.A-Z\\:/a-z0-9_-]{1,36}$"
_WEEK_MS = 7 * 86_400_000

# What the market can fold: the venue's 1M has no fixed length and is left out.
INTERVAL_MS: dict[str, int] = {name: length * 1000 for name, length in SECONDS.items()} | {
    "3d": 3 * 86_400_000,
    "1w": _WEEK_MS,
}


Choice = TypeVar("Choice", bound=str)


class Parameters:
    """Reads each parameter at most once; `done` refuses those that nobody asked for."""

    def __init__(self, sent: Iterable[tuple[str, str]]) -> None:
        pairs = list(sent)
        self._sent: Mapping[str, str] = dict(pairs)
        self._read: set[str] = set()
        if len(self._sent) != len(pairs):
            raise errors.repeated_parameter()

    def text(self, name: str) -> str | None:
        """The parameter as it was sent, None if absent or empty."""
        self._read.add(name)
        return self._sent.get(name) or None

    def required(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if value is None:
            raise errors.missing(name)
        return value

    def symbol(self) -> str | None:
        """The `symbol`, well formed, if one was sent."""
        value = self.text("symbol")
        if value is not None and not _SYMBOL.fullmatch(value):
            raise errors.illegal("symbol", _SYMBOL_RANGE)
        return value

    def required_symbol(self) -> str:
        """The `symbol`, which must be there."""
        value = self.symbol()
        if value is None:
            raise errors.missing("symbol")
        return value

    def symbols(self) -> list[str] | None:
        """The JSON list `symbols`, if one was sent."""
        value = self.text("symbols")
        if value is None:
            return None
        legal = '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$'
        try:
            names = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise errors.illegal("symbols", legal) from None
        if not isinstance(names, list) or not names:
            raise errors.illegal("symbols", legal)
        for name in names:
            if not isinstance(name, str) or not _SYMBOL.fullmatch(name):
                raise errors.illegal("symbols", legal)
        if len(set(names)) != len(names):
            raise errors.Refusal(-1151, "Symbol is present multiple times in the list.")
        return list(names)

    def number(self, name: str) -> int | None:
        """A non-negative integer, if one was sent."""
        value = self.text(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            raise errors.illegal(name, _NUMBER_RANGE)
        return int(value)

    def limit(self, *, default: int, most: int, strict: bool) -> int:
        """The `limit`. Beyond `most`, spot takes `most` and futures (`strict`) refuses."""
        value = self.number("limit")
        if value is None:
            return default
        if value < 1 or (strict and value > most):
            raise errors.invalid("limit")
        return min(value, most)

    def decimal(self, name: str) -> Decimal | None:
        """A non-negative decimal number, if one was sent."""
        value = self.text(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise errors.illegal(name, _DECIMAL_RANGE)
        return Decimal(value)

    def client_id(self, name: str) -> str | None:
        """A name that a client gives, if one was sent."""
        value = self.text(name)
        if value is not None and not _CLIENT_ID.fullmatch(value):
            raise errors.illegal(name, _CLIENT_ID_RANGE)
        return value

    def boolean(self, name: str) -> bool:
        """`true` or `false` in any case; false if absent."""
        value = (self.text(name) or "false").lower()
        if value not in ("true", "false"):
            raise errors.invalid(name)
        return value == "true"

    def choice(
        self, name: str, choices: Iterable[Choice], wrong: errors.Refusal | None = None
    ) -> Choice | None:
        """One of `choices`, if one was sent; else `wrong` is raised."""
        value = self.text(name)
        if value is None:
            return None
        for choice in choices:
            if value == choice:
                return choice
        raise wrong or errors.invalid(name)

    def interval(self, *, one_second: bool, name: str = "interval") -> tuple[str, int]:
        """The candle interval's name and length in ms."""
        value = self.required(name)
        length = INTERVAL_MS.get(value)
        if length is None or (value == "1s" and not one_second):
            raise errors.invalid_interval()
        return value, length

    def done(self) -> None:
        """Refuse what was sent but never read."""
        unread = [name for name in self._sent if name not in self._read]
        if not unread:
            return
        if not self._read:
            raise errors.too_many_parameters(0, len(self._sent))
        raise errors.unread_parameters(len(self._sent) - len(unread), len(self._sent))


def floor_interval(time_ms: int, length_ms: int) -> int:
    """Open time of the interval that holds `time_ms`; weeks begin on Mondays, all else at the epoch."""
    if length_ms == _WEEK_MS:
        monday = 4 * 86_400_000  # the epoch was a Thursday
        return time_ms - (time_ms - monday) % length_ms
    return time_ms - time_ms % length_ms
