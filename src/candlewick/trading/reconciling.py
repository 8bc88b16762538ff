"""An account as its venue has it, told as the reports that were missed.

In this order: fills, then what became of each order, then orders of ours that the venue does not know, then
those that are not ours, then money. Each report is weighed by itself like one that came in time, so that what
is known already changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from candlewick.core.order import InFlight
from candlewick.core.reports import ExternalOrder, Gone, Refused, Report, VenueState
from candlewick.trading.account import AccountState
from candlewick.trading.reporting import is_at_venue


def missed(account: AccountState, state: VenueState) -> Iterator[Report]:
    """The reports that make the account stand as its venue says it does."""
    yield from state.fills
    seen = {order.order_id for order in state.orders}
    for order in state.orders:
        yield ExternalOrder(state.account, order, state.ts)
    for mine in list(account.orders.values()):
        if mine.id in seen or mine.created_at > state.ts:
            continue
        if isinstance(mine.state, InFlight) or not is_at_venue(mine):
            yield Refused(state.account, mine.id, "lost", "It never reached the venue.", state.ts)
        yield Gone(state.account, mine.id, "The venue does not know it any more.", state.ts)
