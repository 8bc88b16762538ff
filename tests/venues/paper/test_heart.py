"""The paper venue and the real heart together: what one believes of orders and money, the other holds too."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import CandlewickError
from candlewick.core.events import BookChange, Derivative, MarketEvent, Quote, TimePassed, Trade
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Fill, Report
from candlewick.runtime.accounts.views import HeartAccounts, HeartMarket
from candlewick.trading.commands import (
    Amend,
    Cancel,
    Close,
    Command,
    Kill,
    OpenAccount,
    Place,
    SetLeverage,
    SetTradingState,
    Transfer,
)
from candlewick.trading.effects import Effects, Journal, PositionChanged, SendAmend, SendCancel, SendOrder
from candlewick.trading.engine import Engine
from candlewick.trading.settings import AccountSettings
from candlewick.venues.paper.venue import PaperVenue
from tests.trading.ground import NO_LIMITS, START, perp, spot

ACCOUNT = 1
SPOT, PERP = spot("BTC", tick="0.1", lot="0.01"), perp("BTC", tick="0.1", lot="0.01")


class Desk:
    """A heart and its paper venue, and a shell that does no more than carry effects."""

    def __init__(self, *, cash: str = "100000", latency_ms: int = 0) -> None:
        self.engine = Engine()
        self.venue = PaperVenue(HeartMarket(self.engine), HeartAccounts(self.engine))
        self.venue.listen(self.take)
        self.now = START
        self.fills: list[Fill] = []
        self.number = 0
        self.updates = 0
        self.price = 0.0
        self._to_do: deque[Callable[[], None]] = deque()
        self._doing = False
        for instrument in (SPOT, PERP):
            self.engine.list_instrument(instrument)
        self.take(
            OpenAccount(
                account=ACCOUNT, name="desk", kind="paper", currency="USDT", cash=Decimal(cash),
                limits=NO_LIMITS, settings=AccountSettings(latency_ms=latency_ms), actor="ann", ts=self.now,
            )
        )  # fmt: skip

    async def start_again(self) -> None:
        """The engine was killed: a new venue is told what the journal knows, and compared with it."""
        self._to_do.clear()
        self.venue = PaperVenue(HeartMarket(self.engine), HeartAccounts(self.engine))
        self.venue.restore([*self.working.values()], self.now)
        self.venue.listen(self.take)
        self.take(await self.venue.state(ACCOUNT, [*self.working.values()]))

    def take(self, event: Command | Report) -> None:
        """Hand an event to the heart; what it wants done is done after all that it wanted before."""
        self._want(self.engine.process(event))
        self._work()

    def _want(self, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Journal(entry=Fill() as fill):
                    self.fills.append(fill)
                case SendOrder(order=order):
                    self._to_do.append(partial(self.venue.place, order))
                case SendCancel(order=order):
                    self._to_do.append(partial(self.venue.cancel, order))
                case SendAmend(order=order, terms=terms):
                    self._to_do.append(partial(self.venue.amend, order, terms))
                case PositionChanged(account=account, instrument=instrument):
                    self.venue.position_changed(account, instrument)
                case _:
                    pass

    def _work(self) -> None:
        if self._doing:
            return
        self._doing = True
        while self._to_do:
            self._to_do.popleft()()
        self._doing = False

    def feed(self, event: MarketEvent) -> None:
        self._want(self.engine.process(event))  # the kill switch tries again when time has passed
        self.venue.on_event(event)
        self._work()

    def market(self, price: float, *, size: float = 5.0, spread: float = 0.1) -> None:
        """Both books, quotes and the mark are around `price`."""
        self.now += NS_PER_S // 100
        self.updates += 1
        self.price = round(price, 1)
        bid, ask = round(price - spread, 1), round(price, 1)
        for id in (SPOT.id, PERP.id):
            bids, asks = (
                [(round(side + sign * n / 10, 1), size) for n in range(4)]
                for side, sign in ((bid, -1), (ask, 1))
            )
            self.feed(BookChange(id, True, bids, asks, None, self.updates, None, self.now, self.now))
            self.feed(Quote(id, bid, size, ask, size, None, self.now, self.now))
        self.feed(Derivative(PERP.id, self.now, self.now, mark=price, funding_rate=0.0001,
                             next_funding=self.now + 3600 * NS_PER_S))  # fmt: skip

    def print(self, instrument: Instrument, price: float, quantity: float, taker: Any) -> None:
        self.now += NS_PER_S // 100
        self.updates += 1
        self.feed(Trade(instrument.id, self.updates, price, quantity, taker, self.now, self.now))

    def place(
        self, instrument: Instrument, side: Any, quantity: str, kind: Any = "market", **more: Any
    ) -> str:
        self.number += 1
        id = f"o{self.number}"
        bracket = {name: more.pop(name) for name in ("stop_loss", "take_profit") if name in more}
        terms = Terms(
            instrument=instrument.id, side=side, quantity=Decimal(quantity), order_type=kind, **more
        )
        self.take(
            Place(
                account=ACCOUNT,
                order_id=id,
                terms=terms,
                origin="manual",
                actor="ann",
                ts=self.now,
                **bracket,
            )
        )
        return id

    def lever(self, leverage: int, mode: Any) -> None:
        self.take(
            SetLeverage(account=ACCOUNT, instrument=PERP.id, leverage=Decimal(leverage), margin_mode=mode,
                        actor="ann", ts=self.now)
        )  # fmt: skip

    def order(self, id: str) -> Order:
        return self.engine.desk.order(ACCOUNT, id)

    @property
    def working(self) -> dict[str, Order]:
        return self.engine.desk.accounts[ACCOUNT].orders

    @property
    def cash(self) -> Decimal:
        value = self.engine.desk.valuation(ACCOUNT).cash
        assert value is not None
        return value

    async def check(self) -> None:
        """The heart's books add up, and both hold the same orders to be at work."""
        assert self.engine.checks(ACCOUNT) == []
        said = (await self.venue.state(ACCOUNT, ())).orders
        at_venue = {each.order_id: (each.terms.quantity, each.filled, each.average_price) for each in said}
        here = {
            order.id: (order.terms.quantity, order.filled, order.average_price)
            for order in self.working.values()
            if order.is_working
        }
        assert at_venue == here


async def test_after_a_start_what_was_on_its_way_is_lost_and_what_was_being_changed_is_changed() -> None:
    desk = Desk(latency_ms=25)
    desk.market(1000.0)
    resting = desk.place(PERP, "buy", "1", "limit", limit_price=Decimal(900))
    desk.market(1000.0)
    desk.market(1000.0)
    desk.market(1000.0)
    assert desk.order(resting).status == "OPEN"
    larger = desk.place(PERP, "buy", "1", "limit", limit_price=Decimal(800))
    for _ in range(3):
        desk.market(1000.0)
    desk.take(Cancel(account=ACCOUNT, order_id=resting, actor="ann", ts=desk.now))
    desk.take(Amend(account=ACCOUNT, order_id=larger, quantity=Decimal(2), actor="ann", ts=desk.now))
    sent = desk.place(PERP, "buy", "1", "limit", limit_price=Decimal(901))
    await desk.start_again()
    assert desk.order(sent).status == "REJECTED"
    desk.market(1000.0)
    desk.market(1000.0)
    desk.market(1000.0)
    assert desk.order(resting).status == "CANCELLED"
    assert desk.order(larger).terms.quantity == 2
    await desk.check()


async def test_a_bracket_lives_from_entry_to_target() -> None:
    desk = Desk()
    desk.market(1000.0)
    entry = desk.place(PERP, "buy", "1", stop_loss=Decimal(990), take_profit=Decimal(1010))
    assert desk.order(entry).status == "FILLED"
    assert set(desk.working) == {f"{entry}-sl", f"{entry}-tp"}
    await desk.check()
    desk.market(1011.0)
    assert desk.order(f"{entry}-tp").status == "FILLED"
    assert desk.order(f"{entry}-sl").status in ("CANCELLED", "EXPIRED")
    assert not desk.working
    await desk.check()


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_an_isolated_position_costs_no_more_than_its_margin_and_fees(side: Any) -> None:
    desk = Desk()
    desk.market(1000.0)
    desk.lever(20, "isolated")
    desk.place(PERP, side, "3")
    after_fee = desk.cash
    margin = desk.engine.desk.accounts[ACCOUNT].book.positions[PERP.id].margin
    for step in range(1, 40):
        desk.market(1000.0 + (2 if side == "sell" else -2) * step, spread=0.3)
    assert PERP.id not in desk.engine.desk.accounts[ACCOUNT].book.positions
    assert desk.fills[-1].liquidation
    assert 0 < after_fee - desk.cash <= margin
    await desk.check()


async def test_a_cross_account_is_never_below_nothing() -> None:
    desk = Desk(cash="400")
    desk.market(1000.0)
    desk.lever(20, "cross")
    desk.place(PERP, "buy", "5")
    desk.market(100.0)
    assert not desk.engine.desk.accounts[ACCOUNT].book.positions
    assert desk.cash >= 0
    await desk.check()


seldom = st.sampled_from([False, False, False, True])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("market"), st.integers(-300, 300), st.integers(1, 60)),
        st.tuples(st.just("print"), seldom, st.integers(-60, 60), st.integers(1, 300), st.booleans()),
        st.tuples(
            st.just("place"), seldom, st.booleans(), st.integers(1, 900),
            st.sampled_from(["market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop"]),
            st.integers(-20, 60), seldom, seldom,
        ),
        st.tuples(st.just("cancel"), st.integers(1, 6)),
        st.tuples(st.just("amend"), st.integers(1, 6), st.integers(1, 900)),
        st.tuples(st.just("close"), st.sampled_from([PERP.id, PERP.id, SPOT.id, None]), seldom),
        st.tuples(st.just("kill"), st.booleans()),
        st.tuples(st.just("trade again")),
        st.tuples(st.just("start again")),
        st.tuples(st.just("transfer"), st.integers(-900, 900)),
        st.tuples(st.just("lever"), st.sampled_from(["cross", "isolated"]), st.integers(10, 50)),
        st.tuples(st.just("wait"), st.integers(1, 4000)),
    ),
    min_size=4,
    max_size=40,
)  # fmt: skip


@given(steps, st.sampled_from([0, 25]))
async def test_whatever_happens_the_books_add_up_and_both_hold_the_same_orders(
    script: list[Any], latency_ms: int
) -> None:
    desk = Desk(cash="1500", latency_ms=latency_ms)
    desk.market(1000.0)
    for step in script:
        with suppress(CandlewickError):  # the door refused, or there is nothing to do it to: nothing changed
            if step[0] == "start again":
                await desk.start_again()
            else:
                play(desk, step)
        assert desk.engine.checks(ACCOUNT) == []
    desk.now += NS_PER_S
    desk.feed(TimePassed(desk.now))
    desk.now += NS_PER_S
    desk.feed(TimePassed(desk.now))
    await desk.check()
    assert len({(fill.instrument, fill.id) for fill in desk.fills}) == len(desk.fills)


def play(desk: Desk, step: Any) -> None:
    match step:
        case ("market", tenths, size):
            desk.market(max(round(desk.price + tenths / 10, 1), 100.0), size=size / 10)
        case ("print", on_spot, tenths, hundredths, buys):
            instrument = SPOT if on_spot else PERP
            desk.print(
                instrument, round(desk.price + tenths / 10, 1), hundredths / 100, "buy" if buys else "sell"
            )
        case ("place", on_spot, buys, hundredths, kind, tenths, reduces, bracket):
            way = 1 if buys else -1
            here, away = Decimal(round(desk.price * 10)) / 10, way * Decimal(tenths) / 10
            more: dict[str, Any] = {
                "limit": {"limit_price": here - away},
                "stop": {"stop_price": here + away},
                "take_profit": {"stop_price": here - away},
                "stop_limit": {"stop_price": here + away, "limit_price": here + away + way},
                "trailing_stop": {"trail": Decimal(5)},
            }.get(kind, {})
            if bracket and not reduces:
                more |= {"stop_loss": here - way * 20, "take_profit": here + way * 20}
            desk.place(
                SPOT if on_spot else PERP, "buy" if buys else "sell", str(Decimal(hundredths) / 100), kind,
                reduce_only=reduces and not on_spot, **more,
            )  # fmt: skip
        case ("cancel", number):
            desk.take(Cancel(account=ACCOUNT, order_id=f"o{number}", actor="ann", ts=desk.now))
        case ("amend", number, hundredths):
            desk.take(
                Amend(account=ACCOUNT, order_id=f"o{number}", quantity=Decimal(hundredths) / 100, actor="ann",
                      ts=desk.now)
            )  # fmt: skip
        case ("close", instrument_id, reverse):
            desk.number += 1
            desk.take(
                Close(account=ACCOUNT, order_id=f"o{desk.number}", instrument=instrument_id, reverse=reverse,
                      origin="manual", actor="ann", ts=desk.now)
            )  # fmt: skip
        case ("kill", flatten):
            desk.take(Kill(account=ACCOUNT, flatten=flatten, reason="enough", actor="ann", ts=desk.now))
        case ("trade again",):
            desk.take(SetTradingState(account=ACCOUNT, state="ACTIVE", reason="", actor="ann", ts=desk.now))
        case ("transfer", amount):
            desk.number += 1
            desk.take(
                Transfer(account=ACCOUNT, id=f"t{desk.number}", currency="USDT", amount=Decimal(amount),
                         memo="", actor="ann", ts=desk.now)
            )  # fmt: skip
        case ("lever", mode, leverage):
            desk.lever(leverage, mode)
        case ("wait", seconds):
            desk.now += seconds * NS_PER_S
            desk.feed(TimePassed(desk.now))
