"""What one answer of the heart leaves to be written, in the order in which it came."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from candlewick.core.order import Order
from candlewick.trading import effects
from candlewick.trading.entries import Entry


class LaneRow(msgspec.Struct, frozen=True):
    """An event of an account's lane: its number, and the message as it is sent."""

    account: int
    channel: str
    seq: int
    ts: int
    message: bytes


class EquityRow(msgspec.Struct, frozen=True, kw_only=True):
    """What an account was worth at `ts` (ns UTC), in its own currency."""

    account: int
    ts: int
    equity: Decimal
    cash: Decimal
    unrealised: Decimal


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to which subject, from where (an address), and how it was before and after.

    `before` and `after` are anything that JSON can say; None: there was nothing, or it is not told.
    """

    actor: str
    action: str
    subject: str
    origin: str = ""
    before: object = None
    after: object = None
    ts: int


@dataclass(slots=True)
class Batch:
    """Commits whole or not at all. `add` takes every effect of one answer, in order.

    Attributes:
        booked: each with the place, in `entries`, of the entry that it follows from; -1: none.
        snapshot: the state of all accounts after these entries; kept so that a start need not fold the past.
        thin: accounts whose curves are thinned, each as of a time (ns UTC).
    """

    entries: list[Entry] = field(default_factory=list)
    lane: list[LaneRow] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    booked: list[tuple[int, effects.Booked]] = field(default_factory=list)
    equity: list[EquityRow] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    snapshot: bytes | None = None
    thin: list[tuple[int, int]] = field(default_factory=list)

    def add(self, effect: effects.Effect) -> None:
        """Take what of an effect belongs on disk; of the others nothing does."""
        match effect:
            case effects.Journal(entry):
                self.entries.append(entry)
            case effects.OrderChanged():
                self.orders.append(effect.order)
            case effects.Booked():
                self.booked.append((len(self.entries) - 1, effect))
