"""The error tree. Every error is a sentence for a person, and knows whether trying again can help.

CandlewickError
├── ConfigError          a setting is unknown, of a wrong type, or contradicts another
├── UsageError           a request names something that does not exist or is out of range
│   ├── UnknownSymbol
│   ├── UnknownInterval
│   ├── UnknownAccount
│   ├── UnknownOrder
│   └── StrategyError      a person's strategy raised; names its line
├── OrderRefused         the risk door refused; `code`, `limit` and `value` say why
├── Conflict             what was asked does not fit the state: the order is filled already, …
├── VenueError           a venue refused, or answered what cannot be used
│   ├── VenueUnavailable   (retry) no connection, time-out, 5xx
│   ├── RateLimited        (retry after `retry_after_s`)
│   └── MalformedMessage   a message that cannot be read; counted, never fatal
├── StoreError           the lake or a database cannot do what was asked
│   ├── StoreLocked        another process owns this data folder
│   ├── StoreDamaged       a file is damaged, or not ours to use: only a person can mend that
│   └── StoreBusy          (retry) the database is locked, full or away: nothing was written
└── EngineAway           (retry) the engine does not answer
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Final

_LONGEST_SHOWN: Final = 60


class CandlewickError(Exception):
    """Base of all our errors. `str(error)` is a sentence: the thing, what is wrong, what to do."""

    retry: ClassVar[bool] = False


class ConfigError(CandlewickError):
    """A setting cannot be used. Names the key and where it came from."""


class UsageError(CandlewickError):
    """The caller asked for something that does not exist or is out of range."""


class BadData(UsageError, ValueError):
    """What was given holds nothing to work with: columns, a file. Names the row, and says what to do."""


class UnknownSymbol(UsageError):
    """No instrument has this symbol."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"Unknown symbol {symbol!r}. Search the instruments for one that exists.")
        self.symbol = symbol


class UnknownInterval(UsageError):
    """No candle interval has this name."""

    def __init__(self, interval: str, known: tuple[str, ...]) -> None:
        super().__init__(f"Unknown interval {interval!r}. Use one of {', '.join(known)}.")
        self.interval = interval


class UnknownAccount(UsageError):
    """The engine has no such account."""

    def __init__(self, account: int) -> None:
        super().__init__(f"Unknown account {account}.")
        self.account = account


class UnknownOrder(UsageError):
    """The account has no such order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"Unknown order {order_id!r}.")
        self.order_id = order_id


class StrategyError(UsageError):
    """A person's strategy raised, or answered what cannot be used. `file` and `line` say where, if known."""

    def __init__(self, message: str, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class OrderRefused(CandlewickError):
    """The risk door refused an order. `field` names the part of the request at fault, where one is."""

    def __init__(
        self,
        code: str,
        reason: str,
        limit: Decimal | None = None,
        value: Decimal | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.limit = limit
        self.value = value
        self.field = field


class Conflict(CandlewickError):
    """What was asked does not fit the state of the thing: it is done already, or under way."""


class NotYet(Conflict):
    """It is still being worked out: there will be something to tell in a moment."""

    retry: ClassVar[bool] = True


class VenueError(CandlewickError):
    """A venue refused a request or answered what cannot be used."""


class VenueUnavailable(VenueError):
    """The venue cannot be reached, timed out or answered 5xx."""

    retry: ClassVar[bool] = True


class RateLimited(VenueError):
    """The venue asks us to slow down (429) or has banned us for a while (418)."""

    retry: ClassVar[bool] = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class MalformedMessage(VenueError):
    """A venue message that cannot be read. `reason` is a short stable word for counters."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class StoreError(CandlewickError):
    """The lake or a database cannot do what was asked."""


class StoreLocked(StoreError):
    """Another process owns this data folder."""


class StoreDamaged(StoreError):
    """A database is damaged, or is not ours to open or write. Trying again fails again."""


class StoreBusy(StoreError):
    """The database is locked, its disk is full, or it cannot be reached. Nothing was written."""

    retry: ClassVar[bool] = True


class EngineAway(CandlewickError):
    """The engine does not answer; it may be restarting."""

    retry: ClassVar[bool] = True


def shown(value: object) -> str:
    """Any value as a sentence shows it: no longer than a line."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
