"""Round trips: what a person calls a trade, from flat to flat, built from fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec


class RoundTrip(msgspec.Struct, frozen=True, kw_only=True):
    """One position from its first fill to the one that closed or reversed it.

    Attributes:
        id: unique within the account, and rising: `1`, `2`, …
        quantity: the most that was held; `open_quantity` what is held now, unsigned both.
        entry_price, exit_price: means over what was entered and left.
        gross: realised profit before fees and funding, in `currency`; `net` after them.
        fees: in `currency`; those paid in another one are converted at the fill's price where it names
            both, else left out and listed in the account's postings alone.
        funding: received (positive) or paid.
        fills, scale_ins, scale_outs: fills in all; those after the first that added; those before the last
            that took away.
        origin, tag: of the order that opened it.
        entered_at, exited_at: ns UTC.
    """

    account: int
    id: int
    instrument: str
    side: Literal["long", "short"]
    status: Literal["open", "closed"]
    quantity: Decimal
    open_quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal | None
    currency: str
    gross: Decimal
    fees: Decimal
    funding: Decimal
    net: Decimal
    fills: int
    scale_ins: int
    scale_outs: int
    origin: str
    tag: str
    entered_at: int
    exited_at: int | None
