"""One market of a replay: what was sent there, and what is to be done at its next open."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from candlewick.backtest.market import Market
from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument
from candlewick.trading.strategy.intents import Exit, Place, Signal

NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class Sent:
    """An order that was sent: why it will have traded, and what follows from its fill."""

    why: int
    signal: int = -1
    entry: Place | Signal | None = None


@dataclass(slots=True)
class Desk:
    """One market of a replay, and what is to be done there."""

    number: int
    market: Market
    instrument: Instrument
    rules: Any
    leverage: float
    least: float
    wanted: list[Exit | Signal] = field(default_factory=list)
    opened: int = 0
    rests_until: int = 0
    notional: float = 0.0
    stop_id: str | None = None
    even: float = NAN
    moves_stop: bool = False
    funding: float = 0.0
    held: Decimal = Decimal(0)
    """What the fills that were written down come to."""

    @property
    def id(self) -> str:
        return self.instrument.id

    def lots(self, units: float) -> Decimal:
        """So many lots, exactly."""
        assert self.instrument.lot is not None
        return round(units) * self.instrument.lot

    def whole(self, quantity: float) -> Decimal:
        """What of a quantity makes whole lots."""
        from candlewick.fills import core

        return self.lots(core.units(quantity, float(self.rules["lot"])))

    def paid(self, side: int, price: float) -> float:
        """What a market order pays at a price."""
        from candlewick.fills import core

        return float(core.slipped(side, price, NAN, float(self.rules["slippage"]), float(self.rules["tick"])))


def levels(desk: Desk, entry: Place | Signal, side: int, paid: float) -> tuple[float, float]:
    """Where stop and target of an entry stand; NaN: nowhere."""
    if isinstance(entry, Place):
        stop = _leg_at(desk, paid, entry.stop_loss, entry.stop_distance, -side)
        return stop, _leg_at(desk, paid, entry.take_profit, entry.target_distance, side)
    stop = _leg_at(desk, paid, None, entry.stop_loss, -side)
    return stop, _leg_at(desk, paid, None, entry.take_profit, side)


def _leg_at(desk: Desk, paid: float, price: float | None, distance: float | None, direction: int) -> float:
    """Where a leg stands: at its price, or so far from what was paid, on a tick; NaN: nowhere."""
    from candlewick.fills import core

    if price is not None:
        return float(core.on_tick(price, float(desk.rules["tick"])))
    if distance is None:
        return NAN
    return float(core.on_tick(paid * (1.0 + direction * distance), float(desk.rules["tick"])))


def instrument_of(market: Market) -> Instrument:
    instrument = market.instrument
    if instrument is None or not instrument.tick or not instrument.lot:
        raise UsageError(
            f"{market.symbol} is replayed through the heart, where orders have a tick and a lot: give the "
            "Market an instrument that states both."
        )
    return instrument
