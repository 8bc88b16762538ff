"""What the paper venue reads: the market as the heart has folded it, and the accounts as the ledger has them.

It reads and never writes. Whatever it makes of an order it tells as a report; the heart books it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from candlewick.core.events import Level, Quote, Side
from candlewick.core.instrument import Instrument
from candlewick.trading.settings import AccountSettings

Tier = tuple[float, float, float]
"""Notional from which it holds, maintenance rate, amount taken off."""


class BookView(Protocol):
    """A book that is whole: `market.book.OrderBook`."""

    @property
    def best_bid(self) -> Level | None:
        """Price and quantity; None: no bids."""
        ...

    @property
    def best_ask(self) -> Level | None:
        """Price and quantity; None: no asks."""
        ...

    def bids(self, n: int) -> list[Level]:
        """The `n` best, best first."""
        ...

    def asks(self, n: int) -> list[Level]:
        """The `n` best, best first."""
        ...

    def quantity_at(self, side: Side, price: float) -> float | None:
        """What is displayed at `price`; None: deeper than the book is known."""
        ...


class MarketView(Protocol):
    """The market, as of the event that was folded last."""

    def instrument(self, id: str) -> Instrument | None:
        """What it is; None: unknown."""
        ...

    def is_fresh(self, id: str) -> bool:
        """Whether its connection stands: nothing is filled on what may be old."""
        ...

    def book(self, id: str) -> BookView | None:
        """Its book; None while it is not synchronised."""
        ...

    def quote(self, id: str) -> Quote | None:
        """Best bid and ask; None: unknown."""
        ...

    def last(self, id: str) -> float | None:
        """Price of its newest trade; None: unknown."""
        ...

    def mark(self, id: str) -> float | None:
        """The price its positions are valued at; None: unknown."""
        ...

    def funding(self, id: str) -> tuple[float, int] | None:
        """Estimated rate of the coming settlement and its time (ns); None: unknown, or it has none."""
        ...


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A position as the ledger has it.

    Attributes:
        quantity: signed; what an account has of a spot instrument's base.
        margin: set aside for it alone; None: the whole account answers for it (cross).
    """

    instrument: str
    quantity: Decimal
    entry: Decimal
    margin: Decimal | None = None


class AccountView(Protocol):
    """The paper accounts."""

    def accounts(self) -> Iterable[int]:
        """Their numbers."""
        ...

    def settings(self, account: int) -> AccountSettings:
        """Fees, latency and slippage in force."""
        ...

    def position(self, account: int, instrument: str) -> Holding | None:
        """What it holds of one instrument; None: nothing."""
        ...

    def positions(self, account: int) -> Iterable[Holding]:
        """All that it holds, in a defined order."""
        ...

    def cross(self, account: int, currency: str) -> tuple[float, float]:
        """What answers for the positions in cross margin that settle in `currency`.

        Their equity, and their maintenance margin together; zeros where a mark is missing.
        """
        ...

    def tiers(self, instrument: str) -> Sequence[Tier]:
        """Maintenance margin of a perpetual by notional, rising."""
        ...
