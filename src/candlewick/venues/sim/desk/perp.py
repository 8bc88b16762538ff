"""The perpetuals' desk: positions and margin, conditional orders, funding, liquidation."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple

from candlewick.venues.sim.desk.algo import AlgoOrder, AlgoReported
from candlewick.venues.sim.desk.brackets import brackets_of, most_value
from candlewick.venues.sim.desk.desk import Desk, Reported, Tell
from candlewick.venues.sim.desk.margin import GRAIN, PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO, Fill, Order, amount
from candlewick.venues.sim.model import ForcedOrder, Listing, Print
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.world import World

MARKET_REACH = Decimal("0.05")  # a market order takes nothing further than this from the mark
LIQUIDATION_FEE = Decimal("0.0125")
CALL_AT = Decimal("0.8")  # maintenance margin over margin balance
MOST_ALGOS = 200
_BPS = Decimal("0.0001")
_HOUR_MS = 3_600_000
_CHECK_MS = 1_000
_KEPT_INCOME = 20_000
_KEPT_ALGOS = 10_000
_LIVE = ("NEW", "TRIGGERING", "TRIGGERED")
_MARK_GRAIN = Decimal("0.00000001")

Reason = Literal[
    "ORDER", "FUNDING_FEE", "DEPOSIT", "WITHDRAW", "MARGIN_TRANSFER", "INSURANCE_CLEAR", "ADJUSTMENT"
]


class Income(NamedTuple):
    """A change of the wallet, and why."""

    id: int
    kind: str
    asset: str
    change: Decimal
    symbol: str
    ts_ms: int
    trade_id: int | None = None


class AccountChanged(NamedTuple):
    """A wallet or positions changed. `change` is what came in or went out other than by trading."""

    trader: PerpTrader
    reason: Reason
    asset: str
    positions: tuple[Position, ...]
    change: Decimal = ZERO


class LeverageChanged(NamedTuple):
    """The leverage of a perpetual was set."""

    trader: PerpTrader
    position: Position


class MarginCalled(NamedTuple):
    """Positions come near to liquidation."""

    trader: PerpTrader
    positions: tuple[Position, ...]


class PerpDesk(Desk):
    """Orders and positions of all accounts in perpetuals."""

    market = "perp"

    def __init__(self, world: World, tell: Tell) -> None:
        super().__init__(world, tell)
        self.maker_rate = Decimal(str(world.character.perp_maker_bps)) * _BPS
        self.taker_rate = Decimal(str(world.character.perp_taker_bps)) * _BPS
        self.incomes: dict[PerpTrader, list[Income]] = {}
        self.algos: dict[PerpTrader, dict[int, AlgoOrder]] = {}
        self._pending: dict[str, dict[int, AlgoOrder]] = {}  # by symbol: those that wait
        self._sent: dict[int, AlgoOrder] = {}  # by the order they sent, while that is open
        self._dated: dict[int, Order | AlgoOrder] = {}
        self._called: set[PerpTrader] = set()
        self._traders: dict[PerpTrader, None] = {}
        self._funded_ms = world.now_ms
        self._checked_ms = world.now_ms

    def mark(self, listing: Listing) -> Decimal:
        """The mark price."""
        mark = self.world.premium(listing).mark
        return (Decimal(mark) * listing.tick).quantize(_MARK_GRAIN, ROUND_HALF_EVEN)

    def most_value(self, position: Position) -> Decimal:
        """The largest position at its leverage."""
        return most_value(position.listing, position.leverage)

    def enlist(self, trader: PerpTrader) -> None:
        """An account that the desk watches for funding and liquidation."""
        self._traders[trader] = None
        self.incomes[trader] = []
        self.algos[trader] = {}

    # money -------------------------------------------------------------------------------------

    def deposit(self, trader: PerpTrader, asset: str, change: Decimal) -> None:
        """Bring money in, or take it out.

        Raises:
            Refusal: more would go out than is available.
        """
        if change < 0 and trader.available(asset, self.mark) + change < 0:
            raise Refusal(-2018, "Balance is insufficient.")
        trader.pay(asset, change)
        self._note(trader, "TRANSFER", asset, change, "")
        self._changed(trader, "DEPOSIT" if change >= 0 else "WITHDRAW", asset, (), change)

    def _note(
        self,
        trader: PerpTrader,
        kind: str,
        asset: str,
        change: Decimal,
        symbol: str,
        trade_id: int | None = None,
    ) -> None:
        rows = self.incomes[trader]
        rows.append(Income(self.next_id(), kind, asset, change, symbol, self.now_ms, trade_id))
        if len(rows) > _KEPT_INCOME:
            del rows[: _KEPT_INCOME // 10]

    def _changed(
        self,
        trader: PerpTrader,
        reason: Reason,
        asset: str,
        positions: Iterable[Position],
        change: Decimal = ZERO,
    ) -> None:
        trader.updated_ms = self.now_ms
        self.tell(AccountChanged(trader, reason, asset, tuple(positions), change))

    # settings ----------------------------------------------------------------------------------

    def set_leverage(self, trader: PerpTrader, listing: Listing, leverage: int) -> None:
        """Set the leverage of a perpetual.

        Raises:
            Refusal: no bracket grants it, or the position or the margin forbids it.
        """
        position, mark = trader.position(listing), self.mark(listing)
        if not 1 <= leverage <= brackets_of(listing)[0].leverage:
            raise Refusal(-4028, f"Leverage {leverage} is not valid")
        if abs(position.value(mark)) > most_value(listing, leverage):
            raise too_large()
        if position.isolated and position.lots and leverage < position.leverage:
            message = "Leverage reduction is not supported in Isolated Margin Mode with open positions."
            raise Refusal(-4161, message)
        before, available = position.leverage, trader.available(listing.quote, self.mark)
        position.leverage = leverage
        if leverage < before and available > 0 and trader.available(listing.quote, self.mark) <= 0:
            position.leverage = before
            raise Refusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
        self.tell(LeverageChanged(trader, position))

    def set_isolated(self, trader: PerpTrader, listing: Listing, isolated: bool) -> None:
        """Choose whether a perpetual's margin stands for itself.

        Raises:
            Refusal: it is so already, or orders or a position are open.
        """
        position = trader.position(listing)
        if position.isolated == isolated:
            raise Refusal(-4046, "No need to change margin type.")
        pending = any(each.status == "NEW" for each in self._pending_of(trader, listing))
        if pending or any(trader.open_in(listing.symbol)):
            raise Refusal(-4047, "Margin type cannot be changed if there exists open orders.")
        if position.lots:
            raise Refusal(-4048, "Margin type cannot be changed if there exists position.")
        position.isolated = isolated

    def move_margin(self, trader: PerpTrader, listing: Listing, change: Decimal) -> None:
        """Add margin to an isolated position, or take what it does not need.

        Raises:
            Refusal: there is no such position, or not so much to spare.
        """
        position, mark = trader.position(listing), self.mark(listing)
        if not position.isolated:
            raise Refusal(-4049, "Add margin only support for isolated position.")
        if not position.lots:
            raise Refusal(-4050, "Cross balance insufficient." if change > 0 else "Position is zero.")
        if change > 0 and change > trader.available(listing.quote, self.mark):
            raise Refusal(-4050, "Cross balance insufficient.")
        spare = position.wallet + min(position.unrealized(mark), ZERO) - position.initial(mark)
        if change < 0 and -change > spare:
            raise Refusal(-4051, "Isolated balance insufficient.")
        position.wallet += change
        self._changed(trader, "MARGIN_TRANSFER", listing.quote, (position,), -change)

    # orders ------------------------------------------------------------------------------------

    def duplicate(self) -> Refusal:
        return Refusal(-4116, "ClientOrderId is duplicated.")

    def admit(self, order: Order) -> None:
        trader, listing = order.trader, order.listing
        assert isinstance(trader, PerpTrader)
        if order.liquidation:
            return
        if order.reduce_only:
            self._admit_reducing(order, trader)
        if order.time_in_force == "GTX" and self.crosses(order):
            raise Refusal(
                -5022,
                "Due to the order could not be executed as maker, the Post Only order will be rejected. "
                "The order will not be recorded in the order history",
            )
        if not order.reduce_only:
            self._check_margin(order, trader)
        if order.good_till_ms:
            self._dated[order.id] = order
        if listing.symbol not in trader.positions:
            trader.position(listing)

    def _admit_reducing(self, order: Order, trader: PerpTrader) -> None:
        held = trader.position(order.listing).lots
        if not held or (held > 0) != order.sells:
            raise Refusal(-2022, "ReduceOnly Order is rejected.")
        order.lots = min(order.lots, abs(held))

    def _check_margin(self, order: Order, trader: PerpTrader) -> None:
        listing, mark = order.listing, self.mark(order.listing)
        position = trader.position(listing)
        before = trader.orders_margin(listing, mark)
        need = trader.orders_margin(listing, mark, order) - before
        if need > trader.available(listing.quote, self.mark):
            raise Refusal(-2019, "Margin is insufficient.")
        after = abs(position.lots + (-order.lots if order.sells else order.lots))
        value = Decimal(after) * listing.lot * mark
        if value > abs(position.value(mark)) and value > most_value(listing, position.leverage):
            raise too_large()

    def bound(self, order: Order) -> int | None:
        if order.ticks or order.liquidation:
            return order.ticks or None
        reach = self.mark(order.listing) * ((1 - MARKET_REACH) if order.sells else (1 + MARKET_REACH))
        return int(reach / order.listing.tick)

    def modify(self, order: Order, ticks: int, lots: int) -> None:
        """New price and quantity for a limit order, which goes to the end of its queue.

        It is cancelled where nothing would be left of it, or where a post-only order would take.

        Raises:
            Refusal: margin is insufficient; the order stays as it was.
        """
        trader = order.trader
        assert isinstance(trader, PerpTrader)
        old = order.ticks, order.lots
        if lots <= order.filled:
            self.cancel(order)
            return
        self.move(order, ticks, lots)
        try:
            if not order.reduce_only:
                self._check_modified(order, trader)
        except Refusal:
            self.move(order, *old)
            self.rework(order)
            raise
        if order.time_in_force == "GTX" and self.crosses(order):
            self.cancel(order)
            return
        self.tell(Reported(order, "AMENDMENT"))
        self.rework(order)
        self._knock_out(trader, order.listing)

    def _check_modified(self, order: Order, trader: PerpTrader) -> None:
        # the order counts already, with its new terms: what is left must not be less than nothing
        asset = order.listing.quote
        left = trader.cross_wallet(asset) + trader.unrealized(asset, self.mark, cross_only=True)
        for each in trader.positions.values():
            mark = self.mark(each.listing)
            left -= trader.orders_margin(each.listing, mark)
            left -= ZERO if each.isolated else each.initial(mark)
        if left < 0:
            raise Refusal(-2019, "Margin is insufficient.")

    def place(self, order: Order) -> Order:
        placed = super().place(order)
        trader = order.trader
        assert isinstance(trader, PerpTrader)
        if order.reduce_only:
            self._knock_out(trader, order.listing)
        return placed

    def woke(self, order: Order) -> bool:
        raise AssertionError("a perpetual's conditional orders wait as AlgoOrder")

    def settle(self, order: Order, trade: Print, *, maker: bool) -> Fill:
        trader, listing = order.trader, order.listing
        assert isinstance(trader, PerpTrader)
        position, asset = trader.position(listing), listing.quote
        value = amount(listing, trade.ticks * trade.lots)
        commission = (value * (self.maker_rate if maker else self.taker_rate)).quantize(GRAIN)
        held, wallet = position.lots, position.wallet
        realized = position.trade(-trade.lots if order.sells else trade.lots, trade.ticks)
        position.updated_ms = trade.ts_ms
        trader.pay(asset, realized - commission)
        if position.isolated:
            self._move_isolated(position, held, wallet, realized)
        if realized:
            self._note(trader, "REALIZED_PNL", asset, realized, listing.symbol, trade.id)
        self._note(trader, "COMMISSION", asset, -commission, listing.symbol, trade.id)
        return Fill(trade.id, order, trade.ts_ms, trade.ticks, trade.lots, maker, commission, asset, realized)

    @staticmethod
    def _move_isolated(position: Position, held: int, wallet: Decimal, realized: Decimal) -> None:
        """Margin follows an isolated position: opened lots bring theirs, closed ones take theirs away."""
        kept = held if held * position.lots > 0 and abs(held) < abs(position.lots) else 0
        if held * position.lots > 0 and not kept:  # it only shrank
            position.wallet = (wallet * position.lots / held).quantize(GRAIN)
            return
        opened = position.lots - kept
        margin = abs(position.cost * opened / position.lots) / position.leverage if position.lots else ZERO
        position.wallet = (wallet if kept else ZERO) + margin.quantize(GRAIN)

    def release(self, order: Order) -> None:
        self._dated.pop(order.id, None)

    def filled(self, order: Order, fill: Fill) -> None:
        trader = order.trader
        assert isinstance(trader, PerpTrader)
        position = trader.position(order.listing)
        self._changed(trader, "ORDER", order.listing.quote, (position,))
        self.tell(Reported(order, "TRADE", fill))
        self._follow(order)
        self._knock_out(trader, order.listing)

    def ended(self, order: Order, report: Reported) -> None:
        self.tell(report)
        self._follow(order)

    def _knock_out(self, trader: PerpTrader, listing: Listing) -> None:
        """Reduce-only orders never add up to more than there is to reduce: the farthest, newest go first."""
        held = trader.position(listing).lots
        resting = [each for each in trader.open_in(listing.symbol) if each.reduce_only and each.ticks]
        resting.sort(key=lambda each: (each.ticks if each.sells else -each.ticks, each.id))
        room = abs(held)
        for order in resting:
            if held and (held > 0) == order.sells and order.left <= room:
                room -= order.left
            elif order.resting is not None:
                self.end(order, "EXPIRED", "EXPIRED", reason=4)

    # conditional orders ------------------------------------------------------------------------

    def place_algo(self, algo: AlgoOrder) -> AlgoOrder:
        """Take a conditional order.

        Raises:
            Refusal: it would trigger at once, its name is taken, or there are too many.
        """
        known = self.algos[algo.trader]
        waiting = [each for each in known.values() if each.status == "NEW"]
        if any(each.client_id == algo.client_id for each in waiting):
            raise self.duplicate()
        if len(waiting) >= MOST_ALGOS:
            raise Refusal(-4045, "Reach max stop order limit.")
        if algo.trigger.would_fire(self.price(algo.listing, algo.working_type)):
            raise Refusal(-2021, "Order would immediately trigger.")
        algo.trader.position(algo.listing)
        known[algo.id] = algo
        if len(known) > _KEPT_ALGOS:
            ended = next((each for each in known.values() if each.status not in _LIVE), None)
            if ended is not None:
                del known[ended.id]
        self._pending.setdefault(algo.listing.symbol, {})[algo.id] = algo
        if algo.good_till_ms:
            self._dated[algo.id] = algo
        self._set_algo(algo, "NEW")
        return algo

    def price(self, listing: Listing, working_type: str) -> float:
        """The price, in ticks, at which conditional orders look."""
        if working_type == "MARK_PRICE":
            return self.world.premium(listing).mark
        return self.world.last(listing)

    def end_algo(self, algo: AlgoOrder, status: Literal["CANCELED", "EXPIRED"]) -> None:
        """End a conditional order that still waits."""
        if algo.status == "NEW":
            self._forget(algo)
            self._set_algo(algo, status)

    def _forget(self, algo: AlgoOrder) -> None:
        self._pending.get(algo.listing.symbol, {}).pop(algo.id, None)
        self._dated.pop(algo.id, None)

    def _pending_of(self, trader: PerpTrader, listing: Listing) -> list[AlgoOrder]:
        return [each for each in self._pending.get(listing.symbol, {}).values() if each.trader is trader]

    def _set_algo(self, algo: AlgoOrder, status: str) -> None:
        algo.status = status  # type: ignore[assignment]
        algo.updated_ms = self.now_ms
        self.tell(AlgoReported(algo))

    def _trigger(self, algo: AlgoOrder) -> None:
        self._forget(algo)
        algo.triggered_ms = self.now_ms
        self._set_algo(algo, "TRIGGERING")
        held = algo.trader.position(algo.listing).lots
        if algo.close_position and (not held or (held > 0) != algo.sells):
            self._set_algo(algo, "EXPIRED")
            return
        order = Order(
            id=self.next_id(),
            client_id=algo.client_id,
            trader=algo.trader,
            listing=algo.listing,
            sells=algo.sells,
            type="LIMIT" if algo.ticks else "MARKET",
            original_type=algo.type,
            time_in_force=algo.time_in_force,
            ticks=algo.ticks,
            lots=abs(held) if algo.close_position else algo.lots,
            stop_ticks=algo.stop_ticks,
            prevention=algo.prevention,
            reduce_only=algo.reduce_only or algo.close_position,
            close_position=algo.close_position,
            good_till_ms=algo.good_till_ms,
            working_type=algo.working_type,
            created_ms=self.now_ms,
        )
        algo.actual = order
        self._sent[order.id] = algo
        try:
            self.place(order)
        except Refusal as refusal:
            algo.why = refusal.message
            del self._sent[order.id]
            algo.actual = None
            self._set_algo(algo, "REJECTED")

    def _follow(self, order: Order) -> None:
        """Tell of the conditional order that sent this one."""
        algo = self._sent.get(order.id)
        if algo is None:
            return
        if algo.status == "TRIGGERING":
            self._set_algo(algo, "TRIGGERED")
        if not order.open:
            del self._sent[order.id]
            self._set_algo(algo, "FINISHED")

    # the market's turn -------------------------------------------------------------------------

    def step(self, prints: Iterable[tuple[Listing, Print]]) -> None:
        printed = [each for each in prints if each[0].market == self.market]
        super().step(printed)
        self._fund()
        for listing, trade in printed:
            for algo in list(self._pending.get(listing.symbol, {}).values()):
                if algo.working_type == "CONTRACT_PRICE" and algo.trigger.sees(trade.ticks):
                    self._trigger(algo)
        for pending in list(self._pending.values()):
            for algo in list(pending.values()):
                if algo.working_type == "MARK_PRICE":
                    mark = self.world.premium(algo.listing).mark
                    if algo.trigger.sees(mark):
                        self._trigger(algo)
        for order in [each for each in self._dated.values() if each.good_till_ms <= self.now_ms]:
            if isinstance(order, AlgoOrder):
                self.end_algo(order, "EXPIRED")
            else:
                self.end(order, "EXPIRED", "EXPIRED", reason=8)
        for algo in [each for each in self._sent.values() if each.status == "TRIGGERING"]:
            self._set_algo(algo, "TRIGGERED")
        if self.now_ms - self._checked_ms >= _CHECK_MS:
            self._checked_ms = self.now_ms
            for trader in self._traders:
                self._check(trader)

    def _fund(self) -> None:
        """Positions pay or receive funding for the settlements that have passed."""
        length_ms = self.world.funding_hours * _HOUR_MS
        before_ms, self._funded_ms = self._funded_ms, self.now_ms
        if before_ms // length_ms == self.now_ms // length_ms:
            return
        for trader in self._traders:
            for position in trader.held():
                listing, asset = position.listing, position.listing.quote
                for _, rate, ticks in self.world.funding_history(listing, before_ms + 1, self.now_ms, 10):
                    mark = (Decimal(ticks) * listing.tick).quantize(_MARK_GRAIN)
                    paid = -(position.value(mark) * Decimal(str(rate))).quantize(GRAIN)
                    trader.pay(asset, paid)
                    if position.isolated:
                        position.wallet += paid
                    self._note(trader, "FUNDING_FEE", asset, paid, listing.symbol)
                    touched = (position,) if position.isolated else ()
                    self._changed(trader, "FUNDING_FEE", asset, touched, paid)

    def _check(self, trader: PerpTrader) -> None:
        """Liquidate what can no longer stand, call for margin where that is near."""
        near: list[Position] = []
        for position in trader.held():
            if position.isolated:
                mark = self.mark(position.listing)
                balance, need = position.wallet + position.unrealized(mark), position.maintenance(mark)
                if balance <= need:
                    self._liquidate(trader, position)
                elif need > balance * CALL_AT:
                    near.append(position)
        for asset in list(trader.wallets):
            positions = trader.cross(asset)
            if not positions:
                continue
            balance = trader.cross_wallet(asset) + trader.unrealized(asset, self.mark, cross_only=True)
            need = trader.maintenance(asset, self.mark)
            if balance <= need:
                for order in [each for each in trader.open.values() if each.listing.quote == asset]:
                    self.end(order, "EXPIRED", "EXPIRED", reason=5)
                for position in positions:
                    self._liquidate(trader, position)
            elif need > balance * CALL_AT:
                near += positions
        if near and trader not in self._called:
            self._called.add(trader)
            self.tell(MarginCalled(trader, tuple(near)))
        elif not near:
            self._called.discard(trader)

    def _liquidate(self, trader: PerpTrader, position: Position) -> None:
        """Close a position by force; what it lacks then, the insurance fund pays."""
        listing, asset = position.listing, position.listing.quote
        for order in list(trader.open_in(listing.symbol)):
            self.end(order, "EXPIRED", "EXPIRED", reason=5)
        order = Order(
            id=self.next_id(),
            client_id=f"autoclose-{self.next_id()}",
            trader=trader,
            listing=listing,
            sells=position.lots > 0,
            type="LIQUIDATION",
            original_type="LIQUIDATION",
            time_in_force="IOC",
            ticks=0,
            lots=abs(position.lots),
            reduce_only=True,
            liquidation=True,
            prevention="NONE",
            created_ms=self.now_ms,
        )
        isolated = position.wallet if position.isolated else None
        before = trader.wallet(asset)
        self.place(order)
        if not order.filled:
            return
        fee = (amount(listing, order.value) * LIQUIDATION_FEE).quantize(GRAIN)
        # an isolated position loses no more than its own margin, a cross one no more than there is
        floor = (
            before - isolated
            if isolated is not None and not position.lots
            else trader.wallet(asset) - (trader.cross_wallet(asset))
        )
        fee = min(fee, max(trader.wallet(asset) - floor, ZERO))
        change = -fee if fee else max(floor - trader.wallet(asset), ZERO)
        if change:
            trader.pay(asset, change)
            self._note(trader, "INSURANCE_CLEAR", asset, change, listing.symbol)
            self._changed(trader, "INSURANCE_CLEAR", asset, (position,), change)
        average = order.value / order.filled
        last = order.fills[-1]
        forced = ForcedOrder(self.now_ms, order.sells, last.ticks, average, order.filled)
        self.world.liquidated(listing, forced)


def too_large() -> Refusal:
    """The position would be larger than its leverage grants."""
    return Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")
