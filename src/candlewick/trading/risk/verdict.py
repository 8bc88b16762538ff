"""What the risk door answers."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """The order may go.

    Attributes:
        mark: the price it was judged at.
        notional: in the account's currency.
        margin: what it would bind, in the account's currency; a spot order binds its cost.
        fee: estimate, as a taker unless post-only.
    """

    mark: Decimal
    notional: Decimal
    margin: Decimal
    fee: Decimal


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
