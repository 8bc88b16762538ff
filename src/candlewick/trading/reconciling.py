"""An account as its venue has it, told as the reports that were missed, and then compared to the last coin.

In this order: fills, then what became of each order, then orders of ours that the venue does not know, then
those that are not ours, then money. Each report is weighed by itself like one that came in time, so that what
is known already changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal

from candlewick.core.order import InFlight
from candlewick.core.reports import (
    ExternalOrder,
    Fill,
    Gone,
    Refused,
    Report,
    VenuePosition,
    VenueState,
)
from candlewick.trading.account import AccountState
from candlewick.trading.booking import ADOPTED, is_bookable
from candlewick.trading.effects import Alert
from candlewick.trading.entries import LeverageSet, Transferred
from candlewick.trading.marks import Market
from candlewick.trading.reporting import is_at_venue, standing
from candlewick.trading.steps import Step
from candlewick.trading.valuing import rate

ZERO = Decimal(0)
DUST = Decimal("0.000001")  # venues round each profit to eight places; the ledger does not
Differences = Mapping[str, Decimal]
Kind = Literal["deposit", "correction"]


def missed(account: AccountState, state: VenueState) -> Iterator[Report]:
    """The reports that make the account's orders stand as its venue says they do."""
    amending = {id: order.amending for id, order in account.orders.items()}
    yield from state.fills
    seen = {order.order_id for order in state.orders}
    for order in state.orders:
        known = account.orders.get(order.order_id)
        if known is not None and known.amending not in (None, amending.get(known.id)):
            # one of those fills has just led to it: it has not arrived, and what is told here is older
            yield from standing(account, order, as_of=None)
        else:
            yield ExternalOrder(state.account, order, state.ts)
    for mine in list(account.orders.values()):
        if mine.id in seen or mine.id not in state.asked:
            continue
        if isinstance(mine.state, InFlight) or not is_at_venue(mine):
            yield Refused(state.account, mine.id, "lost", "It never reached the venue.", state.ts)
        yield Gone(state.account, mine.id, "The venue does not know it any more.", state.ts)


def differences(account: AccountState, market: Market, state: VenueState) -> Differences:
    """What the venue has more than we, by currency and by contract; nothing where they agree."""
    found: dict[str, Decimal] = {}
    for balance in state.balances or ():
        found[balance.currency] = (
            balance.free + balance.locked - account.book.balances.get(balance.currency, ZERO)
        )
    if state.positions is not None:
        theirs = {each.instrument: each.quantity for each in state.positions}
        ours = {id: held.quantity for id, held in account.book.positions.items() if not held.is_spot}
        for id in dict.fromkeys([*theirs, *ours]):
            if id in market.instruments:
                found[id] = theirs.get(id, ZERO) - ours.get(id, ZERO)
    return {name: by for name, by in found.items() if abs(by) > DUST}


def begins(account: AccountState) -> bool:
    """Whether nothing was ever booked: then all that the venue has is where the account begins."""
    return not account.known_transfers and not account.known_fills


def leverages(account: AccountState, market: Market, state: VenueState) -> list[Step]:
    """Make the leverage of what is held, or was ever named, what the venue has set.

    A venue lists hundreds of contracts that nobody here thinks of: those are asked about when they are named.
    """
    named = account.book.instruments.keys() | {each.instrument for each in state.positions or ()}
    return [
        LeverageSet(
            account=account.number,
            instrument=each.instrument,
            leverage=each.leverage,
            margin_mode=each.margin_mode,
            actor=state.venue,
            ts=state.ts,
        )
        for each in state.leverages
        if each.instrument in named
        and each.instrument in market.instruments
        and account.book.leverage_of(each.instrument) != (each.leverage, each.margin_mode)
    ]


def contracts(account: AccountState, market: Market, state: VenueState) -> list[Step]:
    """Make the account's contracts those that the venue has."""
    theirs = {each.instrument: each for each in state.positions or ()}
    return [
        _adopted(account, market, name, by, theirs.get(name), state.ts)
        for name, by in differences(account, market, state).items()
        if name in market.instruments and is_bookable(by)
    ]


def money(account: AccountState, market: Market, state: VenueState, kind: Kind) -> list[Step]:
    """Make the account's balances those that the venue has, once its contracts are."""
    return [
        _corrected(account, market, name, by, state, kind)
        for name, by in differences(account, market, state).items()
        if name not in market.instruments and is_bookable(by)
    ]


def told(account: AccountState, state: VenueState, found: Differences) -> Alert:
    """What people should know of money or contracts that came or went by other means."""
    listed = ", ".join(f"{by:+f} {name}" for name, by in found.items())
    return Alert(
        account=account.number,
        severity="WARNING",
        title="The venue had something else",
        message=f"{state.venue} has {listed} that no fill or transfer explains. It was booked so.",
        ts=state.ts,
    )


def _corrected(
    account: AccountState, market: Market, currency: str, by: Decimal, state: VenueState, kind: Kind
) -> Transferred:
    per_unit = rate(account, market, currency)
    return Transferred(
        account=account.number,
        id=f"{state.venue}-{state.ts}-{currency}",
        kind=kind,
        currency=currency,
        amount=by,
        value=None if per_unit is None else by * per_unit,
        memo=f"as {state.venue} has it",
        actor=state.venue,
        ts=state.ts,
    )


def _adopted(
    account: AccountState,
    market: Market,
    instrument: str,
    by: Decimal,
    theirs: VenuePosition | None,
    ts: int,
) -> Fill:
    """A contract that came to be, or went, by other means: as if it were filled at the venue's mean price."""
    held = account.book.positions.get(instrument)
    mark = market.exact(instrument)
    opens = held is None or (theirs is not None and held.quantity * theirs.quantity <= 0)
    price = theirs.avg_price if theirs is not None and (opens or mark is None) else mark
    if price is None or price <= 0:
        price = held.avg_price if held is not None else mark or Decimal(1)
    return Fill(
        account=account.number,
        id=f"{ADOPTED}{ts}",
        order_id=f"{ADOPTED}{ts}",
        instrument=instrument,
        side="buy" if by > 0 else "sell",
        price=price,
        quantity=abs(by),
        fee=ZERO,
        fee_currency=market.instruments[instrument].settle,
        liquidity="taker",
        ts=ts,
    )
