"""What follows from an entry by itself, before anybody else has a say."""

from __future__ import annotations

from candlewick.core.order import Order
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    Fill,
    Gone,
    Refused,
)
from candlewick.trading import brackets, kill
from candlewick.trading.account import AccountState
from candlewick.trading.effects import Alert, RiskNews
from candlewick.trading.entries import Entry, FilledLate, TradingStateSet
from candlewick.trading.marks import Market
from candlewick.trading.steps import Step


def react(account: AccountState, market: Market, entry: Entry) -> list[Step]:
    """Further entries and news that an applied entry leads to."""
    match entry:
        case Fill():
            steps = _after_fill(account, market, entry)
        case FilledLate(fill=fill):
            steps = _after_fill(account, market, fill)
        case Accepted() | Amended():
            steps = _legs_of(account, market, account.find(entry.order_id), entry.ts)
        case AmendRefused():
            steps = _leg_stays(account, account.find(entry.order_id), entry)
        case TradingStateSet():
            return _after_state(account, market, entry)
        case Gone() | Refused():
            steps = _leg_lost(account, account.find(entry.order_id), entry)
        case CancelRefused():
            steps = []
        case _:
            return []
    if account.kill and not isinstance(entry, CancelRefused | Refused):
        # a venue that refused is asked again after a while, not at once and without end
        steps += kill.pursue(account, market, entry.ts)
    return steps


def _after_fill(account: AccountState, market: Market, fill: Fill) -> list[Step]:
    steps: list[Step] = []
    order = account.find(fill.order_id)
    if order is not None:
        steps += _odd(account, order, fill)
        steps += brackets.cancel_others(account, order, fill.ts)
        steps += _legs_of(account, market, order, fill.ts)
    if fill.liquidation:
        steps.append(_liquidated(account, fill))
    steps += brackets.drop_idle(account, fill.instrument, fill.ts)
    return _once(steps)


def _legs_of(account: AccountState, market: Market, order: Order | None, ts: int) -> list[Step]:
    """Bring legs in line: of an entry that was filled, or those beside a leg."""
    if order is None or account.flatten:  # what the kill switch closes needs no protection
        return []
    entry = order if order.parent is None else account.find(order.parent)
    if entry is None or not entry.filled or (entry.stop_loss is None and entry.take_profit is None):
        return []
    return brackets.follow(account, market, entry, ts)


def _leg_lost(account: AccountState, order: Order | None, report: Gone | Refused) -> list[Step]:
    """A stop or target that its venue did not take, or ended by itself, protects nothing any more."""
    wanted = isinstance(report, Gone) and not report.expired
    if order is None or order.leg is None or wanted or not order.remaining or account.flatten:
        return []
    if not brackets.protects(account, order.terms.instrument, order.terms.side):
        return []  # the position is gone: its venue saw that first
    return [
        Alert(
            account=account.number,
            severity="CRITICAL",
            title=f"No {order.leg.replace('_', ' ')} for {order.terms.instrument}",
            message=f"The venue ended order {order.id} for {order.remaining:f}: {report.reason}",
            ts=report.ts,
        )
    ]


def _leg_stays(account: AccountState, order: Order | None, report: AmendRefused) -> list[Step]:
    if order is None or order.leg is None:
        return []
    return [
        Alert(
            account=account.number,
            severity="WARNING",
            title="A stop or target does not cover the position",
            message=f"The venue did not change order {order.id} for {order.remaining:f}: {report.reason}",
            ts=report.ts,
        )
    ]


def _odd(account: AccountState, order: Order, fill: Fill) -> list[Step]:
    if order.filled <= order.terms.quantity:
        return []
    return [
        Alert(
            account=account.number,
            severity="CRITICAL",
            title="More was filled than was ordered",
            message=(
                f"Order {order.id} was for {order.terms.quantity:f}, and the venue has filled "
                f"{order.filled:f}. All of it is booked; compare the account with its venue."
            ),
            ts=fill.ts,
        )
    ]


def _liquidated(account: AccountState, fill: Fill) -> Alert:
    return Alert(
        account=account.number,
        severity="CRITICAL",
        title="A position was liquidated",
        message=(
            f"The venue closed {fill.quantity:f} of {fill.instrument} at {fill.price:f}: "
            "the margin did not cover it any more."
        ),
        ts=fill.ts,
    )


def _after_state(account: AccountState, market: Market, entry: TradingStateSet) -> list[Step]:
    if not entry.kill:
        return []
    text = f"The kill switch was used by {entry.actor}: {entry.reason}."
    return [
        Alert(account=account.number, severity="CRITICAL", title="Kill switch", message=text, ts=entry.ts),
        RiskNews(account=account.number, level="critical", code="kill_switch", text=text, ts=entry.ts),
        *kill.pursue(account, market, entry.ts),
    ]


def _once(steps: list[Step]) -> list[Step]:
    """Without what is asked for twice: one order may have to go for two reasons."""
    found: dict[object, Step] = {}
    for step in steps:
        key = (type(step), getattr(step, "order_id", None) or id(step))
        found.setdefault(key, step)
    return list(found.values())
