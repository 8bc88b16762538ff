"""Orders in the fill core's units, and its answers in Decimals."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from candlewick.core import money
from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.order import OrderType, Terms, TimeInForce
from candlewick.fills import state
from candlewick.fills.state import Rules
from candlewick.ledger.contract import settles_in, worth
from candlewick.trading.settings import AccountSettings, Fees

ZERO: Final = Decimal(0)
BPS: Final = Decimal(10_000)
PERCENT: Final = Decimal(100)

KINDS: Final[dict[OrderType, int]] = {
    "market": state.MARKET,
    "limit": state.LIMIT,
    "stop": state.STOP,
    "stop_limit": state.STOP_LIMIT,
    "take_profit": state.TAKE_PROFIT,
    "trailing_stop": state.TRAILING,
}
TIFS: Final[dict[TimeInForce, int]] = {
    "GTC": state.GTC,
    "GTD": state.GTC,  # the venue ends it when its time is over
    "IOC": state.IOC,
    "FOK": state.FOK,
}


def fees_of(instrument: Instrument, settings: AccountSettings) -> Fees:
    """The rates that hold for an instrument."""
    return settings.spot_fees if instrument.kind == "spot" else settings.perp_fees


def rules_of(instrument: Instrument, settings: AccountSettings) -> Rules:
    """What the core must know."""
    fees = fees_of(instrument, settings)
    return Rules(
        tick=float(instrument.tick or 0),
        lot=float(instrument.lot or 0),
        contract_size=float(instrument.contract_size),
        inverse=instrument.inverse,
        maker=float(fees.maker),
        taker=float(fees.taker),
        slippage=float(settings.slippage_bps / BPS),
    )


def side_of(terms: Terms) -> int:
    """The order's direction as a factor."""
    return state.BUY if terms.side == "buy" else state.SELL


def opposite(quantity: Decimal) -> Side:
    """The side that takes a signed position away."""
    return "sell" if quantity > 0 else "buy"


def in_units(quantity: Decimal, instrument: Instrument) -> float:
    """Whole lots, rounded towards zero; the quantity itself where the instrument states no lot."""
    if instrument.lot is None:
        return float(quantity)
    return float(int(quantity / instrument.lot))


def out_of_units(units: float, instrument: Instrument) -> Decimal:
    """The quantity that so many units are."""
    if instrument.lot is None:
        return Decimal(repr(units))
    return round(units) * instrument.lot


def number(value: Decimal | None) -> float:
    """The core's word for a price or distance; NaN: none."""
    return math.nan if value is None else float(value)


def price_of(instrument: Instrument, price: float) -> Decimal:
    """The core's price as somebody owns it: on the instrument's tick."""
    return money.price(instrument, price)


def fee_of(instrument: Instrument, price: Decimal, quantity: Decimal, rate: Decimal) -> tuple[Decimal, str]:
    """The fee by the core's rule, exact: rate × notional, in what the instrument settles in."""
    return rate * worth(instrument, quantity, price), settles_in(instrument)
