"""Rules about an order against the market as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from candlewick.core.clock import NS_PER_S
from candlewick.core.order import Order
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.verdict import Refused


def priced(ask: Ask) -> Refused | None:
    """Somebody has said what the instrument is worth. To reduce, a market order needs no mark."""
    if ask.mark is not None or (ask.reduces and ask.terms.order_type == "market"):
        return None
    return Refused(
        code="no_mark",
        reason=f"No price of {ask.instrument.symbol} was received yet. Wait until it is shown.",
        field="symbol",
    )


def fresh(ask: Ask) -> Refused | None:
    """What is known of the instrument is not older than allowed. What reduces may go blindly."""
    limit, watch = ask.account.limits.max_data_age_s, ask.watch
    if limit is None or ask.reduces or watch is None:
        return None
    symbol = ask.instrument.symbol
    if watch.stale:
        return Refused(
            code="stale_data", reason=f"The data of {symbol} are stale: {watch.stale}.", field="symbol"
        )
    age_s = Decimal(ask.ts - watch.heard) / NS_PER_S
    if age_s <= limit:
        return None
    reason = f"{symbol} was last heard {age_s:.1f} s ago; at most {limit:f} s are allowed."
    return Refused(code="stale_data", reason=reason, limit=limit, value=age_s, field="symbol")


def waits(ask: Ask) -> Refused | None:
    """A conditional order's trigger lies where the price is not yet, so that it does not fire at once."""
    terms, mark = ask.terms, ask.mark
    stop = terms.stop_price
    if stop is None or mark is None or (ask.replacing is not None and ask.replacing.triggered_at is not None):
        return None
    # a stop follows the price through, a take-profit and a trailing stop's start wait for a better one
    rises = (terms.side == "buy") == (terms.order_type in ("stop", "stop_limit"))
    if (stop > mark) if rises else (stop < mark):
        return None
    name = terms.order_type.replace("_", " ")
    return Refused(
        code="would_trigger",
        reason=(
            f"A {name} to {terms.side} waits {'above' if rises else 'below'} the mark, which is {mark:f}; "
            f"at {stop:f} it would fire at once."
        ),
        limit=mark,
        value=stop,
        field="stop_price",
    )


def within_band(ask: Ask) -> Refused | None:
    """No price is so far from the mark that it must be a slip: too high to buy, too low to sell.

    The limit of a stop-limit order is compared with its trigger. The trigger of what reduces, a protective
    stop, may be anywhere.
    """
    band, mark, terms = ask.account.limits.price_band_pct, ask.mark, ask.terms
    if band is None or mark is None:
        return None
    limit_from = mark if terms.stop_price is None else terms.stop_price
    prices: list[tuple[str, Decimal | None, Decimal]] = [("limit_price", terms.limit_price, limit_from)]
    if not ask.reduces:
        prices.append(("stop_price", terms.stop_price, mark))
    for field, price, reference in prices:
        if price is None:
            continue
        bound = reference * (1 + (band if terms.side == "buy" else -band) / 100)
        if (price > bound) if terms.side == "buy" else (price < bound):
            return Refused(
                code="price_band",
                reason=(
                    f"{price:f} is more than {band:f} % {'above' if terms.side == 'buy' else 'below'} "
                    f"{reference:f}; the {field.replace('_', ' ')} may be {bound:f} at the utmost."
                ),
                limit=bound,
                value=price,
                field=field,
            )
    return None


def not_with_oneself(ask: Ask) -> Refused | None:
    """The order would not trade with the account's own order in the book."""
    if ask.urgent:
        return None
    for order, reach in crossed(ask):
        return Refused(
            code="self_trade",
            reason=(
                f"It would trade with your own order to {order.terms.side} at {order.terms.limit_price:f}. "
                "Cancel that one first, or choose another price."
            ),
            limit=order.terms.limit_price,
            value=reach,
            field="limit_price" if ask.terms.limit_price is not None else None,
        )
    return None


def crossed(ask: Ask) -> Iterator[tuple[Order, Decimal]]:
    """The account's own resting orders that the order would trade with, and how far it would reach."""
    terms = ask.terms
    if terms.is_conditional:
        return
    reach = terms.limit_price
    if reach is None:
        taking = ask.market.taking_price(terms.instrument, terms.side, ask.quantity)
        reach = ask.mark if taking is None else taking[1]
    if reach is None:
        return
    for order in ask.account.orders.values():
        own = order.terms
        resting = own.limit_price
        if own.instrument != terms.instrument or own.side == terms.side or resting is None:
            continue
        if (own.is_conditional and order.triggered_at is None) or order.id in ask.freed:
            continue
        if (resting <= reach) if terms.side == "buy" else (resting >= reach):
            yield order, reach


def bracket(ask: Ask) -> Refused | None:
    """Stop and target lie on the sides of the entry where they belong, and there is a position to protect."""
    if ask.stop_loss is None and ask.take_profit is None:
        return None
    terms, entry = ask.terms, ask.expected
    if ask.reduces and (terms.reduce_only or ask.spot):
        reason = "An order that only reduces opens nothing that a stop or target could protect."
        field = "stop_loss" if ask.stop_loss is not None else "take_profit"
        return Refused(code="bracket", reason=reason, field=field)
    if entry is None:
        return None
    long = terms.side == "buy"
    for field, price, below in (
        ("stop_loss", ask.stop_loss, long),
        ("take_profit", ask.take_profit, not long),
    ):
        if price is None or ((price < entry) if below else (price > entry)):
            continue
        return Refused(
            code="bracket",
            reason=(
                f"The {field.replace('_', ' ')} of an order to {terms.side} lies "
                f"{'below' if below else 'above'} its price, about {entry:f}; {price:f} does not."
            ),
            limit=entry,
            value=price,
            field=field,
        )
    return None
