"""What runs of one strategy after the other have in common: the markets as arrays, and room to write into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.columns import Columns, columns_of, funding_rows
from candlewick.backtest.market import Market
from candlewick.core.errors import UsageError
from candlewick.fills.state import FUNDING, RULES

Rows = NDArray[Any]
BPS: Final = 10_000
TRACE: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Markets and costs as the core reads them: one for all strategies that are run on them."""

    markets: tuple[Market, ...]
    account: Account
    columns: Columns
    rules: Rows
    funding: Rows
    leverages: NDArray[np.float64]
    least: NDArray[np.float64]
    tiers: NDArray[np.float64]


class Room:
    """Arrays that runs write into one after the other: what one wrote is gone with the next.

    Asking for a fresh megabyte a run costs as much as half of the run itself.
    """

    def __init__(self) -> None:
        self._equity = np.empty(0)
        self._fills: Rows = np.empty(0)

    def equity(self, bars: int) -> NDArray[np.float64]:
        """Room for so many closes."""
        if len(self._equity) < bars:
            self._equity = np.empty(bars)
        return self._equity[:bars]

    def fills(self, count: int, dtype: Any) -> Rows:
        """Room for so many fills, or more."""
        if len(self._fills) < count or self._fills.dtype != dtype:
            self._fills = np.empty(count, dtype)
        return self._fills


def ground_of(markets: tuple[Market, ...], account: Account) -> Ground:
    """What does not depend on the strategy's parameters."""
    columns = columns_of(markets)
    return Ground(
        markets=markets,
        account=account,
        columns=columns,
        rules=rules_of(markets, account),
        funding=funding_rows(markets, columns.time, FUNDING),
        leverages=np.array([1.0 if market.is_spot else account.leverage for market in markets]),
        least=np.array([least_of(market, account.cash) for market in markets]),
        tiers=tiers_of(markets),
    )


def rules_of(markets: Sequence[Market], account: Account) -> Rows:
    """What the core must know of each market."""
    rules = np.zeros(len(markets), RULES)
    for row, market in zip(rules, markets, strict=True):
        instrument = market.instrument
        row["contract_size"], row["lot"] = 1.0, market.lot or 0.0
        if instrument is not None:
            row["tick"], row["lot"] = float(instrument.tick or 0), float(instrument.lot or 0)
            row["contract_size"], row["inverse"] = float(instrument.contract_size), instrument.inverse
            if instrument.inverse:
                raise UsageError(
                    f"{market.symbol} is settled in {instrument.settle}: a backtest's account is kept in the "
                    "quote currency. Use the linear contract."
                )
        row["maker"], row["taker"] = account.fee_maker, account.fee_taker
        row["slippage"] = account.slippage_bps / BPS
    return rules


def tiers_of(markets: Sequence[Market]) -> NDArray[np.float64]:
    """The tiers of all markets in one array, each filled up with tiers that nothing reaches."""
    each = [market.tiers for market in markets]
    out = np.zeros((len(markets), max(len(rows) for rows in each), 3))
    out[:, :, 0] = math.inf
    for row, tiers in zip(out, each, strict=True):
        row[: len(tiers)] = tiers
    return out


def least_of(market: Market, cash: float) -> float:
    """The least notional of an order: the venue's, and not less than a trace of what the account began with.

    An account that has lost everything is left with the rounding of floats, and would go on to trade that.
    """
    least = None if market.instrument is None else market.instrument.min_notional
    return max(0.0 if least is None else float(least), TRACE * cash)


def too_small(markets: Sequence[Market], cash: float, skipped: NDArray[np.int64]) -> str:
    market = markets[int(np.argmax(skipped))]
    instrument, price = market.instrument, float(market.bars.close[-1])
    asked = []
    if instrument is not None and instrument.lot:
        asked.append(f"a lot is {instrument.lot:f}")
    elif market.lot:
        asked.append(f"a lot is {market.lot:g}")
    if instrument is not None and instrument.min_notional:
        asked.append(f"an order is for {instrument.min_notional:f} at least")
    return (
        f"Not one of {int(skipped.sum()):,} entries could be made with {cash:,.2f}: of {market.symbol}, at "
        f"about {price:,.6g}, {' and '.join(asked) or 'their size comes to nothing'}. "
        "Give more cash, or a larger size."
    )
