"""A market that moves when a test says so, with a desk and traders in it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from candlewick.venues.sim.desk.desk import Desk, Reported
from candlewick.venues.sim.desk.margin import PerpTrader
from candlewick.venues.sim.desk.orders import Order, Trader
from candlewick.venues.sim.desk.perp import PerpDesk
from candlewick.venues.sim.desk.spot import SpotDesk, SpotTrader
from candlewick.venues.sim.model import Listing, Market, Print
from candlewick.venues.sim.world import World

ORIGIN = 490_000 * 3_600_000 + 1_043_456
_names = count(1)


def make_world() -> World:
    """The quietest venue, from a fixed moment."""
    return World(seed=5, venue="sim-west", origin_ms=ORIGIN)


class Pit:
    """One listing with a desk; `told` is everything the desk told."""

    market: Market
    symbol = "SOLUSDT"

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: list[object] = []
        listing = world.listing(self.market, self.symbol)
        assert listing is not None
        self.listing: Listing = listing
        self.desk: Desk = self.make_desk()

    def make_desk(self) -> Desk:
        raise NotImplementedError

    @property
    def bid(self) -> int:
        return self.world.best(self.listing).bid

    @property
    def ask(self) -> int:
        return self.world.best(self.listing).ask

    def order(self, trader: Trader, side: str, lots: int, ticks: int = 0, **terms: Any) -> Order:
        """An order, not sent yet; with `ticks` a limit order."""
        terms.setdefault("type", "LIMIT" if ticks else "MARKET")
        terms.setdefault("time_in_force", "GTC")
        return Order(
            id=self.desk.next_id(),
            client_id=terms.pop("client_id", f"test-{next(_names)}"),
            trader=trader,
            listing=self.listing,
            sells=side == "sell",
            ticks=ticks,
            lots=lots,
            created_ms=self.world.now_ms,
            **terms,
        )

    def send(self, trader: Trader, side: str, lots: int, ticks: int = 0, **terms: Any) -> Order:
        """Place an order."""
        return self.desk.place(self.order(trader, side, lots, ticks, **terms))

    def make_room(self) -> int:
        """Clear the lowest asks, so that users alone stand between bid and ask; a price in there."""
        before = self.ask
        levels = self.world.depth(self.listing, 4).asks
        self.world.trade(self.listing, False, sum(lots for _, lots in levels))
        assert self.ask > before + 1
        return before

    def run(self, ms: int, step_ms: int = 50) -> list[tuple[Listing, Print]]:
        """Let the market move, as the server does."""
        prints: list[tuple[Listing, Print]] = []
        end = self.world.now_ms + ms
        while self.world.now_ms < end:
            self.world.advance(min(self.world.now_ms + step_ms, end))
            news = self.world.collect().prints
            self.desk.step(news)
            prints += news
        return prints

    def executions(self, order: Order) -> list[str]:
        """What was told of an order, in order."""
        return [each.execution for each in self.told if isinstance(each, Reported) and each.order is order]


class SpotPit(Pit):
    """SOLUSDT on spot."""

    market = "spot"
    desk: SpotDesk

    def make_desk(self) -> SpotDesk:
        return SpotDesk(self.world, self.told.append)

    def trader(self, **balances: str | int) -> SpotTrader:
        """An account with money."""
        trader = SpotTrader(f"trader-{next(_names)}")
        for asset, value in (balances or {"USDT": 1_000_000, "SOL": 10_000}).items():
            self.desk.deposit(trader, asset, Decimal(value))
        return trader


class PerpPit(Pit):
    """SOLUSDT's perpetual."""

    market = "perp"
    desk: PerpDesk

    def make_desk(self) -> PerpDesk:
        return PerpDesk(self.world, self.told.append)

    def trader(self, money: str | int = 1_000_000) -> PerpTrader:
        """An account with money."""
        trader = PerpTrader(f"trader-{next(_names)}")
        self.desk.enlist(trader)
        self.desk.cashier.deposit(trader, "USDT", Decimal(money))
        return trader


@pytest.fixture
def spot() -> Iterator[SpotPit]:
    """A spot market of its own."""
    world = make_world()
    yield SpotPit(world)
    world.close()


@pytest.fixture
def perp() -> Iterator[PerpPit]:
    """A perpetual's market of its own."""
    world = make_world()
    yield PerpPit(world)
    world.close()
