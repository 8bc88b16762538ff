"""Which connector stands behind a venue's name: the only place outside `venues/` that knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from candlewick.core.clock import Clock
from candlewick.core.errors import ConfigError, UsageError
from candlewick.core.instrument import Venue
from candlewick.runtime.settings import Settings
from candlewick.store.venue_keys import VenueSecret
from candlewick.venues.contract import MarketFeed
from candlewick.venues.execution import OrderHealth, OrderVenue
from candlewick.venues.recording import VenueMapper

REAL_VENUES = ("binance",)


def require_known(names: Iterable[str]) -> None:
    """Make sure that a connector stands behind each venue.

    Raises:
        ConfigError: a venue has none.
    """
    known = ("sim", *REAL_VENUES)
    for name in names:
        if name not in known:
            raise ConfigError(f"There is no connector for a venue {name!r}. Use one of {', '.join(known)}.")


def venue_ids(settings: Settings) -> tuple[str, ...]:
    """The ids of all venues whose instruments can be meant here, the primary one first."""
    return tuple(dict.fromkeys((settings.primary, *settings.sim.venues, *REAL_VENUES)))


def feeds(settings: Settings) -> list[MarketFeed]:
    """The feeds of all venues in `settings`, the primary venue's first.

    Raises:
        ConfigError: a venue has no connector.
    """
    from candlewick.venues.binance.feed import REAL, BinanceFeed, simulated

    require_known(settings.venues)
    made: list[MarketFeed] = []
    for name in settings.venues:
        if name == "sim":
            base = f"http://{settings.sim.host}:{settings.sim.port}"
            for index, venue in enumerate(settings.sim.venues):
                title = f"{venue.replace('-', ' ').title()} (simulated)"
                path = "" if index == 0 else f"/{venue}"
                made.append(BinanceFeed(Venue(id=venue, title=title, simulated=True), simulated(base + path)))
        else:
            made.append(BinanceFeed(Venue(id="binance", title="Binance"), REAL))
    return made


class LiveVenue(OrderVenue, Protocol):
    """An order venue of real money, to which accounts are added one by one."""

    def add(
        self, account: int, name: str, credentials: Any, *, live: bool, since_ns: int | None = None
    ) -> None:
        """Trade for an account that was switched live."""
        ...

    def health(self, account: int) -> OrderHealth:
        """How an account's connection to the venue is doing."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


def order_venue(settings: Settings, id: str, knows: Callable[[int, str], bool], clock: Clock) -> LiveVenue:
    """The venue that takes orders of live accounts at `id`; a simulated one speaks as the real one does.

    Raises:
        ConfigError: no connector takes orders there.
    """
    from candlewick.venues.binance.orders.endpoints import REAL, simulated
    from candlewick.venues.binance.orders.venue import BinanceOrders

    if id == "binance":
        return BinanceOrders(id, REAL, knows=knows, clock=clock)
    if "sim" in settings.venues and id in settings.sim.venues:
        path = "" if settings.sim.venues.index(id) == 0 else f"/{id}"
        sides = simulated(f"http://{settings.sim.host}:{settings.sim.port}{path}")
        return BinanceOrders(id, sides, knows=knows, clock=clock)
    raise ConfigError(f"Nothing here takes orders at {id!r}. Use one of {', '.join(REAL_VENUES)}.")


def credentials(secret: VenueSecret) -> Any:
    """What signs for an account."""
    from candlewick.venues.binance.orders.signing import Credentials

    return Credentials(secret.label, secret.key, secret.secret)


def recorded(name: str) -> VenueMapper:
    """The mapper of a recording; `name` is as `candlewick normalise` takes it.

    Raises:
        UsageError: there is no such venue.
    """
    from candlewick.venues.binance.mapper import Mapper, Market

    markets: dict[str, Market] = {"binance": "spot", "binance-futures": "usdm", "binance-delivery": "coinm"}
    if name not in markets:
        raise UsageError(f"There is no reader for recordings of {name!r}. Use one of {', '.join(markets)}.")
    return Mapper("binance", markets[name])
