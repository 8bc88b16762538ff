"""Rules about the account: what it may do at all, how often, and after which losses."""

from __future__ import annotations

from decimal import Decimal

from candlewick.core.clock import NS_PER_S
from candlewick.trading.account import RATE_WINDOW_NS
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.losses import losses
from candlewick.trading.risk.verdict import Refused


def allowed_state(ask: Ask) -> Refused | None:
    """ACTIVE takes all, REDUCING what reduces, HALTED nothing."""
    account = ask.account
    why = f": {account.reason}" if account.reason else ""
    if account.state == "HALTED" and not ask.urgent:
        return Refused(code="halted", reason=f"{account.name} is halted{why}. Orders can only be cancelled.")
    if account.state == "REDUCING" and not ask.reduces:
        return Refused(code="reducing", reason=f"{account.name} may only reduce its positions{why}.")
    return None


def permitted_symbol(ask: Ask) -> Refused | None:
    """The account may trade this instrument; what it holds it may always reduce."""
    allowed = ask.account.limits.symbols
    if allowed is None or ask.terms.instrument in allowed or ask.reduces:
        return None
    reason = f"{ask.account.name} may not trade {ask.instrument.symbol}. Its limits list what it may trade."
    return Refused(code="symbols", reason=reason, field="symbol")


def something_to_reduce(ask: Ask) -> Refused | None:
    """A reduce-only order has a position to reduce, and is on the side that reduces it."""
    if not ask.terms.reduce_only:
        return None
    held, side = ask.held, ask.terms.side
    if (held > 0 and side == "sell") or (held < 0 and side == "buy"):
        return None
    what = "there is no position" if not held else f"to {side} would add to the position of {held:f}"
    return Refused(
        code="reduce_only",
        reason=f"The order may only reduce, but {what} in {ask.instrument.symbol}.",
        value=held,
        field="reduce_only",
    )


def not_too_often(ask: Ask) -> Refused | None:
    """New orders and amendments in any 60 s. What reduces is not held back, but counted."""
    limit = ask.account.limits.max_orders_per_minute
    if limit is None or ask.reduces or ask.urgent:
        return None
    sent = ask.account.sent_lately(ask.ts)
    if len(sent) < limit:
        return None
    # there is room again when so many of them are a minute old that fewer than the limit are left
    free_at = sent[len(sent) - limit] + RATE_WINDOW_NS if limit else ask.ts + RATE_WINDOW_NS
    wait_s = -(-(free_at - ask.ts) // NS_PER_S)
    return Refused(
        code="order_rate",
        reason=f"{len(sent)} orders were sent within a minute; {limit} are allowed. Wait {wait_s} s.",
        limit=Decimal(limit),
        value=Decimal(len(sent) + 1),
    )


def not_too_many(ask: Ask) -> Refused | None:
    """Working orders. What reduces is not held back, but counted."""
    limit, working = ask.account.limits.max_open_orders, len(ask.account.orders)
    if limit is None or ask.reduces or ask.urgent or ask.replacing is not None or working < limit:
        return None
    return Refused(
        code="max_open_orders",
        reason=f"{working} orders are open; {limit} are allowed. Cancel one first.",
        limit=Decimal(limit),
        value=Decimal(working + 1),
    )


def no_broken_limit(ask: Ask) -> Refused | None:
    """What was lost today, and since the highest equity, leaves room for more risk."""
    account, limits, equity = ask.account, ask.account.limits, ask.equity
    daily = limits.max_daily_loss is not None or limits.max_daily_loss_pct is not None
    drawdown = limits.max_drawdown_pct is not None
    if ask.reduces or not (daily or drawdown):
        return None
    unknown = (daily and account.day_equity is None) or (drawdown and account.peak_equity is None)
    if equity is None or unknown:
        return _unknown_equity(ask)
    for gauge in losses(account, equity):
        if gauge.used >= 100:
            return Refused(
                code=gauge.code,
                reason=(
                    f"{gauge.title} is {gauge.value:.2f} {gauge.unit}; from {gauge.limit:f} {gauge.unit} on "
                    "the account may only reduce."
                ),
                limit=gauge.limit,
                value=gauge.value,
            )
    return None


def _unknown_equity(ask: Ask) -> Refused:
    missing = ", ".join(ask.valuation.missing) or "a currency"
    return Refused(
        code="unknown_equity",
        reason=f"No price of {missing}: what the account is worth is not known, and it may only reduce.",
    )
