"""Random markets, random orders, a venue that answers late, twice or not at all, and crashes in between."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from candlewick.core.errors import Conflict, OrderRefused, UnknownOrder, UsageError
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Fill
from candlewick.trading import kill
from candlewick.trading.commands import (
    Amend,
    Cancel,
    CancelAll,
    Close,
    ImportFills,
    Kill,
    Place,
    SetLeverage,
    SetLimits,
    SetSettings,
    SetTradingState,
    Transfer,
)
from candlewick.trading.effects import AskVenue, Effects, Journal, SendAmend, SendCancel, SendOrder
from candlewick.trading.entries import AmendPlaced, CancelPlaced, OrderPlaced
from candlewick.trading.risk import door
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.limits import Limits
from candlewick.trading.risk.verdict import Approved, Verdict
from candlewick.trading.settings import AccountSettings
from tests.examples import examples
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, ETH_PERP, LISTED, D, House, check_recovery
from tests.trading.slow_model import SlowVenue

TRADED = (BTC, ETH, BTC_PERP, ETH_PERP)
BY_ID = {instrument.id: instrument for instrument in TRADED}
START_PRICES = {BTC.id: 50_000, ETH.id: 2_000, BTC_PERP.id: 50_000, ETH_PERP.id: 2_000}
LIMITS = Limits(max_data_age_s=None, max_orders_per_minute=None, max_daily_loss_pct=D(20))


class Trading(RuleBasedStateMachine):
    """Everything that may happen to an account, in any order."""

    orders: Bundle[str] = Bundle("orders")
    tolerance = Fraction(0)

    def __init__(self) -> None:
        super().__init__()
        self.approved: list[Terms] = []
        self.judges = door.judge
        self.asked_again = False
        door.judge = self._judge
        self.house = House(limits=LIMITS)
        self.venue = SlowVenue(ACCOUNT)
        self.venue.account.deposits.append(D(100_000))
        self.prices = dict(START_PRICES)
        self.count = 0

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            door.judge = self.judges

    def _judge(self, ask: Ask) -> Verdict:
        verdict = self.judges(ask)
        if isinstance(verdict, Approved):
            self.approved.append(ask.terms)
        return verdict

    # --- the market

    @initialize()
    def open(self) -> None:
        for instrument in TRADED:
            self.house.quotes(instrument, float(self.prices[instrument.id]))

    @rule(instrument=st.sampled_from(TRADED), pct=st.integers(-6, 6))
    def price_moves(self, instrument: Any, pct: int) -> None:
        self.house.now += 300_000_000
        start = START_PRICES[instrument.id]
        moved = self.prices[instrument.id] * (100 + pct) // 100
        self.prices[instrument.id] = max(start // 4, min(moved, start * 4))
        before = len(self.house.effects)
        self.house.quotes(instrument, float(self.prices[instrument.id]))
        self.send(tuple(self.house.effects[before:]))  # of a perpetual there were two messages

    @rule(seconds=st.sampled_from([1, 1, 1, 7, 7, 3_600, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.send(self.house.passes(seconds))

    # --- people

    @rule(
        target=orders,
        instrument=st.sampled_from(TRADED),
        side=st.sampled_from(["buy", "sell"]),
        lots=st.integers(1, 400),
        kind=st.sampled_from(["market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop"]),
        away=st.integers(-9, 9),
        protected=st.booleans(),
        reduce_only=st.sampled_from([False, False, True]),
        group=st.sampled_from([None, None, "a", "b"]),
    )
    def place(
        self,
        instrument: Any,
        side: Any,
        lots: int,
        kind: Any,
        away: int,
        protected: bool,
        reduce_only: bool,
        group: str | None,
    ) -> str:
        return self.send_order(instrument, side, lots, kind, away, protected, reduce_only, group)

    def send_order(
        self,
        instrument: Any,
        side: Any,
        lots: int,
        kind: Any,
        away: int,
        protected: bool,
        reduce_only: bool = False,
        group: str | None = None,
    ) -> str:
        self.count += 1
        price = D(self.prices[instrument.id] * (100 + away) // 100)
        below, above = price * D("0.9") // 1, price * D("1.1") // 1
        terms = Terms(
            instrument=instrument.id,
            side=side,
            quantity=instrument.lot * lots * (20 if instrument.base == "ETH" else 1),
            order_type=kind,
            limit_price=price if kind in ("limit", "stop_limit") else None,
            stop_price=price if kind in ("stop", "stop_limit", "take_profit") else None,
            trail=D(100) if kind == "trailing_stop" else None,
            reduce_only=reduce_only,
        )
        id = f"o{self.count}"
        self.ask(
            Place(
                account=ACCOUNT,
                order_id=id,
                terms=terms,
                stop_loss=(below if side == "buy" else above) if protected else None,
                take_profit=(above if side == "buy" else below) if protected else None,
                oco=group,
                key=f"key-{self.count}",
                origin="manual",
                actor="ann",
                ts=self.house.now,
            )
        )
        return id

    @rule(
        target=orders,
        instrument=st.sampled_from(TRADED),
        side=st.sampled_from(["buy", "sell"]),
        lots=st.integers(1, 400),
        protected=st.booleans(),
    )
    def place_at_the_market(self, instrument: Any, side: Any, lots: int, protected: bool) -> str:
        return self.send_order(instrument, side, lots, "market", 0, protected)

    @rule(
        instrument=st.sampled_from(TRADED),
        side=st.sampled_from(["buy", "sell"]),
        lots=st.integers(1, 400),
        filled=st.integers(1, 8_000),
        protected=st.booleans(),
    )
    def trade(self, instrument: Any, side: Any, lots: int, filled: int, protected: bool) -> None:
        """An order that is sent, taken, filled in part or whole, and heard of, without a delay."""
        id = self.send_order(instrument, side, lots, "market", 0, protected)
        self.hear_all()
        known = self.venue.orders.get(id)
        if known is not None and known.is_live:
            self.venue.fill(known, filled, D(self.prices[instrument.id]), instrument, self.house.now)
            self.hear_all()

    @precondition(lambda self: self.house.account.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(list(self.house.account.orders)))
        self.ask(Cancel(account=ACCOUNT, order_id=order, actor="ann", ts=self.house.now))

    @precondition(lambda self: self.house.account.orders)
    @rule(
        data=st.data(),
        what=st.sampled_from(["quantity", "quantity", "limit_price", "stop_price", "trail"]),
        lots=st.integers(1, 400),
        away=st.integers(-9, 9),
    )
    def amend(self, data: st.DataObject, what: str, lots: int, away: int) -> None:
        order = data.draw(st.sampled_from(list(self.house.account.orders)))
        price = self.prices[self.house.order(order).terms.instrument]
        to = {"quantity": D("0.001") * lots, "trail": D(lots)}.get(what, D(price * (100 + away) // 100))
        self.ask(Amend(account=ACCOUNT, order_id=order, **{what: to}, actor="ann", ts=self.house.now))

    @rule(order=orders)
    def cancel_what_may_be_done(self, order: str) -> None:
        self.ask(Cancel(account=ACCOUNT, order_id=order, actor="ann", ts=self.house.now))

    @precondition(lambda self: self.house.account.book.positions)
    @rule(data=st.data(), reverse=st.sampled_from([False, False, True]))
    def close(self, data: st.DataObject, reverse: bool) -> None:
        held = [position.instrument for position in self.house.account.book.positions.values()]
        instrument = data.draw(st.sampled_from([*held, None]))
        self.count += 1
        self.ask(
            Close(
                account=ACCOUNT,
                order_id=f"c{self.count}",
                instrument=None if instrument is None else instrument.id,
                reverse=reverse,
                origin="manual",
                actor="ann",
                ts=self.house.now,
            )
        )

    @rule(
        what=st.sampled_from(["transfer", "transfer", "transfer", "cancel all", "reduce", "kill", "flatten"]),
        amount=st.integers(-20_000, 20_000),
    )
    def meddle(self, what: str, amount: int) -> None:
        """What happens seldom."""
        now = self.house.now
        match what:
            case "cancel all":
                self.ask(CancelAll(account=ACCOUNT, actor="ann", ts=now))
            case "kill" | "flatten":
                flatten = what == "flatten"
                self.ask(Kill(account=ACCOUNT, flatten=flatten, reason="enough", actor="ann", ts=now))
            case "reduce":
                self.ask(SetTradingState(account=ACCOUNT, state="REDUCING", reason="", actor="ann", ts=now))
            case _:
                self.count += 1
                transfer = Transfer(
                    account=ACCOUNT,
                    id=f"t{self.count}",
                    currency="USDT",
                    amount=D(amount),
                    memo="",
                    actor="ann",
                    ts=now,
                )
                if self.ask(transfer):
                    self.venue.account.deposits.append(D(amount))

    @rule(
        instrument=st.sampled_from(TRADED),
        leverage=st.integers(1, 30),
        mode=st.sampled_from(["cross", "cross", "isolated"]),
    )
    def set_leverage(self, instrument: Any, leverage: int, mode: Any) -> None:
        self.ask(
            SetLeverage(
                account=ACCOUNT,
                instrument=instrument.id,
                leverage=D(leverage),
                margin_mode=mode,
                actor="ann",
                ts=self.house.now,
            )
        )

    @rule(
        method=st.sampled_from(["fifo", "lifo", "hifo", "average"]),
        leverage=st.integers(1, 30),
        mode=st.sampled_from(["cross", "cross", "isolated"]),
        slippage_bps=st.integers(0, 50),
    )
    def set_settings(self, method: Any, leverage: int, mode: Any, slippage_bps: int) -> None:
        settings = AccountSettings(
            lot_method=method, leverage=D(leverage), margin_mode=mode, slippage_bps=D(slippage_bps)
        )
        self.ask(SetSettings(account=ACCOUNT, settings=settings, actor="ann", ts=self.house.now))

    @rule(drawdown=st.sampled_from([None, 1, 50]), position=st.sampled_from([None, 100, 50_000]))
    def set_limits(self, drawdown: int | None, position: int | None) -> None:
        limits = replace(
            LIMITS,
            max_drawdown_pct=None if drawdown is None else D(drawdown),
            max_position_notional=None if position is None else D(position),
        )
        self.ask(SetLimits(account=ACCOUNT, limits=limits, actor="ann", ts=self.house.now))

    @rule(
        instrument=st.sampled_from(TRADED),
        side=st.sampled_from(["buy", "sell"]),
        quantity=st.decimals("0.00001", "3", places=5),
        away=st.integers(-40, 40),
        in_kind=st.booleans(),
    )
    def import_a_fill(self, instrument: Any, side: Any, quantity: Decimal, away: int, in_kind: bool) -> None:
        """A history from elsewhere: of no whole lots, and who knows what was sold there."""
        self.count += 1
        in_kind = in_kind and instrument.kind == "spot"
        fill = Fill(
            account=ACCOUNT,
            id=f"i{self.count}",
            order_id=f"elsewhere-{self.count}",
            instrument=instrument.id,
            side=side,
            price=D(self.prices[instrument.id] * (100 + away) // 100),
            quantity=quantity,
            fee=quantity * D("0.001") if in_kind else D("1.23"),
            fee_currency=instrument.base if in_kind else "USDT",
            liquidity="maker",
            ts=self.house.now,
        )
        if self.ask(ImportFills(account=ACCOUNT, fills=(fill,), actor="ann", ts=self.house.now)):
            self.venue.account.fills.append(fill)

    @precondition(lambda self: self.house.account.state != "ACTIVE")
    @rule()
    def trade_again(self) -> None:
        self.ask(SetTradingState(account=ACCOUNT, state="ACTIVE", reason="", actor="ann", ts=self.house.now))

    # --- the venue

    @precondition(lambda self: self.venue.inbox)
    @rule(refuses=st.lists(st.sampled_from([False, False, False, True]), min_size=1, max_size=4))
    def venue_looks(self, refuses: list[bool]) -> None:
        for each in refuses[: len(self.venue.inbox)]:
            self.venue.look(self.house.now, refuses=each)

    @precondition(lambda self: self.venue.live())
    @rule(data=st.data(), lots=st.integers(1, 500))
    def venue_fills_and_it_is_heard(self, data: st.DataObject, lots: int) -> None:
        self.venue_fills(data, lots)
        while self.venue.outbox:
            self.send(self.house.do(self.venue.outbox.pop(0)))

    @precondition(lambda self: self.venue.live())
    @rule(data=st.data(), lots=st.integers(1, 500))
    def venue_fills(self, data: st.DataObject, lots: int) -> None:
        side = data.draw(st.sampled_from(self.venue.live()))
        instrument = BY_ID[side.terms.instrument]
        held = self.venue.account.quantity(instrument)
        sells = side.terms.side == "sell"
        if side.terms.reduce_only and (held <= 0 if sells else held >= 0):
            return self.venue.expire(side, self.house.now)
        assert instrument.lot is not None
        if side.terms.reduce_only or (sells and instrument.kind == "spot"):
            lots = min(lots, int(abs(held) / Fraction(instrument.lot)))
            if not lots:
                return self.venue.expire(side, self.house.now)
        price = side.terms.limit_price or D(self.prices[instrument.id])
        self.venue.fill(side, lots, price, instrument, self.house.now)

    @precondition(lambda self: self.venue.outbox)
    @rule(where=st.integers(0, 3))
    def hear(self, where: int) -> None:
        """One of the oldest reports comes in: not always in the order in which they were said."""
        report = self.venue.outbox.pop(min(where, len(self.venue.outbox) - 1))
        self.send(self.house.do(report))

    @precondition(lambda self: self.venue.said)
    @rule(data=st.data())
    def hear_again(self, data: st.DataObject) -> None:
        heard = [each for each in self.venue.said if each not in self.venue.outbox]
        if heard:
            before = self.house.engine.desk.snapshot()
            fills = [each for each in heard if hasattr(each, "liquidity") or hasattr(each, "rate")]
            if fills:
                self.house.do(data.draw(st.sampled_from(fills)))
                assert self.house.engine.desk.snapshot() == before

    @rule()
    def everybody_hears(self) -> None:
        self.hear_all()

    @precondition(lambda self: self.house.account.position(BTC_PERP.id))
    @rule()
    def funding_is_paid(self) -> None:
        self.house.now += 1
        held = self.house.account.position(BTC_PERP.id)
        if held:
            self.venue.pay_funding(BTC_PERP.id, held, D(self.prices[BTC_PERP.id]), self.house.now)

    @rule(lost=st.integers(0, 3))
    def crash(self, lost: int) -> None:
        """The engine dies: what it had not sent is lost, and what it did not hear is asked for."""
        del self.venue.inbox[len(self.venue.inbox) - lost :]
        while self.venue.inbox:
            self.venue.look(self.house.now, refuses=False)
        self.house.engine = self.house.recovered()
        for instrument in LISTED:
            self.house.engine.list_instrument(instrument)
        for instrument in TRADED:
            self.house.quotes(instrument, float(self.prices[instrument.id]))
        self.reconnect()

    def reconnect(self) -> None:
        funding = [each for each in self.venue.outbox if hasattr(each, "rate")]
        self.venue.outbox.clear()
        asked = frozenset(self.house.account.orders)
        self.send(self.house.do(self.venue.state(asked, self.house.now)))
        for paid in funding:
            self.send(self.house.do(paid))

    # --- what carries messages between them

    def ask(self, command: Any) -> Effects:
        """Give a command; what the heart refuses changes nothing."""
        before = self.house.engine.desk.snapshot()
        try:
            effects = self.house.do(command)
        except (OrderRefused, Conflict, UnknownOrder, UsageError):
            assert self.house.engine.desk.snapshot() == before
            return ()
        self.send(effects)
        return effects

    def send(self, effects: Effects) -> None:
        """Carry effects out. Nothing is sent but what was journalled before, in the same answer."""
        placed: dict[str, Order] = {}
        cancelled: set[str] = set()
        amended: set[str] = set()
        for effect in effects:
            match effect:
                case Journal(entry=OrderPlaced() as entry):
                    placed[entry.order.id] = entry.order
                case Journal(entry=CancelPlaced() as entry):
                    cancelled.add(entry.order_id)
                case Journal(entry=AmendPlaced() as entry):
                    amended.add(entry.order_id)
                case SendOrder():
                    assert placed[effect.order.id] == effect.order
                    assert effect.order.terms in self.approved
                    if self.house.account.state == "HALTED":
                        assert effect.order.tag == kill.TAG
                    self.venue.inbox.append(("place", effect.order, None))
                case SendCancel():
                    assert effect.order.id in cancelled
                    self.venue.inbox.append(("cancel", effect.order, None))
                case SendAmend():
                    assert effect.order.id in amended
                    assert effect.terms in self.approved
                    self.venue.inbox.append(("amend", effect.order, effect.terms))
                case AskVenue():
                    self.asked_again = True
                case _:
                    pass

    def hear_all(self) -> None:
        while self.venue.outbox or self.venue.inbox:
            while self.venue.outbox:
                self.send(self.house.do(self.venue.outbox.pop(0)))
            if self.venue.inbox:
                self.venue.look(self.house.now, refuses=False)

    # --- what must always hold

    @invariant()
    def its_books_are_without_fault(self) -> None:
        assert self.house.engine.checks(ACCOUNT) == []

    @invariant()
    def its_figures_follow_the_ledger(self) -> None:
        exact = self.house.engine.desk.valuation(ACCOUNT).total_value
        figures = self.house.engine.desk.figures(ACCOUNT)
        assert exact is not None
        assert figures.total_value == pytest.approx(float(exact), abs=1e-6)

    @invariant()
    def the_journal_is_all_there_is(self) -> None:
        if self.count % 5 == 0:
            check_recovery(self.house)

    def settle(self) -> None:
        """Let everybody say everything, and compare."""
        self.hear_all()
        if self.asked_again:
            self.reconnect()
            self.hear_all()
        self.compare()

    def compare(self) -> None:
        """What the heart believes of orders and money is what the venue knows."""
        account, slow = self.house.account, self.venue.account
        assert set(account.orders) == {side.order.id for side in self.venue.live()}
        for id, side in self.venue.orders.items():
            ours = account.find(id)
            assert ours is not None
            assert ours.filled == side.filled
            if side.is_live:  # an amendment that is told of after the end changes nothing any more
                assert ours.terms.quantity == side.terms.quantity
            assert (ours.status == "FILLED") == (side.status == "FILLED")
        for instrument in TRADED:
            assert Fraction(account.position(instrument.id)) == slow.quantity(instrument)
        marks = {id: D(price) for id, price in self.prices.items()}
        equity = self.house.engine.desk.valuation(ACCOUNT).total_value
        assert equity is not None
        assert abs(Fraction(equity) - slow.equity(BY_ID, marks)) <= self.tolerance
        check_recovery(self.house)


@pytest.mark.hypothesis  # its plugin marks only what it decorates
def test_it_trades_as_the_slow_model_does() -> None:
    run_state_machine_as_test(
        Trading,
        settings=settings(
            max_examples=examples(20),
            stateful_step_count=200,
            # of so many steps a failure takes longer to shrink than a test may take
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
