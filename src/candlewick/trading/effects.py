"""What the heart wants done. It decides; the shells around it act."""

from __future__ import annotations

from typing import Literal

import msgspec

from candlewick.core.events import Candle

Aspect = Literal["price", "quote", "book", "trade", "candle", "derivative", "session"]
Severity = Literal["INFO", "WARNING", "CRITICAL"]


class Updated(msgspec.Struct, frozen=True, gc=False):
    """Something about an instrument is new. `key` is `instrument/aspect`, made once per instrument."""

    key: str
    instrument: str
    aspect: Aspect


class CandleClosed(msgspec.Struct, frozen=True):
    """A bar that no further trade belongs to, or the correction of one; it is to be kept."""

    candle: Candle


class ResyncBook(msgspec.Struct, frozen=True):
    """The book needs a snapshot to be whole again; until then it shows nothing."""

    instrument: str
    reason: str


class BackfillTrades(msgspec.Struct, frozen=True):
    """Trades from `from_id` to `to_id` are missing; the venue may still have them."""

    instrument: str
    from_id: int
    to_id: int


class Notice(msgspec.Struct, frozen=True):
    """A sentence that people should read, and that is kept."""

    severity: Severity
    title: str
    message: str
    ts: int


Effect = Updated | CandleClosed | ResyncBook | BackfillTrades | Notice
Effects = tuple[Effect, ...]
NOTHING: Effects = ()
