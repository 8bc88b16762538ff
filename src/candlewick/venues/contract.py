"""What every venue's market data connector offers. `tests/venues/conformance.py` holds them to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from candlewick.core.events import (
    BookChange,
    Candle,
    Derivative,
    Funding,
    Liquidation,
    MarketEvent,
    OpenInterest,
    Quote,
    Ticker,
    Trade,
)
from candlewick.core.instrument import Instrument, Venue

Topic = Literal["trades", "quotes", "book", "derivative", "ticker", "liquidations"]
FeedState = Literal["connecting", "live", "stale", "disconnected"]
Emit = Callable[[MarketEvent], None]
# What a message of a venue can say; it says nothing of connections, nor of our own doings.
VenueEvent = Trade | Quote | BookChange | Derivative | Ticker | Liquidation | Candle | Funding | OpenInterest


@dataclass(slots=True)
class FeedHealth:
    """How one venue's feed is doing; written by the feed, read by whoever shows it.

    Attributes:
        latency_ms: received minus exchange time of recent messages, clock skew taken out; None unknown.
        messages: all messages received since start.
        gaps: sequence gaps seen; reconnects: connections lost and made again.
        clock_skew_ms: the venue's clock minus ours, estimated from REST round trips; None unknown.
        malformed: unreadable messages by reason.
    """

    state: FeedState = "connecting"
    latency_ms: float | None = None
    messages: int = 0
    gaps: int = 0
    reconnects: int = 0
    clock_skew_ms: float | None = None
    malformed: dict[str, int] = field(default_factory=dict)
    last_error: str | None = None


class MarketFeed(Protocol):
    """One venue's market data. All times in the requests are UTC seconds unless named otherwise."""

    venue: Venue
    health: FeedHealth

    async def instruments(self) -> list[Instrument]:
        """Everything the venue lists for trading now."""
        ...

    async def run(self, emit: Emit) -> None:
        """Connect, keep connected, and call `emit` for every event until cancelled.

        `emit` is called synchronously, in the order of arrival within a connection.
        """
        ...

    def subscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        """Want `topics` of `instrument` too; takes effect at once, and again after every reconnect.

        Raises:
            UnknownSymbol: `instruments()` has not listed it so far.
        """
        ...

    def unsubscribe(self, instrument: str, topics: frozenset[Topic]) -> None:
        """Want them no longer."""
        ...

    async def book_snapshot(self, instrument: str) -> BookChange:
        """The whole book, as deep as the venue gives it."""
        ...

    async def candles(self, instrument: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        """Candles opening in [start_s, end_s), oldest first; pages as often as needed."""
        ...

    async def trades(self, instrument: str, *, from_id: int, to_id: int) -> list[Trade]:
        """Trades with from_id <= id <= to_id, oldest first: what a gap has swallowed."""
        ...

    async def trades_between(self, instrument: str, start_ns: int, end_ns: int) -> list[Trade]:
        """Trades in [start_ns, end_ns), oldest first."""
        ...

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        """Settled funding rates in [start_s, end_s), oldest first."""
        ...

    async def open_interest(self, instrument: str) -> OpenInterest:
        """Open interest now."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
