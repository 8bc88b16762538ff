"""The sections of a report, in words and drawings: the same on a tear sheet and on a page of the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from candlewick.backtest.record import Record
from candlewick.backtest.report import charts, figures, fingerprints
from candlewick.backtest.report.charts import Line
from candlewick.backtest.report.figures import Written
from candlewick.backtest.series import falls, months, rolling_sharpe
from candlewick.backtest.trades import Trade
from candlewick.backtest.warnings import warnings_of
from candlewick.core.interval import seconds
from candlewick.market.bars import clock

HEADLINE: Final = ("total_return", "cagr", "sharpe", "max_drawdown", "trades", "profit_factor")
GROUPS: Final = {
    "Return": ("net_profit", "total_return", "cagr", "benchmark_return", "alpha", "beta", "best_trade",
               "worst_trade"),
    "Risk": ("volatility", "max_drawdown", "max_drawdown_duration", "max_drawdown_recovery", "ulcer_index",
             "value_at_risk", "expected_shortfall", "exposure"),
    "Ratios": ("sharpe", "sortino", "calmar", "omega", "information_ratio", "tail_ratio", "skew", "kurtosis"),
    "Trades": ("trades", "win_rate", "profit_factor", "expectancy", "average_win", "average_loss",
               "average_duration", "longest_losing_streak"),
    "Excursions and costs": ("average_mae", "average_mfe", "average_r", "sqn", "turnover", "fees", "funding"),
    "Luck": ("probabilistic_sharpe", "deflated_sharpe", "min_track_record"),
}  # fmt: skip
MOST_ROWS: Final = 2_000
ROLLING_DAYS: Final = 90
LEVELS: Final = 4


class Fact(NamedTuple):
    """Something that is true of the run, and not judged."""

    label: str
    text: str


class Drawing(NamedTuple):
    """A chart; `note` says what is to be known of it."""

    title: str
    svg: str
    note: str = ""


class Cell(NamedTuple):
    """A month's return; `level` from -4 to 4 says how strong."""

    text: str
    level: int


class Year(NamedTuple):
    """A row of the monthly table: twelve months, None where nothing is known, and the year."""

    year: int
    months: tuple[Cell | None, ...]
    total: Cell


class Row(NamedTuple):
    """A trade in words."""

    number: int
    symbol: str
    side: str
    entry: str
    exit: str
    entry_price: str
    exit_price: str
    size: str
    pnl: str
    returned: str
    tone: str
    reason: str
    tag: str


class Fall(NamedTuple):
    """One of the deepest drawdowns in words."""

    depth: str
    begun: str
    lowest: str
    recovered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything that a report says, ready to be put on a page."""

    title: str
    subtitle: str
    headline: tuple[Written, ...]
    warnings: tuple[str, ...]
    facts: tuple[Fact, ...]
    groups: tuple[tuple[str, tuple[Written, ...]], ...]
    drawings: tuple[Drawing, ...]
    years: tuple[Year, ...]
    falls: tuple[Fall, ...]
    trades: tuple[Row, ...]
    trades_in_all: int
    code: str | None


def sections(run: Record) -> Sheet:
    """The report of a run."""
    metrics = run.metrics
    strategy = type(run.strategy)
    symbols = ", ".join(market.symbol for market in run.markets)
    return Sheet(
        title=f"{strategy.__name__} on {symbols}",
        subtitle=f"{run.timeframe} bars, {_when(run, 0)} to {_when(run, -1)} UTC",
        headline=tuple(figures.written(name, metrics[name]) for name in HEADLINE),
        warnings=tuple(warnings_of(run)),
        facts=_facts(run),
        groups=tuple(
            (group, tuple(figures.written(name, metrics[name]) for name in names))
            for group, names in GROUPS.items()
        ),
        drawings=_drawings(run),
        years=_years(run),
        falls=_falls(run),
        trades=tuple(_row(n, run.trades[n]) for n in _shown(len(run.trades))),
        trades_in_all=len(run.trades),
        code=fingerprints.source_of(strategy),
    )


def _when(run: Record, bar: int) -> str:
    return clock(int(run.time[bar]))


def _shown(count: int) -> range:
    return range(max(0, count - MOST_ROWS), count)


def _facts(run: Record) -> tuple[Fact, ...]:
    account, strategy = run.account, run.strategy
    parameters = ", ".join(f"{name} {value}" for name, value in strategy.values.items()) or "none"
    facts = [
        Fact("Parameters", parameters),
        Fact("Cash at the beginning", f"{account.cash:,.2f}"),
        Fact("Fees", f"{100 * account.fee_taker:g} % taker, {100 * account.fee_maker:g} % maker"),
        Fact("Slippage", f"{account.slippage_bps:g} bps"),
        Fact("Size of entries", _sizing(strategy)),
        Fact("Leverage", f"{account.leverage:g}"),
        Fact("Margin judged by", _judged_by(run)),
        Fact("Bars", f"{len(run.time):,}"),
        Fact("Days a year", f"{account.days_a_year:g}"),
        Fact("Data", fingerprints.of_data(run.markets)),
        Fact("Code", fingerprints.of_code(strategy) or "unknown"),
    ]
    return tuple(facts)


def _judged_by(run: Record) -> str:
    marked = [market.symbol for market in run.markets if market.mark is not None]
    if not marked:
        return "traded prices"
    return (
        "the mark" if len(marked) == len(run.markets) else f"the mark of {', '.join(marked)}, traded prices"
    )


def _sizing(strategy: Any) -> str:
    sizing = strategy.sizing
    return f"{type(sizing).__name__}({sizing.amount:g})"


def _drawings(run: Record) -> tuple[Drawing, ...]:
    time, metrics, window = run.time, run.metrics, _window(run)
    close = run.columns.close[0]
    held = run.account.cash * close / close[np.isfinite(close)][0]
    rolling = rolling_sharpe(metrics.returns, window, periods_a_year=metrics.periods_a_year)
    equity = [Line("Buy and hold", held, "other"), Line("Equity", run.equity, "own")]
    below = [Line("Drawdown", metrics.drawdowns, "down", area=True)]
    moved = metrics.returns[metrics.returns != 0]
    first = run.markets[0].symbol
    drawn = [
        Drawing(
            "Equity",
            charts.lines("Equity, beside buy and hold", time, equity, _whole, height=240, log=True),
            f"Grey: {first} bought at the first close and held, without costs.",
        ),
        Drawing("Drawdown", charts.lines("Drawdown", time, below, _percent, height=130)),
        Drawing(
            f"Sharpe ratio of the last {window} {_periods(run)}",
            charts.lines("Sharpe", metrics.period_time, [Line("Sharpe", rolling, "own")], _tenth, height=150),
        ),
        Drawing(
            f"Returns by {_periods(run)[:-1]}",
            charts.histogram("How often returns fell where", moved, _percent),
            "Those of exactly nothing are left out.",
        ),
    ]
    for number, market in enumerate(run.markets):
        title, price = f"Trades in {market.symbol}", run.columns.close[number]
        svg = charts.trades_on(title, time, price, run.trades, number, figures.price)
        count, most = int((run.trades.rows["market"] == number).sum()), charts.MOST_TRADES
        note = f"The {most:,} largest of {count:,} trades." if count > most else ""
        drawn.append(Drawing(title, svg, note))
    return tuple(each for each in drawn if each.svg)


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _tenth(value: float) -> str:
    return figures.with_minus(f"{value:.1f}")


def _percent(value: float) -> str:
    return figures.plain(value, "fraction")


def _window(run: Record) -> int:
    if seconds(run.timeframe) > 86_400:
        return 26
    return min(ROLLING_DAYS, max(10, len(run.metrics.returns) // 4))


def _periods(run: Record) -> str:
    return "days" if seconds(run.timeframe) <= 86_400 else "bars"


def _years(run: Record) -> tuple[Year, ...]:
    by_year: dict[int, dict[int, float]] = {}
    for month in months(run.metrics):
        by_year.setdefault(month.year, {})[month.month] = month.returned
    strongest = max((abs(value) for row in by_year.values() for value in row.values()), default=0.0) or 1.0
    rows = []
    for year, found in sorted(by_year.items(), reverse=True):
        cells = tuple(_cell(found[n], strongest) if n in found else None for n in range(1, 13))
        total = float(np.prod([1 + value for value in found.values()]) - 1)
        rows.append(Year(year, cells, _cell(total, strongest)))
    return tuple(rows)


def _cell(value: float, strongest: float) -> Cell:
    level = min(LEVELS, int(np.ceil(LEVELS * abs(value) / strongest))) if abs(value) >= 5e-4 else 0
    return Cell(figures.with_minus(f"{100 * value:.1f}"), level if value > 0 else -level)


def _falls(run: Record) -> tuple[Fall, ...]:
    def when(bar: int) -> str:
        return clock(int(run.time[max(bar, 0)]))[:10]

    return tuple(
        Fall(
            figures.plain(fall.depth, "fraction"),
            when(fall.peak),
            when(fall.trough),
            "not yet" if fall.recovered is None else when(fall.recovered),
        )
        for fall in falls(run.metrics.drawdowns, 5)
    )


def _row(n: int, trade: Trade) -> Row:
    return Row(
        number=n + 1,
        symbol=trade.symbol,
        side=trade.side,
        entry=f"{trade.entry_time:%Y-%m-%d %H:%M}",
        exit="open" if trade.exit_time is None else f"{trade.exit_time:%Y-%m-%d %H:%M}",
        entry_price=figures.price(trade.entry_price),
        exit_price=figures.price(trade.exit_price),
        size=f"{trade.size:,.6g}",
        pnl=figures.plain(trade.pnl, "money"),
        returned=figures.plain(trade.return_, "fraction"),
        tone="up" if trade.pnl > 0 else "down" if trade.pnl < 0 else "",
        reason=trade.reason.replace("_", " "),
        tag=trade.tag,
    )
