"""The heart and the paper venue in one thread, driven by bars: no journal, no clock, no latency."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

from candlewick.backtest.account import Account
from candlewick.core.errors import OrderRefused, UsageError
from candlewick.core.events import Derivative, MarketEvent, Quote
from candlewick.core.instrument import Instrument
from candlewick.core.order import Terms
from candlewick.core.reports import Fill, FundingPaid, Report
from candlewick.ledger.contract import is_spot
from candlewick.runtime.accounts.views import HeartAccounts, HeartMarket
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Amend, Cancel, Command, OpenAccount, Place, SetLeverage
from candlewick.trading.effects import (
    Booked,
    Effects,
    PositionChanged,
    SendAmend,
    SendCancel,
    SendLeverage,
    SendOrder,
)
from candlewick.trading.engine import Engine
from candlewick.trading.risk.funds import free_of
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings, Fees
from candlewick.trading.valuing import value_of
from candlewick.venues.paper.funding import paid
from candlewick.venues.paper.venue import PaperVenue

NUMBER: Final = 1
ACTOR: Final = "replay"
ENOUGH: Final = 1e12
"""Quantity of the quotes that stand for a bar: volume does not limit fills in a bar."""
NO_LIMITS: Final = Limits(
    max_order_notional=None, max_position_notional=None, max_gross_notional=None, max_leverage=None,
    max_margin_pct=None, price_band_pct=None, max_daily_loss_pct=None, max_drawdown_pct=None,
    max_orders_per_minute=None, max_open_orders=None, max_data_age_s=None,
)  # fmt: skip


class Heart:
    """One account, alone with the market.

    Attributes:
        fills: what was booked since they were last taken, with what each realised.
        refusals: what the door refused, as sentences.
    """

    def __init__(
        self, instruments: list[Instrument], account: Account, leverages: list[float], ts: int
    ) -> None:
        self.engine = Engine()
        self.venue = PaperVenue(HeartMarket(self.engine), HeartAccounts(self.engine))
        self.venue.listen(self._do)
        self.now = ts
        self.fills: list[Booked] = []
        self.refusals: list[str] = []
        self._to_do: deque[Callable[[], None]] = deque()
        self._doing = False
        self._received: list[Decimal] = []
        fees = Fees(maker=_exact(account.fee_maker), taker=_exact(account.fee_taker))
        currency = instruments[0].settle or instruments[0].quote
        settings = AccountSettings(
            spot_fees=fees, perp_fees=fees, slippage_bps=_exact(account.slippage_bps), margin_mode="isolated"
        )
        self.currency = currency
        for instrument in instruments:
            self.engine.list_instrument(instrument)
        self._do(OpenAccount(account=NUMBER, name=ACTOR, kind="paper", currency=currency,
                             cash=_exact(account.cash), settings=settings, limits=NO_LIMITS,
                             actor=ACTOR, ts=ts))  # fmt: skip
        for instrument, leverage in zip(instruments, leverages, strict=True):
            if not is_spot(instrument):
                self._do(SetLeverage(account=NUMBER, instrument=instrument.id, leverage=_exact(leverage),
                                     margin_mode="isolated", actor=ACTOR, ts=ts))  # fmt: skip

    @property
    def account(self) -> AccountState:
        return self.engine.desk.accounts[NUMBER]

    @property
    def equity(self) -> float:
        """Worth of the account at the marks of now."""
        total = value_of(self.account, self.engine.market).total_value
        assert total is not None, "every market that is held has had a bar"
        return float(total)

    @property
    def free(self) -> float:
        """What may be bound or spent."""
        free = free_of(self.account, self.engine.market, self.currency).spendable
        assert free is not None, "every market that is held has had a bar"
        return float(free)

    def margin(self, instrument: str) -> float:
        """What is set aside for a position."""
        held = self.account.book.positions.get(instrument)
        return 0.0 if held is None else float(held.margin)

    def quantity(self, instrument: str) -> Decimal:
        """What is held, signed."""
        return self.account.position(instrument)

    def entry(self, instrument: str) -> Decimal | None:
        """Mean price of what is held."""
        held = self.account.book.positions.get(instrument)
        return None if held is None else held.avg_price

    def show(self, instrument: Instrument, price: float) -> None:
        """The market is at a price: the heart marks by it."""
        if not is_spot(instrument):
            self._feed(Derivative(instrument.id, self.now, self.now, mark=price))
        self._feed(Quote(instrument.id, price, ENOUGH, price, ENOUGH, None, self.now, self.now))

    def pay_funding(self, instrument: Instrument, rate: float, mark: float) -> float:
        """Settle a perpetual at this mark; what came in."""
        held = self.quantity(instrument.id)
        if not held:
            return 0.0
        self.now += 1  # a settlement is known by its time
        self._received.clear()
        due = paid(NUMBER, instrument, held, _exact(rate), _exact(mark), self.now, self.now)
        self._do(due)
        if not self._received:
            raise UsageError(
                f"Funding of {due.amount:f} in {instrument.symbol} cannot be booked: money has fewer digits. "
                "Round the funding rates to what the venue states (8 decimals)."
            )
        return float(self._received.pop())

    def place(self, order_id: str, terms: Terms, tag: str = "") -> bool:
        """Send an order through the door; whether it let it through."""
        try:
            self._do(Place(account=NUMBER, order_id=order_id, terms=terms, origin="strategy", tag=tag,
                           actor=ACTOR, ts=self.now))  # fmt: skip
        except OrderRefused as refused:
            self.refusals.append(f"{terms.side} {terms.quantity} {terms.instrument}: {refused}")
            return False
        return True

    def cancel(self, order_id: str) -> None:
        """Take an order back."""
        if order_id in self.account.orders:
            self._do(Cancel(account=NUMBER, order_id=order_id, actor=ACTOR, ts=self.now))

    def move_stop(self, order_id: str, price: Decimal) -> None:
        """Have a stop wait at another price."""
        self._do(Amend(account=NUMBER, order_id=order_id, stop_price=price, actor=ACTOR, ts=self.now))

    def bar_opens(self, instrument: str, price: float, mark: float) -> None:
        self.venue.bars.open(instrument, price, mark, self.now)
        self._work()

    def bar_ranges(
        self, instrument: str, high: float, low: float, close: float, marks: tuple[float, float]
    ) -> None:
        self.venue.bars.range(instrument, high, low, close, marks, self.now)
        self._work()

    def bar_hurts(self, instrument: str, high: float, low: float, marks: tuple[float, float]) -> None:
        self.venue.bars.hurt(instrument, high, low, marks)
        self._work()

    def take_fills(self) -> list[Booked]:
        """What was booked since."""
        booked, self.fills = self.fills, []
        return booked

    def _feed(self, event: MarketEvent) -> None:
        self._want(self.engine.process(event))

    def _do(self, event: Command | Report) -> None:
        """Hand an event to the heart; what it wants done is done after all that it wanted before."""
        self._want(self.engine.process(event))
        self._work()

    def _want(self, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Booked(fill=Fill()):
                    self.fills.append(effect)
                case Booked(funding=FundingPaid() as booked):
                    self._received.append(booked.amount)
                case SendOrder(order=order):
                    self._to_do.append(partial(self.venue.place, order))
                case SendCancel(order=order):
                    self._to_do.append(partial(self.venue.cancel, order))
                case SendAmend(order=order, terms=terms):
                    self._to_do.append(partial(self.venue.amend, order, terms))
                case SendLeverage(
                    account=account, instrument=instrument, leverage=leverage, margin_mode=mode
                ):
                    self.venue.set_leverage(account, instrument, leverage, mode)
                case PositionChanged(account=account, instrument=instrument):
                    self.venue.position_changed(account, instrument)
                case _:
                    pass

    def _work(self) -> None:
        if self._doing:
            return
        self._doing = True
        try:
            while self._to_do:
                self._to_do.popleft()()
        finally:
            self._doing = False


def _exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))
