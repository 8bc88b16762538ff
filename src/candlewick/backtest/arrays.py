"""A strategy of signals over bars: its arrays, through one compiled pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.asking import partials_of, refuse_impossible, terms_of
from candlewick.backtest.columns import Columns
from candlewick.backtest.ground import Ground, Room, too_small
from candlewick.backtest.market import Market
from candlewick.backtest.result import Result
from candlewick.core.errors import StrategyError, UsageError
from candlewick.fills.state import ACCOUNT, FILL, HELD
from candlewick.trading.strategy.blame import blamed
from candlewick.trading.strategy.signals import DISTANCES, Signals
from candlewick.trading.strategy.strategy import Strategy
from candlewick.trading.strategy.timeout import in_time

FIRST_ROOM: Final = 1_024


def run_signals(strategy: Strategy, ground: Ground, room: Room | None = None) -> Result:
    """A strategy that only signals, in one compiled pass.

    Args:
        room: where equity and fills are written; None: into arrays of their own.
    """
    from candlewick.fills import signals as core  # with the compiler

    markets, account, columns = ground.markets, ground.account, ground.columns
    room = Room() if room is None else room
    said, indicators = zip(*(signals_of(strategy, market) for market in markets), strict=True)
    flags, (size, stop_loss, take_profit, trailing) = _wishes(strategy, markets, said, indicators, columns)
    terms, partials = terms_of(strategy, account.cash), partials_of(strategy)
    equity = room.equity(len(columns.time))
    most = max(FIRST_ROOM, 2 * int(np.count_nonzero(flags)) + 16 * len(markets) * (2 + len(partials)))
    while True:
        held, money = np.zeros(len(markets), HELD), np.zeros(1, ACCOUNT)
        money["wallet"] = money["peak"] = account.cash
        fills, skipped = room.fills(most, FILL), np.zeros(len(markets), np.int64)
        count = core.run(
            columns.open, columns.high, columns.low, columns.close, *columns.marks[:-1],
            flags, size, stop_loss, take_profit, trailing, ground.rules, ground.leverages, ground.least,
            ground.tiers, terms[0], partials, ground.funding, columns.fine, columns.marks.fine,
            columns.fine_start, held, money[0], equity, fills, skipped,
        )  # fmt: skip
        if count != core.FULL:
            break
        most = 4 * len(fills)
    if not count and skipped.any():
        raise UsageError(too_small(markets, account.cash, skipped))
    return Result(
        strategy=strategy,
        markets=markets,
        account=account,
        columns=columns,
        equity=equity,
        fills=fills[:count],
        rules=ground.rules,
        running_funding=held["funding"] * (held["units"] != 0),
        funding=float(money["funding"][0]),
        drive="arrays",
        skipped={market.symbol: int(n) for market, n in zip(markets, skipped, strict=True) if n},
        signals=said,
        indicators=indicators,
    )


def signals_of(strategy: Strategy, market: Market) -> tuple[Signals, Mapping[str, Any]]:
    """What a strategy signals on a market, and the indicators it read.

    Raises:
        UsageError: it answers something else.
    """
    bars = market.bars
    with blamed(strategy, "indicators"):
        ind = in_time(strategy, "indicators", lambda: strategy.indicators(bars))
    if not isinstance(ind, Mapping):
        raise StrategyError(
            f"indicators() of {type(strategy).__name__} answers {type(ind).__name__}: "
            'it must return columns by name, such as {"fast": ta.ema(bars.close, 12)}.'
        )
    with blamed(strategy, "signals"):
        signals = in_time(strategy, "signals", lambda: strategy.signals(bars, ind))
    if not isinstance(signals, Signals):
        raise StrategyError(
            f"signals() of {type(strategy).__name__} answers {type(signals).__name__}: "
            "it must return Signals(…)."
        )
    refuse_impossible(strategy, market, signals)
    return signals, ind


def _wishes(
    strategy: Strategy,
    markets: Sequence[Market],
    said: Sequence[Signals],
    indicators: Sequence[Mapping[str, Any]],
    columns: Columns,
) -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    """Flags, and the columns size, stop loss, take profit and trailing stop, of all markets on one clock."""
    flags: list[NDArray[np.uint8]] = []
    numbers: dict[str, list[NDArray[np.float64]]] = {"size": [], **{name: [] for name in DISTANCES}}
    for row, (market, signals, ind) in enumerate(zip(markets, said, indicators, strict=True)):
        bars = market.bars
        wanted = signals.flags(len(bars))
        wanted[: strategy.settled_from(bars, ind)] = 0
        flags.append(columns.spread(row, wanted, 0))
        amount = np.atleast_1d(np.asarray(strategy.sizing.column(bars), np.float64)) * signals.scale(
            len(bars)
        )
        numbers["size"].append(columns.spread(row, amount, np.nan))
        for name in DISTANCES:
            numbers[name].append(columns.spread(row, signals.distance(name, len(bars)), np.nan))
    if len(markets) == 1:
        return flags[0].reshape(1, -1), [column[0].reshape(1, -1) for column in numbers.values()]
    return np.stack(flags), [np.stack(np.broadcast_arrays(*each)) for each in numbers.values()]
