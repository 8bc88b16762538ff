"""What readiness is judged by: each figure with what is to be said of it, or why it is undefined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candlewick.backtest.market import Market
from candlewick.backtest.result import Result
from candlewick.backtest.run import backtest
from candlewick.backtest.track_record import DAY_S, TrackRecord
from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.errors import UsageError
from candlewick.market.bars import clock
from candlewick.research.cross_validation import CrossValidation
from candlewick.research.recalled import anew
from candlewick.research.terms import Terms
from candlewick.research.walk_forward import WalkForward, untraded_before
from candlewick.trading.strategy.strategy import Strategy

_PERCENTILE: Final = 95
Found = tuple[float | None, str]
"""A figure, and what is to be said of it; of one that is undefined, why."""


@dataclass(frozen=True, slots=True, eq=False)
class PaperRun:
    """What a strategy made on paper: worth at the close of some bars, payments left out.

    Attributes:
        time: when these bars opened, UTC seconds, rising.
        name: what it is called in the verdict.
        parameters: those that it ran with; None: those that are judged.
    """

    time: NDArray[np.int64]
    equity: NDArray[np.float64]
    name: str = ""
    parameters: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        time: ArrayLike,
        equity: ArrayLike,
        *,
        name: str = "",
        parameters: Mapping[str, Any] | None = None,
    ) -> PaperRun:
        """From anything array-like.

        Raises:
            UsageError: they do not belong together.
        """
        times, worth = np.asarray(time, np.int64), np.asarray(equity, np.float64)
        if times.shape != worth.shape or times.ndim != 1 or len(times) < 2 or np.any(np.diff(times) <= 0):
            raise UsageError(
                "A run on paper wants rising times, two at least, and what it was worth at each."
            )
        if not (np.isfinite(worth).all() and worth[0] > 0):
            raise UsageError("What a run on paper was worth must be numbers, and more than nothing at first.")
        return cls(times, worth, name, parameters)

    @property
    def told(self) -> str:
        """Which run it was, as a sentence; empty of one without a name."""
        if not self.name:
            return ""
        first, last = (clock(int(self.time[at]))[:10] for at in (0, -1))
        return f"Taken from {self.name}, {first} to {last}."

    @property
    def summary(self) -> dict[str, Any]:
        """Which run it was, as JSON has it."""
        return {
            "run": self.name or None,
            "from": iso(int(self.time[0]) * NS_PER_S),
            "until": iso(int(self.time[-1]) * NS_PER_S),
            "parameters": None if self.parameters is None else dict(self.parameters),
        }

    def differs(self, strategy: Strategy) -> str:
        """With which other values it ran than a strategy has; empty: with the same."""
        if self.parameters is None:
            return ""
        own = type(strategy)(**self.parameters).values
        return ", ".join(
            f"{name}={own[name]}" for name, value in strategy.values.items() if own[name] != value
        )


def out_of_sample(walk: WalkForward | None, why: str) -> dict[str, Found]:
    """The figures of a walk forward; without one, why there is none."""
    if walk is None:
        return dict.fromkeys(("trades", "sharpe", "retention", "drawdown", "profit_factor"), (None, why))
    figures = walk.metrics
    never = "There are too few returns." if walk.trades else "It made no trade out of sample."
    return {
        "trades": (_number(figures["trades"]), ""),
        "sharpe": _or(_number(figures["sharpe"]), never),
        "retention": _or(walk.sharpe_retention, "In sample its Sharpe ratio is not above 0, or unknown."),
        "drawdown": (_number(figures["max_drawdown"]), ""),
        "profit_factor": _profit_factor(walk),
    }


def _profit_factor(walk: WalkForward) -> Found:
    figure = _number(walk.metrics["profit_factor"])
    if figure is None and walk.trades:
        return None, "No trade lost out of sample: that cannot be judged, and is too good to be true."
    return _or(figure, "It made no trade out of sample.")


def overfitting(validation: CrossValidation | None) -> Found:
    """The probability that choosing was overfitting."""
    if validation is None or len(validation.sets) < 2:
        return 0.0, "There was nothing to choose, and so nothing to overfit."
    return validation.pbo, ""


def deflated(result: Result, validation: CrossValidation | None) -> Found:
    """The deflated Sharpe ratio of a run, by all the sets that were tried."""
    own = result.metrics["sharpe"]
    known = [] if validation is None else [ratio for ratio in validation.sharpes if ratio is not None]
    if own is None:
        return None, "It made no trade, or nothing moved."
    tried = known if any(abs(ratio - own) < 1e-12 for ratio in known) else [*known, float(own)]
    independent = None if validation is None else validation.independent
    record = replace(result.metrics, trial_sharpes=np.array(tried), independent_trials=independent)
    count = len(tried) if independent is None else independent
    return _number(
        record["deflated_sharpe"]
    ), f"{len(tried)} sets were tried, worth {count:.1f} independent ones."


def capacity(result: Result) -> Found:
    """How much of its bar's volume a fill is: the figure that 95 % of the fills keep to."""
    parts = []
    for number, market in enumerate(result.markets):
        own = result.fills[result.fills["market"] == number]
        place = result.columns.places[number]
        rows = own["bar"] if place is None else np.searchsorted(place, own["bar"])
        volume = market.bars.volume[rows]
        contract = float(result.rules["contract_size"][number])
        with np.errstate(divide="ignore"):
            parts.append(own["size"] * contract / volume)
    each = np.concatenate(parts)
    if not len(each):
        return None, "It made no trade."
    figure = float(np.percentile(each, _PERCENTILE, method="higher"))
    if not np.isfinite(figure):
        return None, "Many fills fell into bars in which nothing was traded: a market with volumes is wanted."
    return figure, ""


def drift_of(backtested: TrackRecord, paper: PaperRun) -> tuple[int, Found]:
    """Days on paper, and how far its daily returns were from those of the backtest.

    Σ |paper - backtest| / Σ |backtest| over the whole days of UTC that both have.
    """
    ends = np.flatnonzero(np.diff(paper.time // DAY_S, append=paper.time[-1] // DAY_S + 1))
    days = paper.time[ends] // DAY_S
    worth = paper.equity[ends]
    made = dict(zip((days[1:] * DAY_S).tolist(), (worth[1:] / worth[:-1] - 1.0).tolist(), strict=True))
    expected = dict(zip(backtested.period_time.tolist(), backtested.returns.tolist(), strict=True))
    common = [day for day in made if day in expected and np.isfinite(expected[day])]
    whole = int((paper.time[-1] - paper.time[0]) // DAY_S)
    moved = sum(abs(expected[day]) for day in common)
    if not moved:
        return whole, (None, "Its backtest made nothing in the days on paper: there is nothing to compare.")
    return whole, (sum(abs(made[day] - expected[day]) for day in common) / moved, "")


def on_paper(
    strategy: Strategy, markets: tuple[Market, ...], paper: PaperRun | None, terms: Terms
) -> dict[str, Found]:
    """How long it was on paper, and how far that was from its backtest on the same days."""
    if paper is None:
        why = "It has not been run on paper yet."
        return {"paper_days": (None, why), "paper_drift": (None, why)}
    if others := paper.differs(strategy):
        why = f"{paper.told} It ran with {others}: judge it with the same parameters."
        return {"paper_days": (None, why), "paper_drift": (None, why)}
    start = int(paper.time[0])
    if not any(int(market.bars.time[-1]) >= start for market in markets):
        why = "The bars end before it was run on paper: load them up to now."
        return {"paper_days": (None, why), "paper_drift": (None, why)}
    run = backtest(untraded_before(anew(strategy), start), markets, **terms)
    days, drift = drift_of(run.metrics, paper)
    return {"paper_days": (float(days), paper.told), "paper_drift": drift}


def _or(figure: float | None, why: str) -> Found:
    return figure, why if figure is None else ""


def _number(figure: float | int | None) -> float | None:
    return None if figure is None else float(figure)
