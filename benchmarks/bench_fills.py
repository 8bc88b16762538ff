"""The fill core: what a market event costs an account with orders, and what a bar costs in machine code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

import numba
import numpy as np

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.core.events import BookChange, MarketEvent, Quote, Trade
from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Order, Terms
from candlewick.fills import bar, state
from candlewick.fills.stepper import Stepper
from candlewick.market.book import OrderBook
from candlewick.trading.settings import AccountSettings
from candlewick.venues.paper.venue import PaperVenue
from candlewick.venues.paper.views import Holding, Tier

EVENTS: Final = 5_000
BARS: Final = 200_000
LEVELS: Final = 500
XY: Final = Instrument(
    id="bench:XY", venue="bench", symbol="XY", native="XY", kind="spot", base="X", quote="Y", settle="Y",
    tick=Decimal("0.1"), lot=Decimal("0.001"),
)  # fmt: skip


class OneMarket:
    """A book that stands still, and a last price that moves."""

    def __init__(self) -> None:
        self.whole = OrderBook()
        bids, asks = ([(100 + sign * n / 10, 1.0) for n in range(1, LEVELS)] for sign in (-1, 1))
        self.whole.apply(BookChange(XY.id, True, bids, asks, None, 1, None, 0, 0))
        self.price = 100.0

    def instrument(self, id: str) -> Instrument | None:
        return XY

    def is_fresh(self, id: str) -> bool:
        return True

    def book(self, id: str) -> OrderBook | None:
        return self.whole

    def quote(self, id: str) -> Quote | None:
        return None

    def last(self, id: str) -> float | None:
        return self.price

    def mark(self, id: str) -> float | None:
        return self.price

    def funding(self, id: str) -> tuple[float, int] | None:
        return None


class NoMoney:
    """Accounts without positions."""

    def __init__(self) -> None:
        self.in_force = AccountSettings()

    def accounts(self) -> Iterable[int]:
        return ()

    def settings(self, account: int) -> AccountSettings:
        return self.in_force

    def position(self, account: int, instrument: str) -> Holding | None:
        return None

    def positions(self, account: int) -> Iterable[Holding]:
        return ()

    def cross(self, account: int, currency: str) -> tuple[float, float]:
        return 0.0, 0.0

    def tiers(self, instrument: str) -> list[Tier]:
        return []


def order(id: str, side: Any, **terms: Any) -> Order:
    return Order(
        id=id,
        account=1,
        terms=Terms(instrument=XY.id, side=side, **terms),
        state=InFlight(),
        origin="api",
        created_at=0,
        updated_at=0,
    )


def venue() -> tuple[PaperVenue, OneMarket]:
    """Five limits below the market, and five stops."""
    market = OneMarket()
    paper = PaperVenue(market, NoMoney())
    paper.listen(lambda report: None)
    for n in range(5):
        limit, stop = Decimal(99 - n), Decimal(90 - n)
        paper.place(order(f"l{n}", "buy", order_type="limit", quantity=Decimal(1), limit_price=limit))
        paper.place(order(f"s{n}", "sell", order_type="stop", quantity=Decimal(1), stop_price=stop))
    return paper, market


@numba.njit(nogil=True)
def run_bars(opens, highs, lows, closes, orders, rules, position, out):  # type: ignore[no-untyped-def]
    """A long position between a stop and a target that are never reached: nothing but looking."""
    seen = 0
    for i in range(len(opens)):
        seen += bar.step_open(orders, 2, rules[0], position[0], opens[i], out)
        seen += bar.step_range(orders, 2, rules[0], position[0], highs[i], lows[i], closes[i], out)
    return seen


def bars_ns() -> float:
    """CPU ns of a bar in machine code."""
    chance = np.random.default_rng(1)
    closes = 100.0 + np.cumsum(chance.normal(0, 1e-3, BARS))
    opens = np.concatenate([[100.0], closes[:-1]])
    highs, lows = np.maximum(opens, closes) + 0.01, np.minimum(opens, closes) - 0.01
    stepper = Stepper(state.Rules(tick=0.1, lot=0.001))
    stepper.position = 1000.0
    common: dict[str, Any] = {"side": state.SELL, "quantity": 1000.0, "reduce_only": True}
    stepper.add("stop", kind=state.STOP, stop=50.0, **common)
    stepper.add("target", kind=state.LIMIT, limit=150.0, stage=state.RESTING, **common)
    orders, out = stepper.rows, np.zeros(16, state.ACTION)
    rules = np.array([tuple(state.Rules(tick=0.1, lot=0.001))], state.RULES)
    position = np.array([(1000.0,)], state.POSITION)
    arguments = (opens, highs, lows, closes, orders, rules, position, out)
    if run_bars(*arguments):
        raise RuntimeError("The bench's stop or target was reached; it is to measure looking alone.")
    return cpu_seconds(lambda: run_bars(*arguments)) / BARS * 1e9


def main() -> list[Figure]:
    """µs CPU of one event for the venue, ns of one bar for the core."""
    paper, market = venue()
    elsewhere = Trade("bench:ZZ", 1, 1.0, 1.0, "buy", 1, 1)
    prints = [Trade(XY.id, n, 100.0 + n % 2 / 10, 1.0, "buy", 1, 1) for n in range(2)]
    change = BookChange(XY.id, False, [(99.0, 2.0)], [], None, None, None, 1, 1)

    def each_us(work: Callable[[], object]) -> float:
        return cpu_seconds(work) / EVENTS * 1e6

    def hear(event: MarketEvent) -> Callable[[], None]:
        def work() -> None:
            for _ in range(EVENTS):
                paper.on_event(event)

        return work

    def hear_prints() -> None:
        for n in range(EVENTS):
            market.price = prints[n % 2].price
            paper.on_event(prints[n % 2])

    def walk() -> None:
        for _ in range(EVENTS // 50):
            stepper = Stepper(state.Rules(tick=0.1, lot=0.001))
            stepper.add("m", side=state.BUY, kind=state.MARKET, quantity=20_000.0)
            if len(stepper.book(market.whole)) != 20:
                raise RuntimeError("The bench's market order was not filled at 20 levels.")

    return [
        Figure("paper: an event nobody waits for", each_us(hear(elsewhere)), "µs", 0.3),
        Figure("paper: a print, 5 limits and 5 stops", each_us(hear_prints), "µs", 5.0),
        Figure("paper: a book diff, 5 orders in the queue", each_us(hear(change)), "µs", 5.0),
        Figure(
            "core: a market order through 20 levels", each_us(walk) * 50, "µs", 200.0, note="and its arrays"
        ),
        Figure("core: a bar, stop and target", bars_ns(), "ns", 100.0, note="in machine code"),
    ]


if __name__ == "__main__":
    show(main())
