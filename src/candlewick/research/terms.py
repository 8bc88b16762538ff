"""What trading costs and what it begins with: the words that every study hands on to `backtest()`."""

from __future__ import annotations

from typing import TypedDict

from candlewick.backtest.account import Account


class Terms(TypedDict, total=False):
    """`backtest()` tells what each means, and what it is where it is left out."""

    cash: float
    fee_taker: float
    fee_maker: float
    slippage_bps: float
    leverage: float | None
    days_a_year: float


def terms_of(account: Account) -> Terms:
    """The terms that an account was run on."""
    return Terms(
        cash=account.cash,
        fee_taker=account.fee_taker,
        fee_maker=account.fee_maker,
        slippage_bps=account.slippage_bps,
        leverage=account.leverage,
        days_a_year=account.days_a_year,
    )
