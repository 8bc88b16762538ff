"""What a strategy must show before it is traded on paper, and before money follows it.

Every figure is published with its reason in `docs/readiness.md`; a test holds both equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from candlewick.backtest.report.figures import with_minus

Level = Literal["nothing", "paper", "live"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """One thing that is asked.

    Attributes:
        name: what programs call it; `label`: what people do.
        wants: `at least` or `at most`.
        paper, live: the figure for either; None: it is not asked for.
        unit: how people read it.
    """

    name: str
    label: str
    wants: Literal["at least", "at most"]
    paper: float | None
    live: float
    unit: Literal["fraction", "ratio", "count"]

    def holds(self, figure: float | None, level: Literal["paper", "live"]) -> bool:
        """Whether a figure is good enough; one that is undefined is not."""
        wanted = self.paper if level == "paper" else self.live
        if wanted is None:
            return True
        if figure is None:
            return False
        return figure >= wanted if self.wants == "at least" else figure <= wanted

    def written(self, figure: float) -> str:
        """A figure as people read it."""
        match self.unit:
            case "fraction":
                return with_minus(f"{figure:.1%}")
            case "count":
                return f"{figure:,.0f}"
            case _:
                return with_minus(f"{figure:.2f}")


_ALL: Final = (
    Threshold("lookahead", "Values that knew the future", "at most", 0, 0, "count"),
    Threshold("trades", "Trades out of sample", "at least", 30, 100, "count"),
    Threshold("sharpe", "Sharpe ratio out of sample", "at least", 0.5, 1.0, "ratio"),
    Threshold("retention", "Sharpe ratio kept out of sample", "at least", 0.3, 0.5, "fraction"),
    Threshold("drawdown", "Maximum drawdown out of sample", "at least", -0.35, -0.2, "fraction"),
    Threshold("profit_factor", "Profit factor out of sample", "at least", 1.1, 1.3, "ratio"),
    Threshold("luck", "Probability of as much by luck", "at most", 0.2, 0.05, "fraction"),
    Threshold("overfitting", "Probability of overfitting", "at most", 0.5, 0.2, "fraction"),
    Threshold("deflated_sharpe", "Deflated Sharpe ratio", "at least", 0.75, 0.95, "fraction"),
    Threshold("ruin", "Probability of losing half", "at most", 0.05, 0.01, "fraction"),
    Threshold("capacity", "Part of a bar's volume, 95 % of fills", "at most", 0.05, 0.01, "fraction"),
    Threshold("paper_days", "Days on paper", "at least", None, 14, "count"),
    Threshold("paper_drift", "Drift of paper from its backtest", "at most", None, 0.25, "fraction"),
)
THRESHOLDS: Final = {each.name: each for each in _ALL}
RUIN: Final = 0.5
