"""A heart with an account, and the words to trade with it: what the tests of the desk share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Derivative, MarketEvent, Quote, Side, TimePassed
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Accepted, Fill, Gone, Report, Triggered
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Amend, Cancel, CancelAll, Close, Command, OpenAccount, Place
from candlewick.trading.effects import Effect, Effects, Journal
from candlewick.trading.engine import Engine
from candlewick.trading.entries import Entry, decode, encode
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings

T = TypeVar("T")

# 2025-10-09 08:54:00 UTC
START = 1_760_000_040 * NS_PER_S
ACCOUNT = 1


def D(number: str | int) -> Decimal:  # noqa: N802 - reads like the literal that Python lacks
    return Decimal(number)


def spot(base: str, *, tick: str = "0.01", lot: str = "0.001", **more: Any) -> Instrument:
    symbol = f"{base}USDT"
    return Instrument(
        id=f"sim:{symbol}",
        venue="sim",
        symbol=symbol,
        native=symbol,
        kind="spot",
        base=base,
        quote="USDT",
        settle="USDT",
        tick=D(tick),
        lot=D(lot),
        **({"min_notional": D(5)} | more),
    )


def perp(base: str, *, tick: str = "0.01", lot: str = "0.001", **more: Any) -> Instrument:
    symbol = f"{base}USDT-PERP"
    return Instrument(
        id=f"sim:{symbol}",
        venue="sim",
        symbol=symbol,
        native=f"{base}USDT",
        kind="perp",
        base=base,
        quote="USDT",
        settle="USDT",
        tick=D(tick),
        lot=D(lot),
        **({"min_notional": D(5)} | more),
    )


BTC = spot("BTC", sector="Layer 1")
ETH = spot("ETH", sector="Layer 1")
BTC_PERP = perp("BTC", sector="Layer 1")
ETH_PERP = perp("ETH", sector="Layer 1")
COIN = Instrument(
    id="sim:BTCUSD-PERP",
    venue="sim",
    symbol="BTCUSD-PERP",
    native="BTCUSD_PERP",
    kind="perp",
    base="BTC",
    quote="USD",
    settle="BTC",
    tick=D("0.1"),
    lot=D(1),
    contract_size=D(100),
    inverse=True,
)
LISTED = (BTC, ETH, BTC_PERP, ETH_PERP, COIN)
NO_LIMITS = Limits(
    max_order_notional=None,
    max_position_notional=None,
    max_gross_notional=None,
    max_leverage=None,
    max_margin_pct=None,
    price_band_pct=None,
    max_daily_loss_pct=None,
    max_drawdown_pct=None,
    max_orders_per_minute=None,
    max_open_orders=None,
    max_data_age_s=None,
)
NO_FEES = D(0)


class House:
    """A heart, its clock, its journal, and one paper account of 100,000 USDT.

    Attributes:
        entries: what was journalled so far, as it would be read back from disk.
        effects: what the heart wanted done so far, `Journal` included.
        last: the effects of the newest event.
    """

    def __init__(self, *, limits: Limits | None = None, cash: str = "100000", kind: str = "paper") -> None:
        self.engine = Engine()
        self.now = START
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self.last: Effects = ()
        self._fills = 0
        self._orders = 0
        for instrument in LISTED:
            self.engine.list_instrument(instrument)
        live = kind == "live"
        self.do(
            OpenAccount(
                account=ACCOUNT,
                name="desk",
                kind="live" if live else "paper",
                currency="USDT",
                cash=D(0) if live else D(cash),
                limits=limits or Limits(),
                settings=AccountSettings(),
                venue="sim" if live else None,
                actor="ann",
                ts=self.now,
            )
        )

    @property
    def account(self) -> AccountState:
        return self.engine.desk.accounts[ACCOUNT]

    def do(self, event: Command | Report | MarketEvent) -> Effects:
        """Hand an event to the heart, and check that its journal alone would have led here."""
        self.last = self.engine.process(event)
        self.effects += self.last
        self.entries += [decode(encode(each.entry)) for each in self.last if isinstance(each, Journal)]
        return self.last

    def recovered(self) -> Engine:
        """Another heart that read the journal and nothing else."""
        engine = Engine()
        for entry in self.entries:
            engine.recover(entry)
        return engine

    def passes(self, seconds: float) -> Effects:
        """Time goes on, and the engine is told."""
        self.now += round(seconds * NS_PER_S)
        return self.do(TimePassed(self.now))

    def lists(self, instrument: Instrument, price: float) -> Effects:
        """A venue lists one more instrument, and quotes it."""
        self.engine.list_instrument(instrument)
        return self.quotes(instrument, price)

    def quotes(self, instrument: Instrument, bid: float, ask: float | None = None) -> Effects:
        """A quote; of a perpetual also its mark, in the middle."""
        ask = bid if ask is None else ask
        if instrument.kind == "perp":
            self.do(Derivative(instrument.id, self.now, self.now, mark=(bid + ask) / 2))
        return self.do(Quote(instrument.id, bid, 5.0, ask, 5.0, None, self.now, self.now))

    def place(
        self, instrument: Instrument, side: str, quantity: str, price: str | None = None, **more: Any
    ) -> Order:
        """Send an order: at the market, or at `price`; other terms by their names."""
        self._orders += 1
        order_id = more.pop("order_id", f"o{self._orders}")
        command: dict[str, Any] = {"origin": "manual"}
        for key in ("stop_loss", "take_profit", "oco", "leg", "key", "origin", "tag"):
            if key in more:
                command[key] = more.pop(key)
        for key in ("stop_loss", "take_profit"):
            if key in command:
                command[key] = D(command[key])
        terms: dict[str, Any] = {
            key: D(value)
            if key in ("limit_price", "stop_price", "trail", "trail_percent", "trailed")
            else value
            for key, value in more.items()
        }
        if price is not None:
            terms["limit_price"] = D(price)
        terms.setdefault("order_type", "market" if price is None else "limit")
        self.do(
            Place(
                account=ACCOUNT,
                order_id=order_id,
                terms=Terms(instrument=instrument.id, side=_side(side), quantity=D(quantity), **terms),
                **command,
                actor="ann",
                ts=self.now,
            )
        )
        return self.order(order_id)

    def order(self, order_id: str) -> Order:
        return self.engine.desk.order(ACCOUNT, order_id)

    def accepts(self, order: Order | str) -> Order:
        """The venue has it."""
        order_id = order if isinstance(order, str) else order.id
        self.do(Accepted(ACCOUNT, order_id, f"v-{order_id}", self.now))
        return self.order(order_id)

    def fills(
        self,
        order: Order | str,
        quantity: str | None = None,
        price: str = "50000",
        fee: str = "0",
        fee_currency: str = "USDT",
        **more: Any,
    ) -> Order:
        """The venue fills it: all that remains unless told otherwise."""
        order = self.order(order) if isinstance(order, str) else self.order(order.id)
        self._fills += 1
        fill: dict[str, Any] = {
            "account": ACCOUNT,
            "id": f"f{self._fills}",
            "order_id": order.id,
            "instrument": order.terms.instrument,
            "side": order.terms.side,
            "price": D(price),
            "quantity": order.remaining if quantity is None else D(quantity),
            "fee": D(fee),
            "fee_currency": fee_currency,
            "liquidity": "taker",
            "ts": self.now,
        }
        self.do(Fill(**(fill | more)))
        return self.order(order.id)

    def ends(self, order: Order | str, reason: str = "cancelled", *, expired: bool = False) -> Order:
        """The venue says that it is gone."""
        order_id = order if isinstance(order, str) else order.id
        self.do(Gone(ACCOUNT, order_id, reason, self.now, expired))
        return self.order(order_id)

    def triggers(self, order: Order | str, price: str) -> Order:
        """It met its trigger."""
        order_id = order if isinstance(order, str) else order.id
        self.do(Triggered(ACCOUNT, order_id, D(price), self.now))
        return self.order(order_id)

    def cancel(self, order: Order | str) -> Effects:
        order_id = order if isinstance(order, str) else order.id
        return self.do(Cancel(account=ACCOUNT, order_id=order_id, actor="ann", ts=self.now))

    def cancel_all(self) -> Effects:
        return self.do(CancelAll(account=ACCOUNT, actor="ann", ts=self.now))

    def amend(self, order: Order | str, **changes: str) -> Effects:
        order_id = order if isinstance(order, str) else order.id
        changed = {key: D(value) for key, value in changes.items()}
        return self.do(Amend(account=ACCOUNT, order_id=order_id, **changed, actor="ann", ts=self.now))

    def close(self, instrument: Instrument | None = None, *, reverse: bool = False) -> Effects:
        self._orders += 1
        return self.do(
            Close(
                account=ACCOUNT,
                order_id=f"c{self._orders}",
                instrument=None if instrument is None else instrument.id,
                reverse=reverse,
                origin="manual",
                actor="ann",
                ts=self.now,
            )
        )

    def holds(self, instrument: Instrument, quantity: str, price: str = "50000") -> Order:
        """Come to hold so much, at this price, without fees."""
        side = "sell" if quantity.startswith("-") else "buy"
        return self.fills(self.accepts(self.place(instrument, side, quantity.lstrip("-"))), price=price)

    def told(self, kind: type[T]) -> list[T]:
        """Effects of one kind among the newest."""
        return [each for each in self.last if isinstance(each, kind)]

    def all(self, kind: type[T]) -> list[T]:
        """Effects of one kind since the beginning."""
        return [each for each in self.effects if isinstance(each, kind)]


def _side(side: str) -> Side:
    return "buy" if side == "buy" else "sell"


def check_recovery(house: House) -> None:
    """The journal alone leads to where the house stands, and so does a snapshot."""
    live = house.engine.desk.snapshot()
    assert house.recovered().desk.snapshot() == live
    again = Engine()
    again.desk.restore(live)
    assert again.desk.snapshot() == live
