"""The spot desk: balances, what orders hold back of them, commissions, and lists of two orders (OCO)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Literal, NamedTuple

from candlewick.venues.sim.desk.desk import Desk, Reported, Tell
from candlewick.venues.sim.desk.orders import ZERO, Fill, Order, Trader, amount, quantity
from candlewick.venues.sim.model import Print
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.world import World

KEPT_LISTS = 10_000
GRAIN = Decimal("0.00000001")
_BPS = Decimal("0.0001")


@dataclass(slots=True)
class Balance:
    """What a trader has of one asset: free, and held back for open orders."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class SpotTrader(Trader):
    """An account's spot side."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.balances: dict[str, Balance] = {}
        self.lists: dict[int, OrderList] = {}
        self.updated_ms = 0

    def keep(self, pair: OrderList) -> None:
        """A new list of orders; the oldest one that ended is forgotten when there are too many."""
        self.lists[pair.id] = pair
        if len(self.lists) > KEPT_LISTS:
            done = next((each for each in self.lists.values() if each.state == "ALL_DONE"), None)
            if done is not None:
                del self.lists[done.id]

    def balance(self, asset: str) -> Balance:
        """The balance of `asset`, begun at zero."""
        return self.balances.setdefault(asset, Balance())


@dataclass(slots=True, eq=False)
class OrderList:
    """Two orders of which one cancels the other."""

    id: int
    client_id: str
    orders: list[Order]
    changed_ms: int
    state: Literal["EXECUTING", "ALL_DONE"] = "EXECUTING"

    @property
    def status_type(self) -> str:
        return "EXEC_STARTED" if self.state == "EXECUTING" else "ALL_DONE"


class BalancesChanged(NamedTuple):
    """Balances that a trade, an order or its end may have changed."""

    trader: SpotTrader
    assets: tuple[str, ...]


class Deposited(NamedTuple):
    """Money came in, or went out."""

    trader: SpotTrader
    asset: str
    change: Decimal


class ListReported(NamedTuple):
    """A list of orders began or ended."""

    trader: SpotTrader
    list: OrderList


class SpotDesk(Desk):
    """Spot orders of all accounts."""

    market = "spot"

    def __init__(self, world: World, tell: Tell) -> None:
        super().__init__(world, tell)
        self.maker_rate = Decimal(str(world.character.maker_bps)) * _BPS
        self.taker_rate = Decimal(str(world.character.taker_bps)) * _BPS

    def deposit(self, trader: SpotTrader, asset: str, change: Decimal) -> None:
        """Bring money in, or take free money out.

        Raises:
            Refusal: more would go out than is free.
        """
        balance = trader.balance(asset)
        if balance.free + change < 0:
            raise insufficient()
        balance.free += change
        trader.updated_ms = self.now_ms
        self.tell(Deposited(trader, asset, change))
        self._tell_balances(trader, (asset,))

    # lists -------------------------------------------------------------------------------------

    def place_pair(self, client_id: str, working: Order, waiting: Order) -> OrderList:
        """Two orders of which one cancels the other: the one that waits, and the one that works.

        Raises:
            Refusal: as `place`.
        """
        trader = working.trader
        assert isinstance(trader, SpotTrader)
        for order in (working, waiting):
            known = trader.named(order.listing.symbol, order.client_id)
            if known is not None and known.open:
                raise self.duplicate()
        if working.type == "LIMIT_MAKER" and self.crosses(working):
            raise Refusal(-2010, "Order would immediately match and take.")
        # one amount is held back for both: the larger need, by whichever has it
        needs = self._need(working), self._need(waiting)
        holder, other = (working, waiting) if needs[0] >= needs[1] else (waiting, working)
        self._lock(holder, max(needs))
        pair = OrderList(self.next_id(), client_id, [waiting, working], self.now_ms)
        trader.keep(pair)
        other.locked = ZERO
        for order in (waiting, working):
            order.list_id = pair.id
            order.updated_ms = self.now_ms
            trader.add(order)
        self.tell(ListReported(trader, pair))
        for order in (waiting, working):
            self.tell(Reported(order, "NEW"))
            if order.trigger is not None:
                self._waiting.setdefault(order.listing.symbol, {})[order.id] = order
        self._tell_balances(trader, (working.listing.base, working.listing.quote))
        if working.trigger is None:
            self._work(working)
        return pair

    def cancel_list(self, pair: OrderList, asked_as: str = "") -> None:
        """Cancel both orders of a list."""
        for order in pair.orders:
            self.cancel(order, asked_as)

    def _other(self, order: Order) -> Order | None:
        trader = order.trader
        assert isinstance(trader, SpotTrader)
        pair = trader.lists.get(order.list_id)
        if pair is None:
            return None
        return next((each for each in pair.orders if each is not order), None)

    def _knock_out(self, order: Order) -> None:
        """`order` begins to execute: the other of its list ends, and gives it what it held back."""
        other = self._other(order)
        if other is not None and other.open:
            order.locked, other.locked = order.locked + other.locked, ZERO
            self.end(other, "EXPIRED", "EXPIRED")

    def _list_done(self, order: Order) -> None:
        trader = order.trader
        assert isinstance(trader, SpotTrader)
        pair = trader.lists.get(order.list_id)
        if pair is None or pair.state == "ALL_DONE" or any(each.open for each in pair.orders):
            return
        pair.state, pair.changed_ms = "ALL_DONE", self.now_ms
        self.tell(ListReported(trader, pair))

    # money -------------------------------------------------------------------------------------

    def duplicate(self) -> Refusal:
        return Refusal(-2010, "Duplicate order sent.")

    def admit(self, order: Order) -> None:
        if order.type == "LIMIT_MAKER" and self.crosses(order):
            raise Refusal(-2010, "Order would immediately match and take.")
        if order.type == "MARKET":
            self._check_market(order)
            return
        self._lock(order, self._need(order))

    def _check_market(self, order: Order) -> None:
        trader, listing = order.trader, order.listing
        assert isinstance(trader, SpotTrader)
        if order.sells:
            enough = trader.balance(listing.base).free >= quantity(listing, order.lots)
        else:
            _, value = self.reach(order)
            enough = trader.balance(listing.quote).free >= amount(listing, value)
        if not enough:
            raise insufficient()

    def lots_for(self, order: Order) -> int:
        """How many lots `asked_quote` buys or sells from the book as it stands."""
        budget, found = order.asked_quote, 0
        for resting in self.offers(order):
            each = amount(order.listing, resting.ticks)
            taken = min(resting.lots, int(budget / each))
            found, budget = found + taken, budget - taken * each
            if taken < resting.lots:
                break
        return found

    def _need(self, order: Order) -> Decimal:
        """What an order holds back while it is open."""
        if order.sells:
            return quantity(order.listing, order.lots)
        return amount(order.listing, (order.ticks or order.stop_ticks) * order.lots)

    def _lock(self, order: Order, need: Decimal) -> None:
        balance = self._held(order)
        if balance.free < need:
            raise insufficient()
        balance.free -= need
        balance.locked += need
        order.locked = need

    @staticmethod
    def _held(order: Order) -> Balance:
        trader = order.trader
        assert isinstance(trader, SpotTrader)
        return trader.balance(order.listing.base if order.sells else order.listing.quote)

    def amend(self, order: Order, lots: int, client_id: str) -> None:
        """Fewer lots and perhaps another name for an open order, and as many for the other of its list.

        Raises:
            Refusal: another open order has that name.
        """
        known = order.trader.named(order.listing.symbol, client_id)
        if known is not None and known is not order and known.open:
            raise self.duplicate()
        was = order.client_id
        order.trader.rename(order, client_id)
        other = self._other(order)
        for each in (order, other) if other is not None and other.open else (order,):
            before = self._need(each)
            self.shrink(each, lots)
            freed = min(before - self._need(each), each.locked)
            balance = self._held(each)
            each.locked -= freed
            balance.locked -= freed
            balance.free += freed
            self.tell(Reported(each, "REPLACED", None, was if each is order else each.client_id))
        self._tell_balances(order.trader, (order.listing.base, order.listing.quote))

    def woke(self, order: Order) -> bool:
        self._knock_out(order)
        if order.ticks:
            if order.type == "LIMIT_MAKER" and self.crosses(order):
                self.end(order, "EXPIRED", "EXPIRED")
                return False
            self.tell(Reported(order, "NEW"))
            return True
        # from here it is a market order, paid from what is free
        self.release(order)
        try:
            self._check_market(order)
        except Refusal:
            self.end(order, "EXPIRED", "EXPIRED")
            return False
        self.tell(Reported(order, "NEW"))
        return True

    def settle(self, order: Order, trade: Print, *, maker: bool) -> Fill:
        listing, trader = order.listing, order.trader
        assert isinstance(trader, SpotTrader)
        self._knock_out(order)
        base, quote = trader.balance(listing.base), trader.balance(listing.quote)
        lots, value = quantity(listing, trade.lots), amount(listing, trade.ticks * trade.lots)
        rate = self.maker_rate if maker else self.taker_rate
        if order.sells:
            held = min(order.locked, lots)
            base.locked -= held
            base.free -= lots - held
            commission = (value * rate).quantize(GRAIN, ROUND_DOWN)
            quote.free += value - commission
        else:
            held = min(order.locked, amount(listing, order.ticks * trade.lots))
            quote.locked -= held
            quote.free += held - value
            commission = (lots * rate).quantize(GRAIN, ROUND_DOWN)
            base.free += lots - commission
        order.locked -= held
        trader.updated_ms = trade.ts_ms
        asset = listing.quote if order.sells else listing.base
        return Fill(trade.id, order, trade.ts_ms, trade.ticks, trade.lots, maker, commission, asset)

    def release(self, order: Order) -> None:
        if order.locked:
            balance = self._held(order)
            balance.locked -= order.locked
            balance.free += order.locked
            order.locked = ZERO

    def filled(self, order: Order, fill: Fill) -> None:
        self.tell(Reported(order, "TRADE", fill))
        self._tell_balances(order.trader, (order.listing.base, order.listing.quote))
        if not order.open:
            self._list_done(order)

    def ended(self, order: Order, report: Reported) -> None:
        self.tell(report)
        # whoever cancels one of a list cancels both
        other = self._other(order)
        if other is not None and other.open and report.execution == "CANCELED":
            self.end(other, "CANCELED", "CANCELED", asked_as=report.asked_as)
        self._tell_balances(order.trader, (order.listing.base, order.listing.quote))
        self._list_done(order)

    def place(self, order: Order) -> Order:
        placed = super().place(order)
        if placed.locked:
            self._tell_balances(order.trader, (order.listing.base, order.listing.quote))
        return placed

    def _tell_balances(self, trader: Trader, assets: Iterable[str]) -> None:
        assert isinstance(trader, SpotTrader)
        trader.updated_ms = self.now_ms
        self.tell(BalancesChanged(trader, tuple(assets)))


def insufficient() -> Refusal:
    """The trader has not enough for what it asked."""
    return Refusal(-2010, "Account has insufficient balance for requested action.")
