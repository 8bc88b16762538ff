"""One market of one simulated venue, as the outside sees it: listings, clock, subscriptions, weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from candlewick.venues.sim.model import Listing, Market, Print
from candlewick.venues.sim.server import errors, exchange_info
from candlewick.venues.sim.server.figures import Figures
from candlewick.venues.sim.server.hub import Hub
from candlewick.venues.sim.server.limits import WeightLimiter
from candlewick.venues.sim.server.misbehave import Faults
from candlewick.venues.sim.server.streams import REALTIME, Stream, parse
from candlewick.venues.sim.world import World

_WEIGHTS: dict[Market, int] = {
    "spot": exchange_info.SPOT_WEIGHT_PER_MINUTE,
    "perp": exchange_info.FUTURES_WEIGHT_PER_MINUTE,
}


class Line:
    """One listing with everything that writing its messages needs again and again."""

    __slots__ = (
        "_marks",
        "figures",
        "last_id",
        "last_ms",
        "listing",
        "names",
        "spot",
        "symbol",
    )

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.symbol = listing.symbol
        self.spot = listing.market == "spot"
        self.figures = Figures(listing)
        self.names = Names(listing.symbol.lower())
        self.last_id = -1
        self.last_ms = 0
        self._marks: deque[tuple[int, int]] = deque(maxlen=16)

    def printed(self, trade: Print) -> None:
        """Remember the newest trade, and the last one of each of the seconds before."""
        if trade.ts_ms // 1000 != self.last_ms // 1000:
            self._marks.append((self.last_ms, self.last_id))
        self.last_id, self.last_ms = trade.id, trade.ts_ms

    def last_id_before(self, time_ms: int) -> int:
        """The last trade before a whole second of the last few; -1 if none is remembered."""
        if self.last_ms < time_ms:
            return self.last_id
        return next((id for ts_ms, id in reversed(self._marks) if ts_ms < time_ms), -1)


class Names:
    """The names of a listing's real-time streams."""

    __slots__ = ("aggregate_trade", "book_ticker", "depth", "force_order", "trade")

    def __init__(self, symbol: str) -> None:
        self.aggregate_trade = f"{symbol}@aggTrade"
        self.trade = f"{symbol}@trade"
        self.book_ticker = f"{symbol}@bookTicker"
        self.depth = f"{symbol}@depth@0ms"
        self.force_order = f"{symbol}@forceOrder"


@dataclass(slots=True)
class Wire:
    """What is wrong between this venue and its clients, shared by its two markets; changes while it runs."""

    faults: Faults = field(default_factory=Faults)


class Front:
    """A market's public face."""

    def __init__(self, world: World, market: Market, wire: Wire) -> None:
        self.world = world
        self.market: Market = market
        self.wire = wire
        self.lines = {listing.symbol: Line(listing) for listing in world.listings if listing.market == market}
        self.hub = Hub()
        self.limiter = WeightLimiter(_WEIGHTS[market])
        self.user_stream: Callable[[str], bool] = lambda name: False

    def line(self, symbol: str) -> Line:
        """The listing of that name.

        Raises:
            Refusal: -1121, nothing of that name is listed here.
        """
        line = self.lines.get(symbol)
        if line is None:
            raise errors.invalid_symbol()
        return line

    def stream(self, name: str) -> Stream | None:
        """The stream of that name, None if nobody publishes it."""
        if self.user_stream(name):
            return Stream(name, "user", None, REALTIME)
        return parse(name, self.market, self._find)

    def _find(self, symbol: str) -> Listing | None:
        line = self.lines.get(symbol)
        return line.listing if line else None

    def stamp(self, time_ms: int) -> int:
        """A true time as the venue's clock, which may be off, shows it."""
        return time_ms + round(self.wire.faults.skew_ms)

    def unstamp(self, time_ms: int) -> int:
        """The true time of what the venue's clock shows."""
        return time_ms - round(self.wire.faults.skew_ms)

    def newest(self, line: Line, limit: int) -> list[Print]:
        """The last trades, oldest first."""
        return self.world.agg_trades(line.listing, limit=limit)
