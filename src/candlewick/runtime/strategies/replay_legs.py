"""What follows the entries of a replay: stops, targets, parts, and the stop that is moved to the entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from candlewick.core import money
from candlewick.core.events import Side
from candlewick.core.order import OrderType
from candlewick.runtime.strategies.replay_heart import Heart
from candlewick.runtime.strategies.replay_market import NAN, Desk, Sent, levels
from candlewick.trading.effects import Booked
from candlewick.trading.strategy.intents import Place, Signal


class Legs:
    """Sends them as a backtest lets them follow.

    Args:
        send: sends an order to a desk, and answers its id.
        break_even: the profit at which the stop is moved; 0: it is not.
        partials: pairs of a profit and the part that is closed there.
    """

    def __init__(
        self, heart: Heart, send: Callable[..., str], break_even: float, partials: Sequence[Sequence[float]]
    ) -> None:
        self._heart = heart
        self._send = send
        self._break_even = break_even
        self._partials = partials

    def follow(self, desk: Desk, booked: Booked, entry: Place | Signal, price: float) -> None:
        """Send the legs of an entry, for as much as it opened."""
        from candlewick.fills import core, state

        fill = booked.fill
        assert fill is not None
        side = 1 if fill.side == "buy" else -1
        paid, quantity = float(fill.price), min(fill.quantity, abs(self._held(desk)))
        stop, target = levels(desk, entry, side, paid)
        mark = price if price == price else paid
        if price != price:
            self._heart.show(desk.instrument, paid)  # where the market is inside the bar
        rate = self._break_even
        desk.even = paid * (1.0 + side * rate) if rate > 0.0 else NAN
        away: Side = "sell" if side > 0 else "buy"

        def leg(why: int, kind: OrderType, closes: Decimal, at: float) -> str | None:
            if at != at or not self._held(desk):
                return None
            passed = (at - mark) * side >= 0.0 if kind == "stop" else (mark - at) * side >= 0.0
            if passed and price != price:
                passed = False
            stands = None if passed else money.price(desk.instrument, at)
            id = self._send(desk, Sent(why), away, closes, "market" if passed else kind, stop=stands,
                            reduce_only=True)  # fmt: skip
            return None if passed else id

        desk.stop_id = leg(state.STOP_LOSS, "stop", quantity, stop)
        rest = quantity
        for profit, part in self._partials:
            there = core.on_tick(paid * (1.0 + side * profit), float(desk.rules["tick"]))
            if (there - target) * side > 0.0:
                break
            closes = desk.whole(float(rest) * part)
            if 0 < closes < rest:
                leg(state.PARTIAL, "take_profit", closes, there)
                rest -= closes
        leg(state.TAKEN_PROFIT, "take_profit", quantity, target)
        if entry.trailing_stop is not None and self._held(desk):
            self._send(desk, Sent(state.TRAILED), away, quantity, "trailing_stop", trail=entry.trailing_stop,
                       reduce_only=True)  # fmt: skip

    def note_even(self, desk: Desk, high: float, low: float) -> None:
        """Once a bar came far enough, the stop is moved to the entry as the next one opens."""
        held = self._held(desk)
        if held and desk.even == desk.even:
            far = high >= desk.even if held > 0 else low <= desk.even
            if far:
                desk.even, desk.moves_stop = NAN, True

    def raise_stop(self, desk: Desk, price: float, marked: float) -> None:
        """Move the stop to the entry as a bar opens, if the one before it came far enough."""
        from candlewick.fills import state

        mean, held = self._heart.entry(desk.id), self._held(desk)
        if not desk.moves_stop or mean is None:
            return
        desk.moves_stop, entry = False, money.price(desk.instrument, mean)
        side = 1 if held > 0 else -1
        order = self._heart.account.orders.get(desk.stop_id or "")
        if (
            order is not None
            and order.terms.stop_price is not None
            and (order.terms.stop_price - entry) * side >= 0
        ):
            return
        if (float(entry) - price) * side >= 0.0:
            if self._is_lost(desk, marked):
                return  # it ends before its stop
            if order is not None:
                self._heart.cancel(order.id)
            self._send(desk, Sent(state.STOP_LOSS), "sell" if side > 0 else "buy", abs(held), "market",
                       reduce_only=True)  # fmt: skip
        elif order is not None:
            self._heart.move_stop(order.id, entry)
        else:
            desk.stop_id = self._send(desk, Sent(state.STOP_LOSS), "sell" if side > 0 else "buy", abs(held),
                                      "stop", stop=entry, reduce_only=True)  # fmt: skip

    def _is_lost(self, desk: Desk, mark: float) -> bool:
        """Whether the mark at the open ends the position's margin: that comes before its stop."""
        from candlewick.fills import margin

        held, entry = float(self._held(desk)), float(self._heart.entry(desk.id) or 0)
        end = margin.liquidation_price(
            held, entry, self._heart.margin(desk.id), desk.market.tiers, desk.rules
        )
        return (end - mark) * (1 if held > 0 else -1) >= 0.0

    def _held(self, desk: Desk) -> Decimal:
        return self._heart.quantity(desk.id)
