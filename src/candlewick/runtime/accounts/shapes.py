"""Shapes that the engine and the pages share: orders and fills as everybody sees them, rounding."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

import msgspec

from candlewick.core.clock import iso
from candlewick.core.instrument import public_symbol
from candlewick.core.order import Cancelled, Expired, Order, Rejected
from candlewick.core.reports import Fill

PLACES: Final = Decimal("1e-8")
PERCENT: Final = Decimal("1e-4")
ONE: Final = Decimal(1)
# Rounding must not fail however absurd a figure somebody has typed in: 28 digits are too few for that.
_WIDE: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)

encode: Final = msgspec.json.Encoder(decimal_format="number").encode
"""JSON whose numbers are written from their Decimals, never through a float."""


def tidy(value: Decimal | None, step: Decimal = PLACES) -> Decimal | None:
    """`value` to eight places, without the zeros behind them."""
    if value is None:
        return None
    rounded = value.quantize(step, context=_WIDE).normalize(_WIDE)
    return rounded.quantize(ONE, context=_WIDE) if rounded.as_tuple().exponent > 0 else rounded  # type: ignore[operator]


def percent(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """`part` of `whole` in percent, to four places; None where the whole is nothing."""
    return None if part is None or not whole else tidy(part / whole * 100, PERCENT)


def order_json(order: Order, *, primary: str) -> dict[str, Any]:
    """An order as everybody sees it."""
    terms, state = order.terms, order.state
    return {
        "id": order.id,
        "order_id": order.id,
        "account": order.account,
        "symbol": public_symbol(terms.instrument, primary=primary),
        "instrument": terms.instrument,
        "side": terms.side,
        "order_type": terms.order_type,
        "quantity": terms.quantity,
        "filled_quantity": order.filled,
        "remaining": order.remaining,
        "price": tidy(order.average_price),
        "limit_price": terms.limit_price,
        "stop_price": terms.stop_price,
        "trail": terms.trail,
        "trail_percent": terms.trail_percent,
        "time_in_force": terms.time_in_force,
        "good_till": iso(terms.good_till) if terms.good_till else None,
        "post_only": terms.post_only,
        "reduce_only": terms.reduce_only,
        "status": order.status,
        "reason": state.reason if isinstance(state, Cancelled | Rejected | Expired) else "",
        "stop_loss": order.stop_loss,
        "take_profit": order.take_profit,
        "parent": order.parent,
        "leg": order.leg,
        "oco": order.oco,
        "origin": order.origin,
        "tag": order.tag,
        "created_at": iso(order.created_at),
        "updated_at": iso(order.updated_at),
    }


def fill_json(fill: Fill) -> dict[str, Any]:
    """A fill as everybody sees it, beside its order."""
    return {
        "id": fill.id,
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity,
        "liquidation": fill.liquidation,
        "time": iso(fill.ts),
    }
