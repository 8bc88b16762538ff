"""Leverage and margin mode of contracts: what is in force at the venue, and asking for another."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from candlewick.core.account import MarginMode
from candlewick.core.errors import VenueError
from candlewick.core.instrument import Instrument
from candlewick.core.reports import LeverageRefused, LeverageTaken, VenueLeverage
from candlewick.venues.binance.orders import requests, wire
from candlewick.venues.binance.orders.asking import Answers, Patience
from candlewick.venues.binance.orders.refusals import NOTHING_TO_CHANGE, Refusal, TurnedAway, Unreached
from candlewick.venues.binance.orders.side import Side


async def in_force(side: Side, native: str | None = None) -> list[VenueLeverage]:
    """What holds for every contract, or for one.

    Raises:
        VenueError: the venue does not say.
    """
    rows = await side.rest.ask(requests.symbol_config(native), wire.decode_symbol_configs)
    return [
        VenueLeverage(
            instrument=side.mapper.instrument(row.symbol),
            leverage=row.leverage,
            margin_mode="isolated" if row.margin_type == "ISOLATED" else "cross",
        )
        for row in rows
    ]


async def change(
    side: Side,
    account: int,
    instrument: Instrument,
    leverage: Decimal,
    mode: MarginMode,
    *,
    patience: Patience,
    complain: Callable[[str], None],
    now_ns: Callable[[], int],
) -> LeverageTaken | LeverageRefused:
    """Ask for another leverage and margin mode; what the venue says to that.

    Two requests make it, the mode's first. Where the second is refused the mode may have changed all the
    same: who hears of the refusal looks at what is in force.
    """

    def refused(code: str, reason: str) -> LeverageRefused:
        return LeverageRefused(account, instrument.id, code, reason, now_ns())

    if leverage != leverage.to_integral_value():
        return refused("max_leverage", f"Binance takes whole leverage alone, not {leverage:f}x.")
    try:
        await _set_mode(side, instrument, mode)
        request = requests.leverage(instrument.native, int(leverage))
        said = await side.rest.ask(request, wire.decode_leverage)
    except Refusal as refusal:
        return refused(refusal.code, str(refusal))
    except TurnedAway as away:
        return refused("rate_limited", str(away))
    except Unreached as unreached:
        return refused("unreachable", str(unreached))
    except VenueError as silence:
        complain(str(silence))
    else:
        return LeverageTaken(account, instrument.id, said.leverage, mode, now_ns())
    asked = Answers(
        side,
        patience,
        lambda: in_force(side, instrument.native),
        until=lambda: False,
        complain=complain,
    )
    async for found, too_late in asked:
        if any((each.leverage, each.margin_mode) == (leverage, mode) for each in found):
            break
        if too_late:
            return refused("lost", "The request never reached the venue.")
    return LeverageTaken(account, instrument.id, leverage, mode, now_ns())


async def _set_mode(side: Side, instrument: Instrument, mode: MarginMode) -> None:
    try:
        await side.rest.send(requests.margin_type(instrument.native, isolated=mode == "isolated"))
    except Refusal as refusal:
        if refusal.number not in NOTHING_TO_CHANGE:
            raise
