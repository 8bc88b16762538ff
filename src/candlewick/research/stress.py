"""`stress()`: how a strategy came through the crises that its bars hold, and how it would through others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Unpack

from candlewick.backtest.market import Traded
from candlewick.backtest.registry import Figure
from candlewick.backtest.report.figures import with_minus
from candlewick.backtest.result import Result
from candlewick.backtest.run import backtest
from candlewick.core.errors import UsageError
from candlewick.research.crises import CRISES, Crisis, came_through, is_covered
from candlewick.research.recalled import anew
from candlewick.research.scenarios import SCENARIOS, Scenario
from candlewick.research.terms import Terms, terms_of
from candlewick.trading.strategy.strategy import Strategy

FIGURES: Final = (
    "total_return", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor", "fees", "funding",
)  # fmt: skip
Kind = Literal["base", "crisis", "scenario"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        changed: what is other than in the base, or what happened.
        figures: by name; None where undefined. Of a crisis: `total_return`, `max_drawdown`, `trades`,
            `exposure`, `benchmark_return` within it. None: there are none.
        reason: why there are none.
        source: where to read of a crisis.
    """

    name: str
    kind: Kind
    changed: str
    figures: dict[str, Figure] | None
    reason: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Stress:
    """A strategy under stress.

    Attributes:
        base: the run as it was.
        rows: the base first, then crises, then scenarios.
    """

    base: Result
    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        worst = self.worst
        least = "none could be run"
        if worst is not None:
            least = f"{worst.name!r} leaves least ({with_minus(f'{_left(worst):+.1%}')})"
        scenarios = sum(row.kind == "scenario" for row in self.rows)
        return f"<{scenarios} scenarios for {type(self.base.strategy).__name__}: {least}>"

    @property
    def worst(self) -> Row | None:
        """The scenario that leaves least; None: there is none."""
        scenarios = [row for row in self.rows if row.kind == "scenario" and row.figures is not None]
        return min(scenarios, key=_left, default=None)

    @property
    def summary(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        worst = self.worst
        return {"rows": [asdict(row) for row in self.rows], "worst": None if worst is None else worst.name}


def stress(
    strategy: Strategy | type[Strategy],
    bars: Traded,
    *,
    scenarios: Sequence[Scenario] = SCENARIOS,
    crises: Sequence[Crisis] = CRISES,
    progress: Callable[[float, str], None] | None = None,
    **terms: Unpack[Terms],
) -> Stress:
    """Run a strategy as it is, and then with one thing after the other changed.

    Args:
        scenarios: what might happen (`research.scenarios`).
        crises: what did happen (`research.crises`); those that the bars do not hold are told as such.
        progress: told how much is done; what it raises ends the study.
        terms: what `backtest()` takes.

    Raises:
        UsageError: the strategy cannot be run as it is.
    """
    return stress_of(backtest(strategy, bars, **terms), scenarios, crises, progress)


def stress_of(
    base: Result,
    scenarios: Sequence[Scenario] = SCENARIOS,
    crises: Sequence[Crisis] = CRISES,
    progress: Callable[[float, str], None] | None = None,
) -> Stress:
    """The same of a run that is at hand."""
    tell = progress or (lambda share, step: None)
    rows = [Row("As it is", "base", "nothing", _figures(base)), *(_crisis(each, base) for each in crises)]
    for done, scenario in enumerate(scenarios, 1):
        rows.append(_scenario(scenario, base))
        tell(done / len(scenarios), scenario.name)
    return Stress(base, tuple(rows))


def _crisis(crisis: Crisis, base: Result) -> Row:
    days = f"{crisis.first:%Y-%m-%d} to {crisis.last:%Y-%m-%d}: {crisis.what}"
    if not is_covered(crisis, base):
        return Row(crisis.name, "crisis", days, None, "The bars do not cover it.", crisis.source)
    return Row(crisis.name, "crisis", days, came_through(crisis, base), source=crisis.source)


def _scenario(scenario: Scenario, base: Result) -> Row:
    changed = ""
    try:
        case = scenario(base)
        changed = case.changed
        result = backtest(anew(case.strategy), case.markets, **terms_of(case.account))
    except UsageError as error:  # it does not fit this run, or nothing can be traded in it
        return Row(scenario.name, "scenario", changed, None, str(error))
    return Row(scenario.name, "scenario", changed, _figures(result))


def _figures(result: Result) -> dict[str, Figure]:
    liquidated = sum(trade.reason == "liquidation" for trade in result.trades)
    return {name: result.metrics[name] for name in FIGURES} | {"liquidations": liquidated}


def _left(row: Row) -> float:
    returned = (row.figures or {}).get("total_return")
    return float("inf") if returned is None else float(returned)
