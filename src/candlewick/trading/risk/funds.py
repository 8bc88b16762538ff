"""What is free to be bound or spent, working orders taken off: per currency, as a venue keeps its wallets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from candlewick.ledger.contract import is_spot
from candlewick.trading.account import AccountState
from candlewick.trading.marks import Market
from candlewick.trading.risk.exposure import ZERO, Claim, Exposure, claims, exposures, selling
from candlewick.trading.valuing import Valuation, value_of


class Funds(NamedTuple):
    """Of one currency; None: a mark is missing.

    Attributes:
        free: may be bound as margin: balance and unrealised profit, less margins and what orders claim.
        spendable: may be paid away: the same without profit that is not realised.
    """

    free: Decimal | None
    spendable: Decimal | None


def free_of(
    account: AccountState,
    market: Market,
    currency: str,
    *,
    valuation: Valuation | None = None,
    claimed: list[Claim] | None = None,
    exposed: Mapping[str, Exposure] | None = None,
) -> Funds:
    """What is free of `currency`, beside the `claimed` of working orders (all of them, unless given)."""
    valuation = value_of(account, market) if valuation is None else valuation
    claimed = claims(account) if claimed is None else claimed
    exposed = exposures(account, market, claimed) if exposed is None else exposed
    pool = next((each for each in valuation.pools if each.currency == currency), None)
    balance = account.book.balances.get(currency, ZERO)
    free, spendable = (balance, balance) if pool is None else (pool.free, pool.spendable)
    purchases = _purchases(account, market, currency, claimed)
    margins = _margins(currency, exposed.values())
    if free is None or spendable is None or purchases is None or margins is None:
        return Funds(None, None)
    taken = purchases + margins + sales(market, currency, claimed)
    return Funds(free - taken, spendable - taken)


def _purchases(
    account: AccountState, market: Market, currency: str, claimed: Iterable[Claim]
) -> Decimal | None:
    """What working spot orders may pay of `currency`, fees as if they were paid in it."""
    groups: dict[str, Decimal] = {}
    for each in claimed:
        instrument = market.instruments.get(each.instrument)
        if (
            each.side != "buy"
            or instrument is None
            or not is_spot(instrument)
            or instrument.quote != currency
        ):
            continue
        price = each.price if each.price is not None else market.exact(each.instrument)
        if price is None:
            return None
        cost = each.quantity * price * (1 + account.settings.spot_fees.taker)
        groups[each.group] = max(groups.get(each.group, ZERO), cost)
    return sum(groups.values(), ZERO)


def sales(market: Market, currency: str, claimed: Iterable[Claim]) -> Decimal:
    """What spot orders may sell of `currency`, on whichever instrument."""
    return selling(
        each
        for each in claimed
        if (instrument := market.instruments.get(each.instrument)) is not None
        and is_spot(instrument)
        and instrument.base == currency
    )


def _margins(currency: str, exposed: Iterable[Exposure]) -> Decimal | None:
    """Margin that working orders may bind beyond what the positions bind already."""
    total = ZERO
    for exposure in exposed:
        if exposure.currency != currency or is_spot(exposure.instrument):
            continue
        if exposure.margin is None:
            return None
        size = exposure.worst.size
        if size:
            total += exposure.margin * (size - abs(exposure.worst.held)) / size
    return total
