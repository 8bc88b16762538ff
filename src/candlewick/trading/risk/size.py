"""Rules about size: what an order, and all that the account may come to hold with it, is worth and binds.

What can only reduce a position passes all of them but the one that a spot sale must be covered.
"""

from __future__ import annotations

from decimal import Decimal

from candlewick.ledger.margin import max_leverage, tiers_of
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.exposure import ZERO
from candlewick.trading.risk.funds import sales
from candlewick.trading.risk.groups import correlated_with
from candlewick.trading.risk.verdict import Refused


def order_notional(ask: Ask) -> Refused | None:
    """What the order is worth at the price at which it is expected to trade."""
    limit = ask.account.limits.max_order_notional
    if limit is None or ask.reduces:
        return None
    return _above("max_order_notional", "The order", limit, ask.notional, ask)


def position_notional(ask: Ask) -> Refused | None:
    """What the position is worth at worst: after all working orders of one side and this one."""
    limit = ask.account.limits.max_position_notional
    if limit is None or ask.reduces:
        return None
    what = f"The position in {ask.instrument.symbol}, working orders included,"
    return _above("max_position_notional", what, limit, ask.exposure.notional, ask)


def gross_notional(ask: Ask) -> Refused | None:
    """What all positions are worth together, at worst."""
    limit = ask.account.limits.max_gross_notional
    if limit is None or ask.reduces:
        return None
    what = "All positions together, working orders included,"
    return _above("max_gross_notional", what, limit, _gross(ask, set(ask.exposures)), ask)


def leverage(ask: Ask) -> Refused | None:
    """The leverage that is set for the perpetual is allowed, by the account's limits and by its tier."""
    if ask.reduces or ask.spot:
        return None
    limit, exposure = ask.account.limits.max_leverage, ask.exposure
    symbol = ask.instrument.symbol
    if limit is not None and ask.leverage > limit:
        return Refused(
            code="max_leverage",
            reason=f"{symbol} is set to {ask.leverage:f}x; {limit:f}x are allowed. Set less.",
            limit=limit,
            value=ask.leverage,
        )
    if exposure.margin is None:
        return None
    cap = max_leverage(tiers_of(ask.instrument), exposure.margin * ask.leverage)
    if ask.leverage <= cap:
        return None
    return Refused(
        code="leverage_tier",
        reason=(
            f"A position of this size in {symbol} may have {cap:f}x at most, but it is set to "
            f"{ask.leverage:f}x. Set less leverage, or trade less."
        ),
        limit=cap,
        value=ask.leverage,
        field="quantity",
    )


def covered(ask: Ask) -> Refused | None:
    """Spot: what is paid with is there, and is not promised to other orders; what is not held is not sold."""
    if not ask.spot:
        return None
    instrument = ask.instrument
    if ask.terms.side == "sell":
        if ask.replacing is not None and ask.quantity <= ask.replacing.remaining:
            return None  # it asks for no more than it claims already
        has = ask.account.book.balances.get(instrument.base, ZERO)
        if sales(ask.market, instrument.base, [*ask.claimed, ask.claim]) <= has:
            return None
        promised = sales(ask.market, instrument.base, ask.claimed)
        return Refused(
            code="insufficient_holding",
            reason=(
                f"{has:f} {instrument.base} are held"
                + (f", and {promised:f} of them are promised to other orders" if promised else "")
                + ". A spot account does not sell what it has not."
            ),
            limit=max(has - promised, ZERO),
            value=ask.quantity,
            field="quantity",
        )
    free, cost = ask.funds.spendable, ask.cost
    if free is None or cost is None:
        return Refused(
            code="unknown_funds",
            reason=f"What is free in {instrument.quote} is not known: a price is missing.",
        )
    return _short("insufficient_funds", "The order costs", cost, free, instrument.quote)


def margin(ask: Ask) -> Refused | None:
    """Perpetuals: the margin that the order may bind is free, in the currency in which it settles."""
    if ask.spot or ask.reduces:
        return None
    funds = ask.funds
    if funds.free is None or ask.binds is None:
        return Refused(
            code="unknown_funds", reason=f"What is free in {ask.settles_in} is not known: a price is missing."
        )
    return _short("insufficient_margin", "The order binds", ask.binds, funds.free, ask.settles_in)


def margin_use(ask: Ask) -> Refused | None:
    """Initial margin of positions and working orders stays below the allowed part of equity."""
    limit, equity = ask.account.limits.max_margin_pct, ask.equity
    if limit is None or ask.spot or ask.reduces:
        return None
    bound = ZERO
    for each in ask.exposures.values():
        value = ask.value(each.margin, each.currency)
        if value is None:
            return _unknown(ask, "max_margin_pct")
        bound += value
    if equity is None:
        return _unknown(ask, "max_margin_pct")
    return _share("max_margin_pct", "Margin, working orders included,", limit, bound, equity)


def sector(ask: Ask) -> Refused | None:
    """Gross exposure to the instrument's sector, of equity. An unknown sector belongs to none."""
    limit, sector = ask.account.limits.max_sector_pct, ask.instrument.sector
    if limit is None or ask.reduces or sector is None:
        return None
    ids = {id for id, each in ask.exposures.items() if each.instrument.sector == sector}
    gross = _gross(ask, ids)
    if gross is None or ask.equity is None:
        return _unknown(ask, "max_sector_pct")
    return _share("max_sector_pct", f"Exposure to {sector}", limit, gross, ask.equity)


def correlated(ask: Ask) -> Refused | None:
    """Gross exposure to what moves together with the instrument (`risk/groups`), of equity."""
    limit = ask.account.limits.max_correlated_pct
    if limit is None or ask.reduces:
        return None
    instruments = {id: each.instrument for id, each in ask.exposures.items()}
    ids = correlated_with(ask.instrument, instruments, ask.market)
    gross = _gross(ask, ids)
    if gross is None or ask.equity is None:
        return _unknown(ask, "max_correlated_pct")
    names = ", ".join(sorted(instruments[id].symbol for id in ids))
    return _share(
        "max_correlated_pct", f"Exposure to {names}, which move together,", limit, gross, ask.equity
    )


def _gross(ask: Ask, ids: set[str]) -> Decimal | None:
    total = ZERO
    for id in ids:
        notional = ask.exposures[id].notional
        if notional is None:
            return None
        total += notional
    return total


def _above(code: str, what: str, limit: Decimal, value: Decimal | None, ask: Ask) -> Refused | None:
    if value is None:
        return _unknown(ask, code)
    if value <= limit:
        return None
    currency = ask.account.currency
    return Refused(
        code=code,
        reason=f"{what} would be worth {value:.2f} {currency}; {limit:f} are allowed.",
        limit=limit,
        value=value,
        field="quantity",
    )


def _short(code: str, what: str, needed: Decimal, free: Decimal, currency: str) -> Refused | None:
    if needed <= free:
        return None
    return Refused(
        code=code,
        reason=f"{what} {needed:.2f} {currency}; {max(free, ZERO):.2f} are free.",
        limit=max(free, ZERO),
        value=needed,
        field="quantity",
    )


def _share(code: str, what: str, limit: Decimal, part: Decimal, equity: Decimal) -> Refused | None:
    if part * 100 <= limit * equity:
        return None
    if equity <= 0:
        return Refused(
            code=code, reason="The account has no equity left to risk.", limit=limit, field="quantity"
        )
    pct = part / equity * 100
    return Refused(
        code=code,
        reason=f"{what} would be {pct:.1f} % of equity; {limit:f} % are allowed.",
        limit=limit,
        value=pct,
        field="quantity",
    )


def _unknown(ask: Ask, code: str) -> Refused:
    return Refused(
        code="unknown_exposure",
        reason=f"Whether {code} holds is not known: no price of {', '.join(ask.unpriced) or 'a currency'}.",
    )
