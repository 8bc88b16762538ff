"""The arrays that every driver of the fill core shares, and the words for what stands in them.

Prices are floats as the market's are; an order's price comes from a Decimal on the instrument's tick, so
both read from the same digits and compare exactly. Quantities are *units*: whole lots where the instrument
states a lot, so that adding and taking away is exact; else base or contracts as they are.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
"""Rows of one of the record types below."""
Levels = NDArray[np.float64]
"""One side of a book, best first: columns price and quantity (base or contracts, as the venue says it)."""

# side: an order's direction as a factor
BUY: Final = 1
SELL: Final = -1

# kind
MARKET: Final = 0
LIMIT: Final = 1
STOP: Final = 2
STOP_LIMIT: Final = 3
TAKE_PROFIT: Final = 4
TRAILING: Final = 5

# stage
WAITING: Final = 0  # for its trigger
ARRIVING: Final = 1  # at work since this moment: takes what is there before it rests
RESTING: Final = 2  # in the book
DONE: Final = 3

# time in force
GTC: Final = 0
IOC: Final = 1
FOK: Final = 2

# what an action is
FILLED: Final = 0
TRIGGERED: Final = 1
ENDED: Final = 2

# why an order was ended by its own terms
NO_REASON: Final = 0
NO_LIQUIDITY: Final = 1
NOT_AT_ONCE: Final = 2  # IOC: the rest; FOK: all of it
WOULD_TRADE: Final = 3
NOTHING_TO_REDUCE: Final = 4

ORDER: Final = np.dtype(
    [
        ("kind", np.int8),
        ("side", np.int8),
        ("stage", np.int8),
        ("tif", np.int8),
        ("post_only", np.bool_),
        ("reduce_only", np.bool_),
        ("quantity", np.float64),  # units
        ("filled", np.float64),  # units
        ("limit", np.float64),  # NaN: none
        ("stop", np.float64),  # trigger; of a trailing stop the price from which it trails, NaN: at once
        ("trail", np.float64),  # distance in quote, NaN: by rate
        ("trail_rate", np.float64),  # distance as a fraction of the best price
        ("best", np.float64),  # best price since it trails, NaN: it does not yet
        ("ahead", np.float64),  # quantity in front of it at its price, NaN: its level is not in sight
        ("seen", np.float64),  # quantity displayed at its price when last looked at
        ("printed", np.float64),  # traded at its price since
        ("group", np.int64),  # orders that close the same entry share one, 0: none
        ("left", np.float64),  # of that entry, units still held
    ],
    align=True,
)

RULES: Final = np.dtype(
    [
        ("tick", np.float64),  # 0: none stated
        ("lot", np.float64),  # 0: none stated
        ("contract_size", np.float64),
        ("inverse", np.bool_),
        ("maker", np.float64),  # fee rates as fractions of notional
        ("taker", np.float64),
        ("slippage", np.float64),  # fraction of the price, against the taker
        ("touch", np.bool_),  # a bar that only touches a limit fills it
    ],
    align=True,
)

POSITION: Final = np.dtype([("quantity", np.float64)], align=True)  # units, signed

ACTION: Final = np.dtype(
    [
        ("what", np.int8),
        ("reason", np.int8),
        ("maker", np.bool_),
        ("order", np.int64),  # row of the order
        ("price", np.float64),
        ("quantity", np.float64),  # units
        ("fee", np.float64),
    ],
    align=True,
)

FILL: Final = np.dtype(
    [
        ("bar", np.int64),
        ("market", np.int32),
        ("side", np.int8),
        ("why", np.int8),
        ("maker", np.bool_),
        ("price", np.float64),
        ("size", np.float64),  # base or contracts
        ("fee", np.float64),
        ("funding", np.float64),  # of the fill that ends a position: received while it was held
        ("stop", np.float64),  # of an entry: where its stop stood, NaN: nowhere
        ("target", np.float64),  # and its target
        ("signal", np.int64),  # bar whose signal led to it, -1: none did
    ],
    align=True,
)
"""A fill of a backtest."""

TRADE: Final = np.dtype(
    [
        ("market", np.int32),
        ("side", np.int8),
        ("why", np.int8),  # of its last fill
        ("entry_bar", np.int64),
        ("exit_bar", np.int64),  # -1: it is open
        ("entry_price", np.float64),  # mean of what was opened
        ("exit_price", np.float64),  # mean of what was closed; of an open trade the last close
        ("last_price", np.float64),  # of its last fill; of an open trade the last close
        ("size", np.float64),  # all that was opened, base or contracts
        ("fees", np.float64),
        ("funding", np.float64),
        ("pnl", np.float64),  # after fees and funding
        ("notional", np.float64),  # at entry
        ("stop", np.float64),  # of the first fill
        ("target", np.float64),
        ("signal", np.int64),  # bar that signalled the entry
    ],
    align=True,
)
"""From flat to flat."""

HELD: Final = np.dtype(
    [
        ("units", np.float64),  # signed
        ("size", np.float64),  # the same in base or contracts
        ("entry", np.float64),
        ("margin", np.float64),  # set aside for it
        ("stop", np.float64),  # NaN: none; so are the others
        ("target", np.float64),
        ("trail_rate", np.float64),
        ("best", np.float64),  # best price since it trails
        ("end", np.float64),  # mark at which its margin is used up
        ("paid", np.float64),  # fees so far
        ("funding", np.float64),  # received so far
        ("notional", np.float64),  # at entry
        ("made", np.float64),  # by the parts that were closed
        ("opened", np.int64),  # bar
        ("parts", np.int64),  # partial exits done
        ("rests_until", np.int64),  # no entry before this bar
        ("value", np.float64),  # unrealised profit at the last close
    ],
    align=True,
)
"""What a backtest holds in one market."""

TERMS: Final = np.dtype(
    [
        ("cash", np.float64),
        ("size_mode", np.int8),  # a word of `sizing`
        ("kelly_part", np.float64),
        ("kelly_least", np.int64),
        ("time_exit", np.int64),  # bars, 0: none
        ("break_even", np.float64),  # profit rate from which the stop stands at the entry, 0: never
        ("cooldown", np.int64),  # bars without an entry in a market after a loss there
        ("pause_at", np.float64),  # drawdown from which no market is entered, 0: none
        ("pause_for", np.int64),  # bars
    ],
    align=True,
)
"""What holds for a whole backtest of signals."""

ACCOUNT: Final = np.dtype(
    [
        ("wallet", np.float64),  # cash, and what is set aside as margin
        ("peak", np.float64),  # of equity, since the last pause
        ("paused_until", np.int64),
        ("trades", np.int64),
        ("wins", np.int64),
        ("won", np.float64),  # sum of the winners' returns
        ("lost", np.float64),  # of the losers', not below zero
        ("funding", np.float64),  # received in all
        ("fills", np.int64),
    ],
    align=True,
)
"""The money of a backtest, and what its trades came to so far."""

FUNDING: Final = np.dtype(
    [
        ("bar", np.int64),
        ("market", np.int32),
        ("inside", np.bool_),  # it fell due after the bar's open
        ("rate", np.float64),
        ("mark", np.float64),  # NaN: the bar's own price
    ],
    align=True,
)
"""A settlement of a perpetual, in order of time."""

# what a bar's close signals
ENTER_LONG: Final = 1
EXIT_LONG: Final = 2
ENTER_SHORT: Final = 4
EXIT_SHORT: Final = 8

# why a backtest traded
ENTRY: Final = 0
SIGNAL: Final = 1
STOP_LOSS: Final = 2
TAKEN_PROFIT: Final = 3
TRAILED: Final = 4
TIMED: Final = 5
PARTIAL: Final = 6
LIQUIDATED: Final = 7
ORDERED: Final = 8  # an order of an event strategy
REASONS: Final = (
    "entry", "signal", "stop_loss", "take_profit", "trailing_stop", "time_exit", "partial_exit",
    "liquidation", "order",
)  # fmt: skip

TAKEN: Final = np.dtype([("price", np.float64), ("quantity", np.float64)], align=True)
"""What this account took from a displayed level (units) and what is therefore not there for it again."""

ACTIONS: Final = 256
"""Room for the actions of one step; a step that fills it is called again for the rest."""


class Rules(NamedTuple):
    """What the core must know of the instrument and of the account's terms."""

    tick: float = 0.0
    lot: float = 0.0
    contract_size: float = 1.0
    inverse: bool = False
    maker: float = 0.0
    taker: float = 0.0
    slippage: float = 0.0
    touch: bool = False


class Action(NamedTuple):
    """What the core did to an order: `what` and `reason` are words from above; `quantity` is in units."""

    order: str
    what: int
    reason: int
    maker: bool
    price: float
    quantity: float
    fee: float
