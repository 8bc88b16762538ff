"""What belongs to an account beside its money: fees, the paper venue's behaviour, how lots are matched."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from candlewick.core.account import LotMethod, MarginMode


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """Fee rates as fractions of notional; negative is a rebate."""

    maker: Decimal
    taker: Decimal


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Set by a person, journalled, in force from then on.

    Attributes:
        lot_method: which spot lots a sale takes first.
        spot_fees, perp_fees: the paper venue's rates (Binance's lowest tier unless set).
        latency_ms: time from sending an order until the paper venue has it.
        slippage_bps: added against the taker on top of the book that is consumed.
        leverage, margin_mode: of a perpetual for which nothing else was set.
    """

    lot_method: LotMethod = "fifo"
    spot_fees: Fees = Fees(maker=Decimal("0.001"), taker=Decimal("0.001"))
    perp_fees: Fees = Fees(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
    latency_ms: int = 0
    slippage_bps: Decimal = Decimal(0)
    leverage: Decimal = Decimal(5)
    margin_mode: MarginMode = "cross"
