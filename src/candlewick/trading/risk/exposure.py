"""What an account's positions and working orders may come to: quantities at worst, and what they bind.

Of several orders that cancel each other only the largest counts, and what can only reduce adds nothing.
A position *at worst* is what is held after every working order of one side was filled and none of the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import NamedTuple

from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.ledger.contract import is_spot, settles_in, worth
from candlewick.trading.account import AccountState
from candlewick.trading.marks import Market
from candlewick.trading.valuing import rate

ZERO = Decimal(0)


class Claim(NamedTuple):
    """What an order may still trade. `group` is shared by orders that cancel each other."""

    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    group: str
    reduces_only: bool


def claim_of(order: Order) -> Claim:
    """What a working order may still trade."""
    terms = order.amending or order.terms
    quantity = max(terms.quantity, order.terms.quantity) - order.filled
    return claim(terms, quantity, order.oco or order.id)


def claim(terms: Terms, quantity: Decimal, group: str) -> Claim:
    """What an order with these terms would claim."""
    price = terms.limit_price if terms.limit_price is not None else terms.stop_price
    return Claim(terms.instrument, terms.side, quantity, price, group, terms.reduce_only)


def claims(account: AccountState, *, without: Collection[str] = ()) -> list[Claim]:
    """The claims of an account's working orders, except of those that are about to go or be replaced."""
    return [claim_of(order) for order in account.orders.values() if order.id not in without]


class Worst(NamedTuple):
    """A position, and what it may become on either side; signed quantities."""

    held: Decimal
    longest: Decimal
    shortest: Decimal

    @property
    def size(self) -> Decimal:
        """The larger of the two, unsigned."""
        return max(abs(self.longest), abs(self.shortest), abs(self.held))


def worst(held: Decimal, claimed: Iterable[Claim], *, spot: bool) -> Worst:
    """What a position may become. A spot holding cannot go below nothing."""
    buys, sells = _sides(claimed)
    shortest = held - sells
    return Worst(held, held + buys, max(shortest, min(held, ZERO)) if spot else shortest)


def selling(claimed: Iterable[Claim]) -> Decimal:
    """How much of a spot holding the sell orders claim."""
    return _largest(each for each in claimed if each.side == "sell")


class Exposure(NamedTuple):
    """One instrument of an account, at worst.

    Attributes:
        notional: unsigned, in the account's currency; None: a mark or a rate is missing.
        margin: initial margin of a perpetual, in its own currency; 0 for spot.
        currency: in which it settles.
    """

    instrument: Instrument
    worst: Worst
    notional: Decimal | None
    margin: Decimal | None
    currency: str


def _sides(claimed: Iterable[Claim]) -> tuple[Decimal, Decimal]:
    opening = [each for each in claimed if not each.reduces_only]
    return (
        _largest(each for each in opening if each.side == "buy"),
        _largest(each for each in opening if each.side == "sell"),
    )


def _largest(claimed: Iterable[Claim]) -> Decimal:
    groups: dict[str, Decimal] = {}
    for each in claimed:
        groups[each.group] = max(groups.get(each.group, ZERO), each.quantity)
    return sum(groups.values(), ZERO)


def by_instrument(claimed: Iterable[Claim]) -> dict[str, list[Claim]]:
    """Claims by the instrument that they are on."""
    found: dict[str, list[Claim]] = {}
    for each in claimed:
        found.setdefault(each.instrument, []).append(each)
    return found


def exposure(account: AccountState, market: Market, id: str, claimed: Iterable[Claim]) -> Exposure | None:
    """One instrument of an account at worst; None: nobody knows what the instrument is."""
    instrument = market.instruments.get(id) or account.book.instruments.get(id)
    if instrument is None:
        return None
    spot, currency = is_spot(instrument), settles_in(instrument)
    at_worst = worst(account.position(id), claimed, spot=spot)
    mark, per_unit = market.exact(id), rate(account, market, currency)
    if not at_worst.size:
        return Exposure(instrument, at_worst, ZERO, ZERO, currency)
    if mark is None:
        return Exposure(instrument, at_worst, None, ZERO if spot else None, currency)
    value = worth(instrument, at_worst.size, mark)
    margin = ZERO if spot else value / account.book.leverage_of(id)[0]
    return Exposure(instrument, at_worst, None if per_unit is None else value * per_unit, margin, currency)


def exposures(account: AccountState, market: Market, claimed: Iterable[Claim]) -> dict[str, Exposure]:
    """Every instrument that the account is in or would have claims on, at worst, by id."""
    by_id = by_instrument(claimed)
    found: dict[str, Exposure] = {}
    for id in dict.fromkeys([*account.book.positions, *by_id]):
        made = exposure(account, market, id, by_id.get(id, []))
        if made is not None:
            found[id] = made
    return found
