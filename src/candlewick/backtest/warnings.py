"""What a reader of a backtest's figures should know: reasons not to believe them, as sentences."""

from __future__ import annotations

from typing import Final

import numpy as np

from candlewick.backtest.columns import funding_gap, mark_gap
from candlewick.backtest.market import Market
from candlewick.backtest.record import Record

FEW_TRADES: Final = 30
GREAT_SHARPE: Final = 3.0
GREAT_PART: Final = 0.5
EDGE: Final = 0.05
DAY_S: Final = 86_400
DAYS_TO_JUDGE: Final = 90
OFF: Final = 0.2
TRADED_ON_WEEKDAYS: Final = 300  # days a year: what is traded on fewer is so on weekdays alone


def warnings_of(run: Record) -> list[str]:
    """The warnings of a run, the gravest first."""
    return [
        *_history(run),
        *_luck(run),
        *_edges(run),
        *_fills(run),
        *_year(run),
        *_data(run),
    ]


def _history(run: Record) -> list[str]:
    """Markets too short for the strategy to say anything of."""
    said, strategy = [], run.strategy
    for market, ind in zip(run.markets, run.indicators, strict=False):
        count, settled = len(market.bars), strategy.settled_from(market.bars, ind)
        if settled >= count:
            waits = f"it waits for {settled:,}" if strategy.warm_up else "its indicators have no value"
            said.append(
                f"{type(strategy).__name__} said nothing of {market.symbol}: there are {count:,} bars, and "
                f"{waits}. Load more, or lower its lengths."
            )
    return said


def _luck(run: Record) -> list[str]:
    said = []
    closed = run.trades.closed
    count, pnl = int(closed.sum()), run.trades.pnl[closed]
    if count < FEW_TRADES:
        said.append(f"{count} closed trades say little: figures of fewer than {FEW_TRADES} are mostly luck.")
    gained = float(pnl.sum())
    if count > 1 and gained > 0 and float(pnl.max()) > GREAT_PART * gained:
        part = float(pnl.max()) / gained
        said.append(f"One trade makes {100 * part:.0f} % of the profit: without it little is left.")
    sharpe = run.metrics["sharpe"]
    if sharpe is not None and sharpe > GREAT_SHARPE:
        said.append(
            f"A Sharpe ratio of {sharpe:.1f} is rarely true: look for signals that know the future "
            "(candlewick lookahead), and for costs that are missing."
        )
    return said


def _edges(run: Record) -> list[str]:
    said = []
    for name, param in run.strategy.parameters().items():
        value = getattr(run.strategy, name)
        if param.choices is not None or param.low is None or param.high is None or value == param.default:
            continue
        span = param.high - param.low
        if span > 0 and min(value - param.low, param.high - value) < EDGE * span:
            said.append(
                f"{name} is {value:g}, at the edge of its range ({param.low:g} to {param.high:g}): "
                "the best may lie beyond."
            )
    return said


def _fills(run: Record) -> list[str]:
    said = []
    fills = run.fills
    for number, market in enumerate(run.markets):
        own = fills[fills["market"] == number]
        if not len(own):
            continue
        places = run.columns.places[number]
        rows = own["bar"] if places is None else np.searchsorted(places, own["bar"])
        volume = market.bars.volume[rows]
        silent, large = int((volume == 0).sum()), int(((volume > 0) & (own["size"] > volume)).sum())
        if silent:
            said.append(f"{silent:,} fills of {market.symbol} fell into bars in which nothing was traded.")
        if large:
            said.append(f"{large:,} fills of {market.symbol} were larger than all that their bar traded.")
    for symbol, times in run.skipped.items():
        said.append(
            f"{times:,} entries in {symbol} were left out: too little cash was free for them, or they were "
            "too small for its lot or least order."
        )
    return said


def _year(run: Record) -> list[str]:
    """Whether the bars fall on about as many days of a year as annual figures are worked out for."""
    days = np.unique(run.time // DAY_S)
    whole = int(days[-1]) - int(days[0]) + 1 if len(days) else 0
    if whole < DAYS_TO_JUDGE:
        return []
    seen, counted = 365 * len(days) / whole, run.account.days_a_year
    if abs(seen - counted) <= OFF * counted:
        return []
    better = 252 if seen < TRADED_ON_WEEKDAYS else 365
    return [
        f"There are bars on {seen:.0f} days of a year, but a year is counted as {counted:g}: annual figures "
        f"are off. Give days_a_year={better}, or load the days that are missing."
    ]


def _data(run: Record) -> list[str]:
    said = []
    for market in run.markets:
        missing = market.bars.gaps
        if missing and run.account.days_a_year > TRADED_ON_WEEKDAYS:  # else its nights are no gaps
            share = missing / (missing + len(market.bars))
            said.append(
                f"{missing:,} bars of {market.symbol} are missing ({100 * share:.1f} %): "
                "nothing was traded there."
            )
        if market.funding is None and _is_perpetual(market):
            said.append(
                f"No funding is known of {market.symbol}: nothing was paid or received. Bring it in with "
                "`candlewick data download`, or give it to the market: cw.Market(bars, funding=…)."
            )
        if market.funding is not None and len(market.bars):
            gap = funding_gap(market.funding, market.bars)
            if gap is not None:
                said.append(gap)
        gap = mark_gap(market)
        if gap is not None:
            said.append(gap)
    return said


def _is_perpetual(market: Market) -> bool:
    """By its instrument, or by its name where nothing more is known."""
    if market.instrument is None:
        return market.symbol.endswith("-PERP")
    return market.instrument.kind == "perp"
