"""Rules about an order in itself: whether its terms say something that can be carried out at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.core.money import price as at_tick
from candlewick.core.money import quantity as in_lots
from candlewick.ledger.contract import is_spot
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.verdict import Refused

# Nobody means more; products of such numbers still fit the 28 digits that decimals are counted in.
MOST: Final = Decimal(10) ** 13
FINEST_EXPONENT: Final = -12
MOST_TRAIL_PERCENT: Final = Decimal(50)

# order type → which of its prices it needs, and which it may have
NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "market": (),
    "limit": ("limit_price",),
    "stop": ("stop_price",),
    "stop_limit": ("limit_price", "stop_price"),
    "take_profit": ("stop_price",),
    "trailing_stop": (),
}
ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    **NEEDED,
    "take_profit": ("stop_price", "limit_price"),
    "trailing_stop": ("stop_price", "trail", "trail_percent"),
}
PRICES: Final = ("limit_price", "stop_price", "trail", "trail_percent")


def numbers(ask: Ask) -> Refused | None:
    """Every number is finite, positive, and of a size that somebody may mean."""
    for field, value in ask.numbers():
        if not value.is_finite():
            return Refused(code="number", reason=f"{_title(field)} must be a number.", field=field)
        if value <= 0:
            return Refused(
                code="not_positive",
                reason=f"{_title(field)} must be more than 0, but is {value:f}.",
                limit=Decimal(0),
                value=value,
                field=field,
            )
        exponent = value.as_tuple().exponent
        if value >= MOST or (isinstance(exponent, int) and exponent < FINEST_EXPONENT):
            return Refused(
                code="absurd_number",
                reason=(
                    f"{_title(field)} must be below {MOST:f} and have at most {-FINEST_EXPONENT} decimals."
                ),
                limit=MOST,
                value=value,
                field=field,
            )
    return None


def known_instrument(ask: Ask) -> Refused | None:
    """The instrument is listed, of a kind that can be traded, and at the account's venue."""
    if ask.listed is None:
        return Refused(
            code="unknown_instrument",
            reason=f"{ask.terms.instrument} is not listed. Search the instruments for one that is.",
            field="symbol",
        )
    if ask.listed.kind not in ("spot", "perp"):
        return Refused(
            code="kind",
            reason=f"{ask.listed.symbol} can be watched, but not traded: it is of kind {ask.listed.kind}.",
            field="symbol",
        )
    account = ask.account
    if account.kind == "live" and ask.listed.venue != account.venue:
        return Refused(
            code="venue",
            reason=f"{account.name} trades at {account.venue}; {ask.listed.symbol} is of {ask.listed.venue}.",
            field="symbol",
        )
    return None


def complete(ask: Ask) -> Refused | None:
    """Each order type has the prices that it needs, and no other."""
    terms = ask.terms
    for field in PRICES:
        given = getattr(terms, field) is not None
        if not given and field in NEEDED[terms.order_type]:
            reason = f"A {_title(terms.order_type).lower()} order needs a {_title(field).lower()}."
            return Refused(code="missing", reason=reason, field=field)
        if given and field not in ALLOWED[terms.order_type]:
            reason = (
                f"A {_title(terms.order_type).lower()} order has no {_title(field).lower()}. Leave it out."
            )
            return Refused(code="superfluous", reason=reason, field=field)
    if terms.trailed is not None and ask.replacing is None:
        return Refused(
            code="superfluous", reason="How far it has trailed is for the venue to say.", field="trail"
        )
    if terms.order_type != "trailing_stop":
        return None
    if (terms.trail is None) == (terms.trail_percent is None):
        reason = "A trailing stop needs a distance: either an amount or a percentage."
        return Refused(code="missing", reason=reason, field="trail")
    if terms.trail_percent is not None and terms.trail_percent > MOST_TRAIL_PERCENT:
        return Refused(
            code="trail_percent",
            reason=f"The distance must be at most {MOST_TRAIL_PERCENT} %, but is {terms.trail_percent} %.",
            limit=MOST_TRAIL_PERCENT,
            value=terms.trail_percent,
            field="trail_percent",
        )
    return None


def lasting(ask: Ask) -> Refused | None:
    """Time in force, post-only and reduce-only fit the order type and each other."""
    terms = ask.terms
    if terms.time_in_force == "GTD":
        if terms.good_till is None:
            return Refused(
                code="good_till", reason="A GTD order needs the time at which it ends.", field="good_till"
            )
        if terms.good_till <= ask.ts:
            reason = "The time at which the order ends has passed already. Choose a later one."
            return Refused(code="good_till", reason=reason, field="good_till")
    elif terms.good_till is not None:
        reason = f"Only a GTD order ends at a time; this one is {terms.time_in_force}."
        return Refused(code="good_till", reason=reason, field="good_till")
    if terms.order_type == "market" and terms.time_in_force == "GTD":
        reason = "A market order trades at once or not at all. Leave the time out."
        return Refused(code="time_in_force", reason=reason, field="time_in_force")
    if terms.post_only and terms.order_type not in ("limit", "stop_limit"):
        reason = "Only a limit order can be post-only: any other one takes from the book."
        return Refused(code="post_only", reason=reason, field="post_only")
    if terms.post_only and terms.time_in_force in ("IOC", "FOK"):
        reason = (
            f"A post-only order rests in the book, an {terms.time_in_force} order never does. Choose one."
        )
        return Refused(code="post_only", reason=reason, field="post_only")
    return None


def stepped(ask: Ask) -> Refused | None:
    """Prices are in whole ticks, the quantity is in whole lots; the sentence names the nearest that is."""
    instrument, terms = ask.instrument, ask.terms
    tick, lot = instrument.tick, instrument.lot
    if lot is not None and terms.quantity % lot:
        nearest = in_lots(instrument, terms.quantity) or lot
        return Refused(
            code="lot",
            reason=(
                f"{instrument.symbol} trades in lots of {lot:f}; {terms.quantity:f} is none. "
                f"The nearest is {nearest:f}."
            ),
            limit=lot,
            value=terms.quantity,
            field="quantity",
        )
    if tick is None:
        return None
    for field, price in ask.prices():
        if price % tick:
            nearest = at_tick(instrument, price) or tick
            return Refused(
                code="tick",
                reason=(
                    f"{instrument.symbol} is priced in steps of {tick:f}; {price:f} is none. "
                    f"The nearest is {nearest:f}."
                ),
                limit=tick,
                value=price,
                field=field,
            )
    return None


def least(ask: Ask) -> Refused | None:
    """The order is worth what the venue demands at least. What closes a perpetual may be worth less."""
    least_notional, worth = ask.instrument.min_notional, ask.worth
    if least_notional is None or worth is None or (ask.reduces and not is_spot(ask.instrument)):
        return None
    if worth >= least_notional:
        return None
    return Refused(
        code="min_notional",
        reason=(
            f"{ask.instrument.symbol} takes orders of {least_notional:f} {ask.instrument.quote} and more; "
            f"this one is worth {worth:.2f}."
        ),
        limit=least_notional,
        value=worth,
        field="quantity",
    )


def _title(field: str) -> str:
    return field.replace("_", " ").capitalize()
