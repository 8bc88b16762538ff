"""`compare()`: which of several runs is better over the time that all of them cover, or whether by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest import metrics
from candlewick.backtest.figures import Figures
from candlewick.backtest.registry import Figure
from candlewick.backtest.result import Result
from candlewick.backtest.track_record import YEAR_S
from candlewick.core.errors import UsageError
from candlewick.market.bars import clock
from candlewick.research.sampling import FEW_DAYS, bar_returns, bars_a_year
from candlewick.research.significance import LEAST, holm, mean_difference, sharpe_difference

Series = NDArray[np.float64]
FIGURES: Final = ("sharpe", "sortino", "calmar", "total_return", "volatility", "max_drawdown")
LESS_IS_BETTER: Final = ("volatility",)
SURE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """A run's place in the ranking; figures are of the common time, but `trades`, of the whole run."""

    rank: int
    name: str
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs, the better one first.

    Attributes:
        correlation: of their returns; None: one of them never moves.
        sharpe_p, mean_p: how likely chance puts their Sharpe ratios and their mean returns as far apart.
        sharpe_holm, mean_holm: the same, corrected for the number of pairs.
    """

    better: str
    worse: str
    correlation: float | None
    sharpe_p: float | None
    mean_p: float | None
    sharpe_holm: float | None
    mean_holm: float | None

    @property
    def is_sure(self) -> bool:
        """Whether the Sharpe ratios differ by more than chance, all pairs considered."""
        return self.sharpe_holm is not None and self.sharpe_holm <= SURE


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Several runs beside each other.

    Attributes:
        by: the figure they are ranked by.
        ranking: the best first; those without that figure last.
        pairs: each two of them, in the order of the ranking.
        periods, start, end: how many returns were compared, from when to when.
        returns: a row a period, a column a run in the order of the ranking.
    """

    by: str
    ranking: tuple[Place, ...]
    pairs: tuple[Pair, ...]
    periods: int
    start: str
    end: str
    returns: Series

    def __repr__(self) -> str:
        return f"<{len(self.ranking)} runs by {self.by}: {self.verdict}>"

    @property
    def verdict(self) -> str:
        """Whether the first is really better than the second."""
        first, second = self.ranking[:2]
        pair = self.pairs[0]
        if pair.sharpe_holm is None:
            return f"{first.name} and {second.name} cannot be told apart: they made the same, or nothing."
        said = f"p = {pair.sharpe_holm:.3f}, corrected for {len(self.pairs)} pairs"
        if pair.is_sure:
            return f"The Sharpe ratios of {first.name} and {second.name} differ by more than chance ({said})."
        return f"Whether {first.name} is better than {second.name} may be chance ({said})."

    @property
    def summary(self) -> dict[str, Any]:
        """All of it but the returns, as JSON has it."""
        return {
            "by": self.by,
            "ranking": [asdict(each) for each in self.ranking],
            "pairs": [asdict(each) | {"is_sure": each.is_sure} for each in self.pairs],
            "periods": self.periods,
            "start": self.start,
            "end": self.end,
            "verdict": self.verdict,
        }


def require_figure(by: str) -> None:
    """Make sure that runs can be ranked by a figure.

    Raises:
        UsageError: they cannot.
    """
    if by not in FIGURES:
        raise UsageError(f"Results are not ranked by {by!r}. Use one of {', '.join(FIGURES)}.")


def compare(
    results: Sequence[Result | Figures],
    *,
    names: Sequence[str] | None = None,
    by: str = "sharpe",
    runs: int = 1_000,
    seed: int = 0,
    progress: Callable[[float, str], None] | None = None,
) -> Comparison:
    """Rank runs over the time that all of them cover.

    Daily returns are compared, or those of bars where there are fewer than 60 common days.

    Args:
        results: runs, or the figures of runs that were kept.
        names: what to call them; None: strategy and parameters.
        by: one of `FIGURES`.
        runs: of the bootstraps that tell chance.
        progress: told how much is done; what it raises ends the study.

    Raises:
        UsageError: there are fewer than two, or they have too little time in common.
    """
    if len(results) < 2:
        raise UsageError(f"{len(results)} results cannot be compared: give two at least.")
    require_figure(by)
    if runs < 1:
        raise UsageError(f"{runs} runs tell nothing. Give 1,000 or so.")
    called = _names(results) if names is None else list(names)
    if len(called) != len(results) or len(set(called)) != len(called):
        raise UsageError(f"{len(results)} results want as many names, each another one.")
    records = [each.metrics if isinstance(each, Result) else each for each in results]
    time, returns, a_year, period_s = _together(records)
    found = [
        _figures(column, a_year, len(time) * period_s / YEAR_S) | {"trades": record["trades"]}
        for column, record in zip(returns.T, records, strict=True)
    ]
    order = sorted(range(len(results)), key=lambda at: (_rank(found[at][by], by), called[at]))
    ranking = tuple(Place(rank, called[at], found[at]) for rank, at in enumerate(order, 1))
    ranked = returns[:, order]
    pairs = _pairs(
        [place.name for place in ranking], ranked, runs, seed, progress or (lambda share, step: None)
    )
    return Comparison(
        by, ranking, pairs, len(time), clock(int(time[0])), clock(int(time[-1]) + period_s), ranked
    )


def _pairs(
    names: Sequence[str], returns: Series, runs: int, seed: int, tell: Callable[[float, str], None]
) -> tuple[Pair, ...]:
    pairs = list(combinations(range(len(names)), 2))
    ratios, means = [], []
    for done, (one, other) in enumerate(pairs, 1):
        ratios.append(sharpe_difference(returns[:, one], returns[:, other], runs, seed))
        means.append(mean_difference(returns[:, one], returns[:, other], runs, seed))
        tell(done / len(pairs), f"{names[one]} and {names[other]}")
    columns = zip(pairs, ratios, means, holm(ratios), holm(means), strict=True)
    return tuple(
        Pair(
            names[one], names[other], metrics.correlation(returns[:, one], returns[:, other]),
            ratio, mean, ratio_holm, mean_holm,
        )
        for (one, other), ratio, mean, ratio_holm, mean_holm in columns
    )  # fmt: skip


def _together(records: Sequence[Figures]) -> tuple[NDArray[np.int64], Series, float, int]:
    """Common times, returns by period and run, periods a year, and how long one is."""
    years = {record.days_a_year for record in records}
    if len(years) > 1:
        raise UsageError("The results count days a year differently: run all with the same days_a_year.")
    lengths = {record.period_s for record in records}
    if len(lengths) == 1:
        first = records[0]
        time, table = _common([(record.period_time, record.returns) for record in records])
        if len(time) >= FEW_DAYS or first.bar_s >= first.period_s:
            return _enough(time), table, first.periods_a_year, first.period_s
    bars = sorted({record.bar_s for record in records})
    if len(bars) > 1:
        raise UsageError(
            f"The results have fewer than {FEW_DAYS} days in common, and bars of "
            f"{' and '.join(map(str, bars))} seconds: run all on the same timeframe, or over a longer time."
        )
    time, table = _common([(record.time, bar_returns(record)) for record in records])
    return _enough(time), table, bars_a_year(records[0]), bars[0]


def _common(series: Sequence[tuple[NDArray[np.int64], Series]]) -> tuple[NDArray[np.int64], Series]:
    time = reduce(np.intersect1d, [times for times, _ in series])
    rows = [returns[np.searchsorted(times, time)] for times, returns in series]
    return time, np.nan_to_num(np.column_stack(rows))  # after nothing was left, nothing was made


def _enough(time: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(time) < LEAST:
        raise UsageError(
            f"The results have {len(time)} periods in common, and {LEAST} at least can be compared: run them "
            "over the same time."
        )
    return time


def _figures(returns: Series, a_year: float, years: float) -> dict[str, Figure]:
    total, fall = metrics.total_return(returns), metrics.max_drawdown(returns)
    depth = None if fall is None else fall.depth
    growth = None if total is None else metrics.growth(1.0 + total, years)
    return {
        "sharpe": metrics.sharpe(returns, periods_a_year=a_year),
        "sortino": metrics.sortino(returns, periods_a_year=a_year),
        "calmar": metrics.growth_by_fall(growth, depth),
        "total_return": total,
        "volatility": metrics.volatility(returns, periods_a_year=a_year),
        "max_drawdown": depth,
    }


def _rank(figure: Figure, by: str) -> float:
    if figure is None:
        return float("inf")
    return float(figure) if by in LESS_IS_BETTER else -float(figure)


def _names(results: Sequence[Result | Figures]) -> list[str]:
    """Strategy and parameters, and a number where that does not tell them apart."""
    plain = []
    for result in results:
        if not isinstance(result, Result):
            raise UsageError("Figures do not know whose they are: give a name for each.")
        values = ", ".join(f"{name}={value}" for name, value in result.strategy.values.items())
        plain.append(f"{type(result.strategy).__name__}({values})")
    often, seen, names = Counter(plain), Counter[str](), []
    for name in plain:
        seen[name] += 1
        names.append(f"{name} #{seen[name]}" if often[name] > 1 else name)
    return names
