"""What the lake keeps: for each kind of series its columns and the unit of its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from candlewick.core.errors import UsageError

CandleKind = Literal["candles", "mark", "index"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of series whose rows are keyed by time.

    Attributes:
        name: as it stands in the manifest and in paths.
        values: its columns, all float64, NaN where unknown.
        ns: time is in nanoseconds (moments) rather than seconds (open times of intervals).
        filed_as: for kinds without intervals, the interval whose files span as much time.
    """

    name: str
    values: tuple[str, ...]
    ns: bool
    filed_as: str = ""


_CANDLE: Final = ("open", "high", "low", "close", "volume", "quote_volume", "trades")

CANDLES: Final = Kind("candles", _CANDLE, ns=False)
MARK: Final = Kind("mark", _CANDLE, ns=False)
INDEX: Final = Kind("index", _CANDLE, ns=False)
# Venues stamp one settlement with a few milliseconds more or less each time they are asked: its key is the
# second, so that it is never counted twice, and the venue's own stamp is that plus `offset_ns`.
FUNDING: Final = Kind("funding", ("rate", "mark", "offset_ns"), ns=False, filed_as="1h")
OPEN_INTEREST: Final = Kind("open_interest", ("quantity", "value"), ns=True, filed_as="1m")

KEYED: Final[dict[str, Kind]] = {k.name: k for k in (CANDLES, MARK, INDEX, FUNDING, OPEN_INTEREST)}
TRADES: Final = "trades"
"""Trades are not keyed by time (many share one): their hot rows are compressed batches."""


def candle_kind(name: str) -> Kind:
    """The kind of candles that `name` means.

    Raises:
        UsageError: there are no such candles.
    """
    if name not in ("candles", "mark", "index"):
        raise UsageError(f"Unknown kind of candles {name!r}. Use one of candles, mark, index.")
    return KEYED[name]
