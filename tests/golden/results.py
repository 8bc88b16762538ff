"""The tables of `docs/results.md`: the bundled strategies on recorded markets, as the command runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import UNKNOWN, plain, text_of
from candlewick.backtest.result import Result
from candlewick.cli.research_options import asked

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "results.md"
BEGIN, END = "<!-- made by `make golden` -->", "<!-- as far as here -->"
TIMERANGE: Final = "20200101-20260501"
YEARS: Final = range(2020, 2027)
FIGURES: Final = (
    "total_return", "cagr", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor", "fees",
    "funding",
)  # fmt: skip
PERPETUAL: Final = "binance_perp_1h/{}_USDT_USDT-1h-futures.feather"
FUNDING: Final = "binance_perp_1h/{}_USDT_USDT-1h-funding_rate.feather"
SPOT: Final = "binance_spot_1h/{}_USDT-1h.feather"


@dataclass(frozen=True, slots=True)
class Row:
    """A strategy on markets: coins whose perpetuals it trades, and whether their spot too."""

    strategy: str
    coins: tuple[str, ...]
    spot: bool = False

    @property
    def files(self) -> list[str]:
        return [*(SPOT.format(coin) for coin in self.coins if self.spot), *map(PERPETUAL.format, self.coins)]

    @property
    def funding(self) -> list[str]:
        return [FUNDING.format(coin) for coin in self.coins]


ROWS: Final = tuple(
    Row(strategy, coins, spot)
    for strategy, spot, markets in (
        ("EmaCross", False, (("BTC",), ("ETH",))),
        ("RsiReversion", False, (("BTC",), ("ETH",))),
        ("BollingerBreakout", False, (("BTC",), ("ETH",))),
        ("DonchianTrend", False, (("BTC", "ETH"),)),
        ("FundingCarry", True, (("BTC",), ("ETH",))),
        ("Grid", False, (("BTC",), ("ETH",))),
    )
    for coins in markets
)


def tables(recordings: Path) -> str:
    """Both tables as Markdown."""
    return "\n".join([*_figures(recordings), "", *_years(recordings)])


def on_page(text: str) -> str:
    """The tables that stand on the page."""
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def with_tables(text: str, made: str) -> str:
    """The page with other tables."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{made}\n\n{END}{rest.partition(END)[2]}"


def _figures(recordings: Path) -> Iterator[str]:
    yield "| | on | " + " | ".join(METRICS[name].label for name in FIGURES) + " |"
    yield "| --- | --- |" + " ---: |" * len(FIGURES)
    for row in ROWS:
        result = run(row, recordings)
        cells = [text_of(METRICS[name], result.metrics[name]) for name in FIGURES]
        yield f"| {row.strategy} | {_on(row)} | " + " | ".join(cells) + " |"
    for coin in ("BTC", "ETH"):
        held = run(Row("EmaCross", (coin,)), recordings).columns.close[0]
        fall = float((held / np.maximum.accumulate(held) - 1).min())
        cells = [plain(float(held[-1] / held[0] - 1), "fraction"), *[UNKNOWN] * (len(FIGURES) - 1)]
        cells[FIGURES.index("max_drawdown")] = plain(fall, "fraction")
        yield f"| *Buy and hold* | {coin} | " + " | ".join(cells) + " |"


def _years(recordings: Path) -> Iterator[str]:
    yield "| | on | " + " | ".join(map(str, YEARS)) + " |"
    yield "| --- | --- |" + " ---: |" * len(YEARS)
    for row in ROWS:
        result = run(row, recordings)
        cells = [plain(each, "fraction") for each in _by_year(result)]
        yield f"| {row.strategy} | {_on(row)} | " + " | ".join(cells) + " |"


def _by_year(result: Result) -> Iterator[float]:
    """The return of each year."""
    starts = [datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (*YEARS, YEARS[-1] + 1)]
    at = np.searchsorted(result.time, starts) - 1
    worth = [result.account.cash if n < 0 else float(result.equity[n]) for n in at]
    for before, after in pairwise(worth):
        yield after / before - 1


@cache
def run(row: Row, recordings: Path, *parameters: str) -> Result:
    """What the command runs."""
    folder = recordings / "ohlcv"
    return asked(
        row.strategy,
        file=[folder / name for name in row.files],
        funding=[folder / name for name in row.funding],
        timerange=TIMERANGE,
        slippage_bps=1.0,
        param=list(parameters),
    ).run()


def _on(row: Row) -> str:
    return " and ".join(row.coins) + (", spot and perpetual" if row.spot else "")
