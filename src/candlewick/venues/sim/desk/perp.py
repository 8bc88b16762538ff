"""The perpetuals' desk: orders against positions and the margin behind them, and their settings."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from candlewick.venues.sim.desk.algo import Algos
from candlewick.venues.sim.desk.brackets import brackets_of, most_value
from candlewick.venues.sim.desk.cashier import Cashier
from candlewick.venues.sim.desk.desk import Desk, Reported, Tell
from candlewick.venues.sim.desk.margin import GRAIN, MARK_GRAIN, PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO, Fill, Order, amount
from candlewick.venues.sim.desk.upkeep import Upkeep
from candlewick.venues.sim.model import Listing, Print
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.world import World

MARKET_REACH = Decimal("0.05")  # a market order takes nothing further than this from the mark
_BPS = Decimal("0.0001")


class LeverageChanged(NamedTuple):
    """The leverage of a perpetual was set."""

    trader: PerpTrader
    position: Position


class PerpDesk(Desk):
    """Orders and positions of all accounts in perpetuals."""

    market = "perp"

    def __init__(self, world: World, tell: Tell) -> None:
        super().__init__(world, tell)
        self.maker_rate = Decimal(str(world.character.perp_maker_bps)) * _BPS
        self.taker_rate = Decimal(str(world.character.perp_taker_bps)) * _BPS
        self.cashier = Cashier(self, self.mark)
        self.algos = Algos(self)
        self._upkeep = Upkeep(self, self.cashier, self.mark)
        self._dated: dict[int, Order] = {}

    def mark(self, listing: Listing) -> Decimal:
        """The mark price."""
        mark = self.world.premium(listing).mark
        return (Decimal(mark) * listing.tick).quantize(MARK_GRAIN, ROUND_HALF_EVEN)

    def most_value(self, position: Position) -> Decimal:
        """The largest position at its leverage."""
        return most_value(position.listing, position.leverage)

    def enlist(self, trader: PerpTrader) -> None:
        """An account that begins to trade here."""
        self.cashier.enlist(trader)
        self._upkeep.enlist(trader)

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
        if self.algos.waiting(trader, listing) or any(trader.open_in(listing.symbol)):
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
        self.cashier.tell(trader, "MARGIN_TRANSFER", listing.quote, (position,), -change)

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
        if position.isolated:
            self._move_isolated(position, held, wallet)
        if realized:
            self.cashier.pay(trader, "REALIZED_PNL", asset, realized, listing.symbol, trade.id)
        self.cashier.pay(trader, "COMMISSION", asset, -commission, listing.symbol, trade.id)
        return Fill(trade.id, order, trade.ts_ms, trade.ticks, trade.lots, maker, commission, asset, realized)

    @staticmethod
    def _move_isolated(position: Position, held: int, wallet: Decimal) -> None:
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
        self.cashier.tell(trader, "ORDER", order.listing.quote, (position,))
        self.tell(Reported(order, "TRADE", fill))
        self.algos.follow(order)
        self._knock_out(trader, order.listing)

    def ended(self, order: Order, report: Reported) -> None:
        self.tell(report)
        self.algos.follow(order)

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

    # the market's turn -------------------------------------------------------------------------

    def step(self, prints: Iterable[tuple[Listing, Print]]) -> None:
        printed = [each for each in prints if each[0].market == self.market]
        super().step(printed)
        self._upkeep.fund()
        self.algos.step(printed)
        for order in [each for each in self._dated.values() if each.good_till_ms <= self.now_ms]:
            self.end(order, "EXPIRED", "EXPIRED", reason=8)
        self._upkeep.step()


def too_large() -> Refusal:
    """The position would be larger than its leverage grants."""
    return Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")
