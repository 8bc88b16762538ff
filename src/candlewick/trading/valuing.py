"""An account at the marks of now."""

from __future__ import annotations

from decimal import Decimal

from candlewick.ledger import convert
from candlewick.ledger.valuation import Valuation, value
from candlewick.trading.account import AccountState
from candlewick.trading.marks import Market

__all__ = ["Valuation", "rate", "value_of"]


def value_of(account: AccountState, market: Market) -> Valuation:
    """What the account is worth, exactly."""
    return value(account.book, market.marks(), venues=market.venues)


def rate(account: AccountState, market: Market, currency: str) -> Decimal | None:
    """What one unit of `currency` is worth in the account's; None: no mark tells."""
    if currency == account.currency:
        return Decimal(1)
    return convert.rate(currency, account.currency, market.marks(), market.venues)
