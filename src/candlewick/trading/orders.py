"""The life of an order: one function a step, and each knows the states from which that step exists.

A step answers with the order as it is after it, or with None where there is no such step from where the order
stands: the report is late, or was heard before, and nothing follows from it. Nothing here changes anything.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from candlewick.core.order import (
    CancelInFlight,
    Cancelled,
    Expired,
    Filled,
    InFlight,
    Open,
    Order,
    OrderState,
    PartlyFilled,
    Rejected,
    Terms,
)
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    Fill,
    Gone,
    Refused,
    Triggered,
)


def accept(order: Order, report: Accepted) -> Order | None:
    """InFlight → Open. In any other working state only the venue's own id can be news."""
    if isinstance(order.state, InFlight):
        return replace(order, state=Open(), venue_id=report.venue_id, updated_at=report.ts)
    if order.is_working and order.venue_id is None and report.venue_id is not None:
        # a fill, or our cancellation, overtook it
        return replace(order, venue_id=report.venue_id, updated_at=report.ts)
    return None


def refuse(order: Order, report: Refused) -> Order | None:
    """InFlight, or a cancellation sent before the venue answered → Rejected. What was filled was taken."""
    if isinstance(order.state, InFlight | CancelInFlight) and not order.filled:
        return _done(order, Rejected(report.code, report.reason), report.ts)
    return None


def fill(order: Order, report: Fill) -> Order:
    """A trade of the order. It is never refused: money moved, whatever we believed about the order.

    An order that is done stays done, unless this fills all of it; one whose cancellation is on its way keeps
    being so until the venue says that it is gone.
    """
    filled = order.filled + report.quantity
    spent = (order.average_price or Decimal(0)) * order.filled + report.price * report.quantity
    state: OrderState = order.state
    if filled >= order.terms.quantity:
        state = Filled()
    elif isinstance(state, InFlight | Open):
        state = PartlyFilled()
    return replace(
        order,
        state=state,
        filled=filled,
        average_price=spent / filled,
        amending=order.amending if not isinstance(state, Filled) else None,
        updated_at=max(order.updated_at, report.ts),
    )


def trigger(order: Order, report: Triggered) -> Order | None:
    """A conditional order that works and waits → the same, at work."""
    if not order.is_working or not order.terms.is_conditional or order.triggered_at is not None:
        return None
    state = Open() if isinstance(order.state, InFlight) else order.state
    return replace(order, state=state, triggered_at=report.ts, updated_at=report.ts)


def ask_cancel(order: Order, ts: int) -> Order | None:
    """InFlight, Open, PartlyFilled → CancelInFlight."""
    if isinstance(order.state, InFlight | Open | PartlyFilled):
        return replace(order, state=CancelInFlight(), updated_at=ts)
    return None


def end(order: Order, report: Gone) -> Order | None:
    """Whatever works → Cancelled, or Expired where the order's own terms ended it."""
    if not order.is_working:
        return None
    state = Expired(report.reason) if report.expired else Cancelled(report.reason)
    return _done(order, state, report.ts)


def keep(order: Order, report: CancelRefused) -> Order | None:
    """CancelInFlight → as it stood before: its cancellation was refused."""
    if isinstance(order.state, CancelInFlight):
        return replace(order, state=PartlyFilled() if order.filled else Open(), updated_at=report.ts)
    return None


def ask_amend(order: Order, terms: Terms, ts: int) -> Order | None:
    """Open, PartlyFilled, with no other change on its way → the same, with new terms on their way."""
    if isinstance(order.state, Open | PartlyFilled) and order.amending is None:
        return replace(order, amending=terms, updated_at=ts)
    return None


def amend(order: Order, report: Amended) -> Order | None:
    """Whatever works → the same with these terms; Filled, where they ask for no more than is filled."""
    if not order.is_working or (order.terms == report.terms and order.amending is None):
        return None
    state: OrderState = order.state
    if order.filled and order.filled >= report.terms.quantity:
        state = Filled()
    elif isinstance(state, InFlight):
        state = Open()
    # how far a trailing stop came is told in between, and answers no amendment
    trails = order.terms != report.terms and order.terms == replace(report.terms, trailed=order.terms.trailed)
    amending = order.amending if trails else None
    return replace(order, state=state, terms=report.terms, amending=amending, updated_at=report.ts)


def keep_terms(order: Order, report: AmendRefused) -> Order | None:
    """New terms on their way → none."""
    if order.is_working and order.amending is not None:
        return replace(order, amending=None, updated_at=report.ts)
    return None


def _done(order: Order, state: OrderState, ts: int) -> Order:
    return replace(order, state=state, amending=None, updated_at=ts)
