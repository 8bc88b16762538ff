"""An order's terms → the parameters of the venue's order that does the same. Pure.

| ours | spot | USDⓈ-M |
| --- | --- | --- |
| market | `MARKET` | `MARKET` |
| limit | `LIMIT`; post-only `LIMIT_MAKER` | `LIMIT`; post-only `GTX`; `GTD` |
| stop | `STOP_LOSS` | algo `STOP_MARKET` |
| stop_limit | `STOP_LOSS_LIMIT` | algo `STOP` |
| take_profit | `TAKE_PROFIT` | algo `TAKE_PROFIT_MARKET` |
| trailing_stop | `STOP_LOSS`, from a price on `TAKE_PROFIT`; `trailingDelta` | algo `TRAILING_STOP_MARKET` |

What the venue cannot do is refused here, before anything is sent. Triggers of USDⓈ-M watch the mark, as our
positions do; spot's watch the last price, for it has no other.

After: Binance, Spot API (2026), USDⓈ-M Futures API and its change log up to 2026-10-23: since 2025-12-09
conditional orders go to `/fapi/v1/algoOrder`, their callback may be 0.1 to 20 %.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.mapper import tidy

Said = dict[str, str | int]

LEAST_GOOD_TILL_S: Final = 600  # Binance: a GTD order must live at least so long
CALLBACK: Final = (Decimal("0.1"), Decimal(20))  # percent
_CONDITIONAL: Final = {
    "stop": "STOP_MARKET",
    "stop_limit": "STOP",
    "take_profit": "TAKE_PROFIT_MARKET",
    "trailing_stop": "TRAILING_STOP_MARKET",
}


class Unsupported(Exception):
    """The venue has no such order. Nothing was sent."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def market_of(instrument: Instrument) -> PrivateMarket:
    """The market in which `instrument` is traded.

    Raises:
        Unsupported: in none that is traded here.
    """
    if instrument.kind == "spot":
        return "spot"
    if instrument.kind in ("perp", "future") and not instrument.inverse:
        return "usdm"
    raise Unsupported(
        "instrument",
        f"{instrument.symbol} cannot be traded live: only Binance spot and USDⓈ-M contracts can.",
    )


def is_algo(market: PrivateMarket, terms: Terms) -> bool:
    """Whether the order waits for its trigger in the algo service."""
    return market == "usdm" and terms.is_conditional


def parameters(instrument: Instrument, order: Order, now_ns: int) -> Said:
    """What says this order, its name included: our id.

    Raises:
        Unsupported: the market has no such order.
    """
    market, terms = market_of(instrument), order.terms
    said: Said = {
        "symbol": instrument.native,
        "side": terms.side.upper(),
        "quantity": plain(terms.quantity),
    }
    if market == "spot":
        return said | _spot(instrument, terms) | {"newClientOrderId": order.id, "newOrderRespType": "ACK"}
    if terms.reduce_only:
        said["reduceOnly"] = "true"
    if terms.is_conditional:
        return said | {"algoType": "CONDITIONAL", **_algo(terms, now_ns), "clientAlgoId": order.id}
    return said | _futures(terms, now_ns) | {"newClientOrderId": order.id, "newOrderRespType": "ACK"}


def _spot(instrument: Instrument, terms: Terms) -> Said:
    if terms.time_in_force == "GTD":
        raise Unsupported("time_in_force", "Binance spot has no orders that expire at a given time. Use GTC.")
    if terms.reduce_only and terms.side == "buy":
        raise Unsupported("reduce_only", f"Buying {instrument.base} on spot reduces no position.")
    match terms.order_type:
        case "market":
            return {"type": "MARKET"}
        case "limit" if terms.post_only:
            if terms.time_in_force != "GTC":
                raise Unsupported("time_in_force", f"A post-only order cannot be {terms.time_in_force}.")
            return {"type": "LIMIT_MAKER", "price": _price(terms)}
        case "limit":
            return {"type": "LIMIT", "timeInForce": terms.time_in_force, "price": _price(terms)}
        case "stop":
            return {"type": "STOP_LOSS", "stopPrice": _trigger(terms)}
        case "stop_limit":
            _refuse_post_only(terms)
            return {
                "type": "STOP_LOSS_LIMIT",
                "timeInForce": terms.time_in_force,
                "price": _price(terms),
                "stopPrice": _trigger(terms),
            }
        case "take_profit":
            return {"type": "TAKE_PROFIT", "stopPrice": _trigger(terms)}
        case "trailing_stop":
            return _spot_trailing(terms)


def _spot_trailing(terms: Terms) -> Said:
    bips = _trail_percent(terms) * 100
    if bips != bips.to_integral_value():
        raise Unsupported("trail_percent", "Binance spot trails in whole hundredths of a percent.")
    if terms.stop_price is None:
        return {"type": "STOP_LOSS", "trailingDelta": int(bips)}
    # of the two, TAKE_PROFIT begins to trail when the price has moved in the order's favour
    return {"type": "TAKE_PROFIT", "stopPrice": plain(terms.stop_price), "trailingDelta": int(bips)}


def _futures(terms: Terms, now_ns: int) -> Said:
    if terms.order_type == "market":
        return {"type": "MARKET"}
    if terms.post_only and terms.time_in_force != "GTC":
        raise Unsupported("time_in_force", f"A post-only order cannot be {terms.time_in_force}.")
    time_in_force = "GTX" if terms.post_only else terms.time_in_force
    limit: Said = {"type": "LIMIT", "timeInForce": time_in_force, "price": _price(terms)}
    return limit | _good_till(terms, now_ns)


def _algo(terms: Terms, now_ns: int) -> Said:
    said: Said = {"type": _CONDITIONAL[terms.order_type], "workingType": "MARK_PRICE"}
    if terms.order_type == "trailing_stop":
        percent = _trail_percent(terms)
        least, most = CALLBACK
        if not least <= percent <= most:
            raise Unsupported(
                "trail_percent", f"Binance futures trail by {least} to {most} %, not {percent}."
            )
        said["callbackRate"] = plain(percent)
        if terms.stop_price is not None:
            said["activatePrice"] = plain(terms.stop_price)
        return said
    said["triggerPrice"] = _trigger(terms)
    if terms.order_type == "stop_limit":
        time_in_force = "GTX" if terms.post_only else terms.time_in_force
        said |= {"timeInForce": time_in_force, "price": _price(terms), **_good_till(terms, now_ns)}
    return said


def _good_till(terms: Terms, now_ns: int) -> Said:
    if terms.time_in_force != "GTD":
        return {}
    if terms.good_till is None or terms.good_till < now_ns + LEAST_GOOD_TILL_S * NS_PER_S:
        raise Unsupported(
            "good_till", f"At Binance an order must be good for at least {LEAST_GOOD_TILL_S // 60} minutes."
        )
    return {"goodTillDate": terms.good_till // NS_PER_S * 1000}  # it keeps whole seconds only


def _trail_percent(terms: Terms) -> Decimal:
    if terms.trail_percent is None:
        raise Unsupported("trail", "Binance trails by a percentage, not by a distance in price.")
    return terms.trail_percent


def _refuse_post_only(terms: Terms) -> None:
    if terms.post_only:
        raise Unsupported("post_only", "On Binance spot what waits for a trigger cannot be post-only.")


def _price(terms: Terms) -> str:
    if terms.limit_price is None:
        raise Unsupported("limit_price", f"A {terms.order_type} order needs a limit price.")
    return plain(terms.limit_price)


def _trigger(terms: Terms) -> str:
    if terms.stop_price is None:
        raise Unsupported("stop_price", f"A {terms.order_type} order needs a trigger price.")
    return plain(terms.stop_price)


def plain(value: Decimal) -> str:
    """The number as the venue takes it: no exponent, no trailing zeros."""
    return format(tidy(value), "f")
