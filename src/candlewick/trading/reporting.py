"""What a venue reports about orders and money: whether it is news, and what it takes to be booked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from candlewick.core.order import InFlight, Open, Order, PartlyFilled, Terms
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    ExternalOrder,
    Fill,
    FundingPaid,
    Gone,
    LeverageRefused,
    LeverageTaken,
    Refused,
    Report,
    Triggered,
    VenueOrder,
)
from candlewick.trading import orders
from candlewick.trading.account import AccountState
from candlewick.trading.booking import wrong_with
from candlewick.trading.effects import Alert, AskVenue
from candlewick.trading.entries import FilledLate, LeverageSet, OrderPlaced
from candlewick.trading.marks import Market
from candlewick.trading.steps import Step, Steps

AT_WORK: Final = ("OPEN", "PARTLY_FILLED")

# What takes an order from one state to another: (order, report) → order, or None where there is no such step.
_STEPS: Final[dict[type, Callable[[Order, Any], Order | None]]] = {
    Accepted: orders.accept,
    Refused: orders.refuse,
    Triggered: orders.trigger,
    Gone: orders.end,
    CancelRefused: orders.keep,
    Amended: orders.amend,
    AmendRefused: orders.keep_terms,
}


def about_order(account: AccountState, market: Market, report: Any) -> Steps:
    """A report that moves an order on: itself, if the order can take that step from where it stands."""
    order = account.find(report.order_id)
    if order is None or _STEPS[type(report)](order, report) is None:
        return ()
    steps: list[Step] = [report]
    if isinstance(report, CancelRefused) and report.unknown:
        steps.append(AskVenue(account.number))  # it never arrived, or is gone: its venue has to say
    return steps


def filled(account: AccountState, market: Market, fill: Fill) -> Steps:
    """A fill, unless it was booked before. Money moved: whatever else is odd about it is told, and booked."""
    if account.has_fill(fill.instrument, fill.id):
        return ()
    wrong = _wrong_with(account, market, fill)
    if wrong:
        return (_unbookable(account, fill, f"fill {fill.id}", wrong),)
    known = account.fill_orders.get(fill.instrument)
    cost = None if known is None else known.cost_with(account.book.instruments[fill.instrument], fill)
    return (fill if cost is None else FilledLate(account=fill.account, fill=fill, cost=cost, ts=fill.ts),)


def funded(account: AccountState, market: Market, paid: FundingPaid) -> Steps:
    """Funding, unless it was booked before."""
    if paid.id in account.known_funding.get(paid.instrument, ()):
        return ()
    wrong = _wrong_with(account, market, paid)
    return (_unbookable(account, paid, f"funding {paid.id}", wrong),) if wrong else (paid,)


def leverage_taken(account: AccountState, market: Market, report: LeverageTaken) -> Steps:
    """What the venue took is what the account goes by, unless it does so already."""
    now = report.leverage, report.margin_mode
    if account.book.leverage_of(report.instrument) == now:
        return ()
    return (
        LeverageSet(
            account=account.number,
            instrument=report.instrument,
            leverage=report.leverage,
            margin_mode=report.margin_mode,
            actor=account.venue or "venue",
            ts=report.ts,
        ),
    )


def leverage_refused(account: AccountState, market: Market, report: LeverageRefused) -> Steps:
    """Nothing is another: whoever asked may be gone by now, and others see the position too."""
    return (
        Alert(
            account=account.number,
            severity="WARNING",
            title="Leverage was not changed",
            message=f"{account.venue or 'The venue'} refused it for {report.instrument}: {report.reason}",
            ts=report.ts,
        ),
    )


def _wrong_with(account: AccountState, market: Market, event: Fill | FundingPaid) -> str:
    if event.instrument not in market.instruments and event.instrument not in account.book.instruments:
        return "nobody lists this instrument"
    return wrong_with(event)


def _unbookable(account: AccountState, event: Fill | FundingPaid, what: str, why: str) -> Alert:
    return Alert(
        account=account.number,
        severity="CRITICAL",
        title="Money moved that cannot be booked",
        message=(
            f"{account.venue or 'The venue'} reports {what} of {event.instrument}, but {why}. "
            "The account does not match its venue until this is resolved."
        ),
        ts=event.ts,
    )


def external(account: AccountState, market: Market, report: ExternalOrder) -> Steps:
    """An order that a person placed at the venue by other means is claimed, while it is at work."""
    if report.order.terms.instrument not in market.instruments or report.order.status not in AT_WORK:
        return ()  # of one that is done, only its fills matter, and they are booked whoever ordered them
    return (
        OrderPlaced(
            account=account.number,
            order=claimed(account, report.order, report.ts),
            mark=market.exact(report.order.terms.instrument),
            actor=account.venue or "venue",
            ts=report.ts,
            claimed=True,
        ),
    )


def claimed(account: AccountState, seen: VenueOrder, ts: int) -> Order:
    """A venue's order as one of ours; what it says to be filled was, or was never, told as fills before."""
    return Order(
        id=seen.order_id,
        account=account.number,
        terms=seen.terms,
        state=PartlyFilled() if seen.filled else Open(),
        origin="external",
        filled=seen.filled,
        average_price=seen.average_price,
        venue_id=seen.venue_id,
        created_at=seen.ts,
        updated_at=ts,
    )


def standing(account: AccountState, seen: VenueOrder, *, as_of: int | None) -> Iterator[Report]:
    """What the venue's view of a known order says that we may not have heard; its fills come as fills.

    Each is to be weighed before the next is asked for: an amendment may show that the order is filled.
    `as_of`: when the venue was asked (ns). Terms that were changed, or sent to be, after that are younger
    than what it says of them; None: all are.
    """
    order = account.find(seen.order_id)
    if order is None or not order.is_working:
        return
    number, id, ts = account.number, seen.order_id, seen.ts
    if isinstance(order.state, InFlight) or order.venue_id is None:
        if seen.status == "REJECTED":
            yield Refused(number, id, "rejected", seen.reason, ts)
        else:
            yield Accepted(number, id, seen.venue_id, ts)
    if as_of is not None and order.updated_at <= as_of:
        yield from _terms(order, seen)
    match seen.status:
        case "OPEN" | "PARTLY_FILLED":
            pass
        case "EXPIRED":
            yield Gone(number, id, seen.reason, ts, expired=True)
        case "CANCELLED" | "REJECTED":
            yield Gone(number, id, seen.reason, ts)
        case "FILLED":
            # all its fills were handed in before this: if some are missing the venue keeps them no more
            yield Gone(number, id, "filled at the venue, which reports no further fills", ts)


def _terms(order: Order, seen: VenueOrder) -> Iterator[Report]:
    """What became of an amendment whose answer was missed, and of one that was made by other means.

    A venue's words for a conditional order may be fewer than ours: what was not asked for is not taken over.
    """
    if order.amending is not None:
        if _says(seen.terms) == _says(order.amending):
            yield Amended(order.account, order.id, order.amending, seen.ts)
        else:
            yield AmendRefused(order.account, order.id, "lost", "The venue has the old terms.", seen.ts)
    elif not order.terms.is_conditional and _says(seen.terms) != _says(order.terms):
        changed = replace(order.terms, quantity=seen.terms.quantity, limit_price=seen.terms.limit_price)
        yield Amended(order.account, order.id, changed, seen.ts)


def _says(terms: Terms) -> tuple[Decimal | None, ...]:
    return terms.quantity, terms.limit_price, terms.stop_price, terms.trail, terms.trail_percent


def is_at_venue(order: Order) -> bool:
    """Whether the venue has said that it has the order."""
    return isinstance(order.state, Open | PartlyFilled) or order.venue_id is not None
