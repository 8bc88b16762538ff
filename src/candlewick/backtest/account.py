"""`Account`: what a backtest begins with, and what trading costs it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from candlewick.core.errors import UsageError, shown


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a backtest.

    Attributes:
        cash: what it begins with, in the quote currency.
        fee_maker, fee_taker: as fractions of the notional.
        slippage_bps: what a taker pays beyond the price, in hundredths of a per cent.
        leverage: of positions in perpetuals.
        days_a_year: 365, or 252 for stocks; annual figures follow it.

    Raises:
        UsageError: one of them makes no sense.
    """

    cash: float
    fee_maker: float
    fee_taker: float
    slippage_bps: float
    leverage: float
    days_a_year: float = 365.0

    def __post_init__(self) -> None:
        for name in ("cash", "fee_maker", "fee_taker", "slippage_bps", "leverage", "days_a_year"):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, float(value))
            except (TypeError, ValueError):
                raise UsageError(f"{name} is {shown(value)}: give a number.") from None
            except OverflowError:
                raise UsageError(f"{name} is {shown(value)}: give a smaller number.") from None
        if not (math.isfinite(self.cash) and self.cash > 0):
            raise UsageError(f"cash is {self.cash}: give an amount above zero.")
        for name, fee in (("fee_taker", self.fee_taker), ("fee_maker", self.fee_maker)):
            if not -0.01 <= fee < 0.1:
                raise UsageError(
                    f"{name} is {fee}: give a fraction of the notional below 0.1 (0.0005 is 0.05 %)."
                )
        if not 0 <= self.slippage_bps < 1_000:
            raise UsageError(f"slippage_bps is {self.slippage_bps}: give basis points from 0 to 1,000.")
        if not 1 <= self.leverage <= 125:
            raise UsageError(f"The leverage is {self.leverage}: give a number from 1 to 125.")
        if not 0 < self.days_a_year <= 366:
            raise UsageError(f"days_a_year is {self.days_a_year}: give 365, or 252 for stocks.")
