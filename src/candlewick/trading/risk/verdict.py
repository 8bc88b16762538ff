"""What the risk door answers."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """The order may go. Money is in the account's currency; None is unknown.

    Attributes:
        mark: the price it was judged at. Only what reduces a position may go without one.
        notional: what it is worth at the price at which it is expected to trade, at worst.
        margin: what it binds: margin of a perpetual, cost of a spot purchase, nothing for what reduces.
        fee: estimate, as a taker unless post-only.
    """

    mark: Decimal | None
    notional: Decimal | None
    margin: Decimal | None
    fee: Decimal | None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The order may not go. `limit` and `value` tell by how much, where a number decides.

    Attributes:
        code: a stable word for programs, such as `max_order_notional`.
        reason: a sentence for people.
        field: of the request, where one is at fault.
    """

    code: str
    reason: str
    limit: Decimal | None = None
    value: Decimal | None = None
    field: str | None = None


Verdict = Approved | Refused
