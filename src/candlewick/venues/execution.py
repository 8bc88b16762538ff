"""What every venue that takes orders offers: `paper`, and each real venue's `orders.py`.

Nothing here is awaited by the heart: what the venue makes of an order comes back as reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from candlewick.core.account import MarginMode
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import Report, VenueState

Tell = Callable[[Report], None]


@dataclass(slots=True)
class OrderHealth:
    """How an account's connection to its venue is doing; written by the venue, read by whoever shows it.

    Attributes:
        markets: those that the account trades in; `up`: those of them whose stream stands.
    """

    markets: frozenset[str]
    up: set[str] = field(default_factory=set)
    reconnects: int = 0
    malformed: int = 0
    last_error: str | None = None


class OrderVenue(Protocol):
    """Takes orders of any number of accounts. Called on the engine's loop; none of the calls blocks."""

    def place(self, order: Order) -> None:
        """Send an order that is in the journal; a second call with the same id makes no second order."""
        ...

    def cancel(self, order: Order) -> None:
        """Ask for an order's end."""
        ...

    def amend(self, order: Order, terms: Terms) -> None:
        """Ask for new terms of an order that keeps its id."""
        ...

    def set_leverage(self, account: int, instrument: str, leverage: Decimal, mode: MarginMode) -> None:
        """Ask for another leverage and margin mode of a perpetual; what the venue says comes as a report."""
        ...

    async def state(self, account: int, working: Iterable[Order]) -> VenueState:
        """The account as the venue has it, with what became of `working`, whatever it is.

        Raises:
            VenueError: the venue does not say.
        """
        ...

    async def run(self, tell: Tell) -> None:
        """Follow the account's stream and hand on reports, until cancelled."""
        ...

    def know(self, instrument: Instrument) -> None:
        """An instrument that orders may name."""
        ...
