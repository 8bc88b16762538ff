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
