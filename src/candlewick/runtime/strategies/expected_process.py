"""The process that says what a strategy's backtest would have done since it began: one request, one answer.

It runs a person's code, as the process that trades does, and ends; nothing of it is kept.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from candlewick.core.errors import CandlewickError
from candlewick.core.instrument import Instrument
from candlewick.core.interval import seconds
from candlewick.runtime.jobs import sources
from candlewick.runtime.strategies import child
from candlewick.runtime.strategies.drift import Trade
from candlewick.runtime.strategies.messages import Columns

NICE = 10


class Settled(NamedTuple):
    """Funding that was settled: when (UTC seconds), at which rate and mark (NaN: unknown)."""

    time: int
    rate: float
    mark: float


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which strategy, on which bars, on which terms; it may signal from the bar that opens at `begins` on.

    `funding` is that of each market, rising in time.
    """

    strategy: str
    file: str
    parameters: dict[str, Any]
    timeframe: str
    bars: list[Columns]
    instruments: list[Instrument]
    funding: list[list[Settled]]
    begins: int
    cash: float
    fee_taker: float
    fee_maker: float
    slippage_bps: float


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Its trades; or `fault`, why there are none."""

    trades: list[Trade] = []
    fault: str = ""


def main() -> None:
    """Answer what stands on stdin, on the descriptor that `argv[1]` names."""
    os.nice(NICE)
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Asked)
    try:
        answer = Answered(trades=expected(asked))
    except CandlewickError as error:
        answer = Answered(fault=str(error))
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever a strategy raises is told
        answer = Answered(fault=f"{type(error).__name__}: {error}")
    child.say(int(sys.argv[1]), msgspec.msgpack.encode(answer))


def expected(asked: Asked) -> list[Trade]:
    """The trades of the backtest.

    Raises:
        CandlewickError: it cannot be run.
    """
    from candlewick.backtest import run
    from candlewick.backtest.market import FundingRates, Market

    file = Path(asked.file) if asked.file else None
    strategy = sources.strategy(asked.strategy, file)(**asked.parameters)
    markets = [
        Market(columns.bars(asked.timeframe), instrument, FundingRates(*_columns(funding)))
        for columns, instrument, funding in zip(asked.bars, asked.instruments, asked.funding, strict=True)
    ]
    bars = markets[0].bars
    settled = max(strategy.settled_from(each.bars, strategy.indicators(each.bars)) for each in markets)
    strategy.warm_up = max(settled, int(bars.time.searchsorted(asked.begins)))
    result = run.backtest(
        strategy,
        markets,
        cash=asked.cash,
        fee_taker=asked.fee_taker,
        fee_maker=asked.fee_maker,
        slippage_bps=asked.slippage_bps,
    )
    length = seconds(asked.timeframe)
    return [
        Trade(
            symbol=each.symbol,
            side=each.side,
            signal=int(each.entry_time.timestamp()) - length,
            entry_time=int(each.entry_time.timestamp()),
            exit_time=None if each.exit_time is None else int(each.exit_time.timestamp()),
            entry_price=each.entry_price,
            exit_price=each.exit_price,
            size=each.size,
            fees=each.fees,
            funding=each.funding,
            reason=each.reason,
        )
        for each in result.trades
    ]


def _columns(funding: list[Settled]) -> tuple[Any, ...]:
    time, rate, mark = zip(*funding, strict=True) if funding else ((), (), ())
    return np.array(time, np.int64), np.array(rate, float), np.array(mark, float)


if __name__ == "__main__":
    main()
