"""A strategy's intents become orders: exits of all markets first, then entries, sized as they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from candlewick.core import money
from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.order import OrderType, Terms
from candlewick.ledger.contract import is_spot
from candlewick.runtime.strategies.orders import Key, Orders, leg_price
from candlewick.trading.strategy.intents import Cancel, Exit, Intent, Place, Signal, Size

if TYPE_CHECKING:
    from candlewick.runtime.strategies.sizing import Moment

RESERVE: Final = 0.002  # of free money, for the price to move while the order is on its way


class Ordering:
    """Carries out what one strategy wants."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def carry_out(
        self, time: int, wanted: Iterable[Intent], rests: Callable[[str], bool] = lambda symbol: False
    ) -> None:
        """What the strategy wanted at the close of bar `time`: exits of all markets first, then entries.

        Of markets that rest (after a loss, say) nothing is entered.

        What the door refuses is told in the log, and keeps nothing else from being sent.
        """
        orders, stem, entries = self._orders, self._orders.stem(time), dict[str, Place]()
        signalled = set()
        for number, intent in enumerate(wanted):
            match intent:
                case Cancel(symbol=symbol, id=id):
                    await orders.withdraw(orders.of_intent(symbol, id))
                case Exit(symbol=symbol, tag=tag):
                    await orders.exit(symbol, f"{stem}-{number}x", tag)
                case Signal(symbol=symbol):
                    ends, side = self._wished(intent)
                    if ends:
                        await orders.exit(symbol, f"{stem}-{number}x", "signal")
                    if side is not None:
                        entries[f"{stem}-{number}"] = _entry(intent, side, f"{symbol}-{time}")
                        signalled.add(symbol)
                case Place():
                    entries[f"{stem}-{number}"] = intent
        for order_id, entry in entries.items():
            if rests(entry.symbol) and not entry.reduce_only:
                orders.log("state", f"{entry.symbol} rests: nothing was entered.")
            elif entry.symbol not in signalled or self._is_free(entry.symbol):
                await self._place(order_id, entry)

    def _is_free(self, symbol: str) -> bool:
        """Whether a signal may enter a market: it does so from flat, and once."""
        orders, why = self._orders, ""
        if orders.own_lots(symbol):
            why = "the position is not closed yet"
        elif any(not orders.closes(order) for order in orders.working(symbol)):
            why = "an entry is still at work"
        if why:
            orders.log("refused", f"{symbol}: {why}: nothing was entered.")
        return not why

    async def _place(self, order_id: str, wanted: Place) -> None:
        orders, instrument = self._orders, self._orders.instrument(wanted.symbol)
        expected = self._expected(instrument, wanted)
        if expected is None:
            orders.log("refused", f"{wanted.symbol} has no price now: nothing was ordered.")
            return
        sign = 1 if wanted.side == "buy" else -1
        stop = _leg(instrument, wanted.stop_loss, expected, wanted.stop_distance, -sign)
        target = _leg(instrument, wanted.take_profit, expected, wanted.target_distance, sign)
        quantity = self._quantity(instrument, wanted, expected, stop)
        if not quantity:
            orders.log(
                "refused", f"{wanted.symbol}: what is free does not pay for one lot, or the rule wants none."
            )
            return
        terms = Terms(
            instrument=wanted.symbol,
            side=wanted.side,
            quantity=quantity,
            order_type=_type(wanted),
            limit_price=_price(instrument, wanted.limit),
            stop_price=_price(instrument, wanted.stop),
            trail_percent=_percent(wanted.trail),
            time_in_force=wanted.time_in_force,
            post_only=wanted.post_only,
            reduce_only=wanted.reduce_only and not is_spot(instrument),
        )
        key = Key(
            orders.id,
            wanted.id,
            trail=_text(wanted.trailing_stop),
            stop=_text(wanted.stop_distance) if wanted.stop_loss is None else "",
            target=_text(wanted.target_distance) if wanted.take_profit is None else "",
        )
        await orders.send(
            order_id, terms, key=key.written, why=wanted.tag, stop_loss=stop, take_profit=target
        )

    def _wished(self, signal: Signal) -> tuple[bool, Side | None]:
        from candlewick.runtime.strategies import sizing

        orders, symbol = self._orders, signal.symbol
        held = orders.ownings.held(symbol) if orders.own_lots(symbol) else 0
        return sizing.wished(signal.flags, float(held))

    def _quantity(
        self, instrument: Instrument, wanted: Place, expected: float, stop: Decimal | None
    ) -> Decimal:
        if wanted.quantity is not None:
            return money.quantity(instrument, wanted.quantity)
        from candlewick.runtime.strategies import sizing

        size = wanted.size or Size(1.0)
        moment = self._moment(instrument, expected)
        if moment is None:
            return Decimal(0)
        units = sizing.units(size, moment, None if stop is None else float(stop))
        if instrument.lot is None:
            return money.quantity(instrument, units)
        return Decimal(int(units)) * instrument.lot

    def _moment(self, instrument: Instrument, expected: float) -> Moment | None:
        from candlewick.runtime.strategies.sizing import Moment

        account, ownings = self._orders.account, self._orders.ownings
        valuation = ownings.value(self._orders.engine.market)
        free = ownings.free(valuation)
        if valuation.total_value is None or free is None:
            return None
        settings, closed = account.settings, ownings.closed
        fees = settings.spot_fees if is_spot(instrument) else settings.perp_fees
        return Moment(
            price=expected,
            equity=float(valuation.total_value),
            free=float(free) * (1 - RESERVE),
            leverage=1.0 if is_spot(instrument) else float(account.book.leverage_of(instrument.id)[0]),
            taker=float(fees.taker),
            tick=float(instrument.tick or 0),
            lot=float(instrument.lot or 0),
            contract_size=float(instrument.contract_size),
            inverse=instrument.inverse,
            trades=closed.trades,
            wins=closed.wins,
            won=closed.won,
            lost=closed.lost,
        )

    def _expected(self, instrument: Instrument, wanted: Place) -> float | None:
        """The price that an order is expected to trade at."""
        if wanted.limit is not None or wanted.stop is not None:
            return wanted.limit if wanted.limit is not None else wanted.stop
        engine = self._orders.engine
        found = engine.market.taking_price(instrument.id, wanted.side, instrument.lot or Decimal(0))
        return float(found[0]) if found is not None else engine.mark(instrument.id)


def _entry(signal: Signal, side: Side, id: str) -> Place:
    return Place(
        symbol=signal.symbol,
        id=id,
        side=side,
        size=signal.size,
        stop_distance=signal.stop_loss,
        target_distance=signal.take_profit,
        trailing_stop=signal.trailing_stop,
        tag=signal.tag,
    )


def _leg(
    instrument: Instrument, price: float | None, expected: float, distance: float | None, sign: int
) -> Decimal | None:
    """A leg's price on a tick: as it was given, or so far from what is expected to be paid."""
    if price is None and distance is not None:
        return leg_price(instrument, expected, distance, sign)
    return _price(instrument, price)


def _type(wanted: Place) -> OrderType:
    if wanted.trail is not None:
        return "trailing_stop"
    if wanted.stop is not None:
        return "stop" if wanted.limit is None else "stop_limit"
    return "market" if wanted.limit is None else "limit"


def _text(distance: float | None) -> str:
    return "" if distance is None else repr(distance)


def _price(instrument: Instrument, price: float | None) -> Decimal | None:
    return None if price is None else money.price(instrument, price)


def _percent(part: float | None) -> Decimal | None:
    return None if part is None else Decimal(repr(part)) * 100
