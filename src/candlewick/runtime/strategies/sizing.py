"""How much an entry is for, by the compiled core's own rule. It loads the compiler: import it on a thread."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from candlewick.fills import signals, sizing
from candlewick.fills.state import BUY, RULES
from candlewick.trading.strategy.intents import Side, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What an entry is sized by.

    Attributes:
        price: what is expected to be paid.
        equity, free: of the strategy's capital: its worth, and what of it no position binds.
        leverage: 1 for spot.
        taker: the fee, a fraction of the notional.
        tick, lot: 0 where the instrument states none.
        trades, wins, won, lost: its closed trades so far, and the sums of the winners' and losers' returns.
    """

    price: float
    equity: float
    free: float
    leverage: float
    taker: float
    tick: float
    lot: float
    contract_size: float
    inverse: bool
    trades: int = 0
    wins: int = 0
    won: float = 0.0
    lost: float = 0.0


def units(size: Size, moment: Moment, stop: float | None) -> float:
    """Base or contracts of an entry, in whole lots; 0: too little for one. `stop`: price of its stop loss."""
    rules = np.zeros(1, RULES)
    row = rules[0]
    row["tick"], row["lot"] = moment.tick, moment.lot
    row["contract_size"], row["inverse"] = moment.contract_size, moment.inverse
    row["taker"] = moment.taker
    amount = size.amount
    if size.mode == sizing.KELLY:
        amount = sizing.kelly(
            moment.trades, moment.wins, moment.won, moment.lost, size.least, size.part, size.amount
        )
    return float(
        sizing.entry_units(
            size.mode,
            amount,
            moment.price,
            math.nan if stop is None else stop,
            moment.equity,
            moment.free,
            moment.leverage,
            row,
        )
    )


def wished(flags: int, held: float) -> tuple[bool, Side | None]:
    """What a close that signalled `flags` wants of what is held: whether it ends, and what is entered."""
    ends = bool(signals.wants_exit(flags, held))
    side = signals.entry_side(flags, held)
    return ends, None if side == 0 else "buy" if side == BUY else "sell"


def load() -> None:
    """Have the compiled code ready: what comes later is a matter of microseconds."""
    nothing = Moment(
        price=1.0,
        equity=0.0,
        free=0.0,
        leverage=1.0,
        taker=0.0,
        tick=0.0,
        lot=0.0,
        contract_size=1.0,
        inverse=False,
    )
    units(Size(1.0, sizing.KELLY), nothing, None)
    wished(0, 0.0)
