"""Cancelling and amending: what is asked of a working order, and whether it can be asked at all."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from candlewick.core.errors import Conflict, UsageError
from candlewick.core.order import CancelInFlight, InFlight, Order, Terms
from candlewick.trading import orders
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Amend, Cancel, CancelAll
from candlewick.trading.entries import AmendPlaced, CancelPlaced
from candlewick.trading.marks import Market
from candlewick.trading.placing import refusal
from candlewick.trading.risk import door
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.verdict import Refused
from candlewick.trading.steps import Steps


def cancel(account: AccountState, market: Market, command: Cancel) -> Steps:
    """Ask for one order's end. It may be on its way to the venue still; asking twice asks once.

    Raises:
        UnknownOrder: there is no such order.
        Conflict: it is done.
    """
    order = account.order(command.order_id)
    if not order.is_working:
        raise Conflict(f"Order {order.id} is {_said(order)} already: there is nothing to cancel.")
    if orders.ask_cancel(order, command.ts) is None:
        return ()
    return (CancelPlaced(account.number, order.id, command.actor, command.ts),)


def cancel_all(account: AccountState, market: Market, command: CancelAll) -> Steps:
    """Ask for the end of every working order, or of those on one instrument."""
    return tuple(
        CancelPlaced(account.number, order.id, command.actor, command.ts)
        for order in account.orders.values()
        if command.instrument in (None, order.terms.instrument)
        and orders.ask_cancel(order, command.ts) is not None
    )


def amend(account: AccountState, market: Market, command: Amend) -> Steps:
    """Ask for new terms: the door judges them as it would judge a new order in this one's place.

    Raises:
        UnknownOrder: there is no such order.
        Conflict: it is done, or something else is on its way to the venue.
        UsageError: nothing would change, or less is asked for than is filled.
        OrderRefused: the door refused the new terms.
    """
    order = account.order(command.order_id)
    if not order.is_working:
        raise Conflict(f"Order {order.id} is {_said(order)} already: it cannot be changed.")
    if isinstance(order.state, InFlight):
        raise Conflict(f"Order {order.id} has not reached its venue yet. Change it when it is open.")
    if isinstance(order.state, CancelInFlight):
        raise Conflict(f"Order {order.id} is being cancelled.")
    if order.amending is not None:
        raise Conflict(f"A change of order {order.id} is on its way already. Wait for its outcome.")
    if order.leg is not None and command.quantity not in (None, order.terms.quantity):
        raise UsageError(
            f"The quantity of {order.id} follows order {order.parent}, which it protects. "
            "Cancel it, and place an order of your own."
        )
    terms = _changed(order.terms, command)
    if terms == order.terms:
        raise UsageError(f"Nothing of order {order.id} would change.")
    verdict = judge_terms(account, market, order, terms, command.ts)
    if isinstance(verdict, Refused):
        raise refusal(verdict)
    return (AmendPlaced(account.number, order.id, terms, command.actor, command.ts),)


def judge_terms(
    account: AccountState, market: Market, order: Order, terms: Terms, ts: int, *, urgent: bool = False
) -> Refused | None:
    """What the door says against new terms of an order; None: nothing."""
    if terms.quantity.is_finite() and terms.quantity <= order.filled:
        return Refused(
            code="filled",
            reason=f"{order.filled:f} of order {order.id} are filled; its quantity must be more than that.",
            limit=order.filled,
            value=terms.quantity,
            field="quantity",
        )
    verdict = door.judge(
        Ask(account, market, terms, ts=ts, order_id=order.id, oco=order.oco, replacing=order, urgent=urgent)
    )
    return verdict if isinstance(verdict, Refused) else None


def _changed(terms: Terms, command: Amend) -> Terms:
    changes: dict[str, Decimal] = {}
    for field in ("quantity", "limit_price", "stop_price", "trail", "trail_percent"):
        value = getattr(command, field)
        if value is not None:
            changes[field] = value
    return replace(terms, **changes)


def _said(order: Order) -> str:
    return order.status.lower().replace("_", " ")
