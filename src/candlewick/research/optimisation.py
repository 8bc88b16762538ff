"""What a search found: every trial, the best, the Pareto front, and how far to believe them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.research.genetic import fronts_of
from candlewick.research.heatmap import Heatmap, heatmap_of, worth_a_look
from candlewick.research.objectives import Judge
from candlewick.research.space import Space
from candlewick.research.stability import Stability, stability_of
from candlewick.research.sweep import Runner
from candlewick.research.trial import Trial
from candlewick.trading.strategy.strategy import Strategy

if TYPE_CHECKING:
    import polars

_BINS: Final = 10


class NothingFeasible(UsageError):
    """No trial may be chosen."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Optimisation(Sequence[Trial]):
    """What a search found; a sequence of its trials, in the order in which they were asked for.

    Attributes:
        base: the strategy with the values that were not searched.
        method: how it was searched.
        is_complete: whether it was not cancelled.
    """

    base: Strategy
    space: Space
    judge: Judge
    trials: tuple[Trial, ...]
    method: str
    seed: int
    is_complete: bool
    runner: Runner

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, at: Any) -> Any:
        return self.trials[at]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __repr__(self) -> str:
        what = ", ".join(each.name for each in self.judge.objectives)
        found = self.best.parameters if self.feasible else "none may be chosen"
        return f"<{len(self)} trials of {type(self.base).__name__} for {what} by {self.method}: {found}>"

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of what was looked for."""
        return tuple(each.name for each in self.judge.objectives)

    @cached_property
    def feasible(self) -> tuple[Trial, ...]:
        """The trials that may be chosen, the best first: by the first objective, then by number."""
        allowed = (each for each in self.trials if each.is_feasible)
        return tuple(sorted(allowed, key=lambda each: (-(each.score or 0.0), each.number)))

    @cached_property
    def front(self) -> tuple[Trial, ...]:
        """The Pareto front: feasible trials that no other matches in all objectives and beats in one."""
        if not self.feasible:
            return ()
        losses = np.array([[-(score or 0.0) for score in each.scores] for each in self.feasible])
        return tuple(each for each, front in zip(self.feasible, _first_front(losses), strict=True) if front)

    @cached_property
    def best(self) -> Trial:
        """The best trial. Of several objectives: the one on the front that is nearest to the best of each,
        the front's span of each objective counting the same.

        Raises:
            NothingFeasible: no trial may be chosen; says why not.
        """
        if not self.feasible:
            raise NothingFeasible(self.why_none)
        if len(self.judge.objectives) == 1:
            return self.feasible[0]
        scores = np.array([[score or 0.0 for score in each.scores] for each in self.front])
        top, span = scores.max(axis=0), np.ptp(scores, axis=0)
        away = (top - scores) / np.where(span > 0, span, 1.0)
        return self.front[int(np.argmin((away**2).sum(axis=1)))]

    @property
    def strategy(self) -> Strategy:
        """The strategy with the best parameters."""
        return self.base.but(**self.best.parameters)

    @cached_property
    def result(self) -> Result:
        """The best trial's whole result, run again; its figures know what was tried (deflated Sharpe)."""
        return replace(self.runner.result(self.best.parameters), trial_sharpes=self.trial_sharpes)

    @cached_property
    def trial_sharpes(self) -> NDArray[np.float64]:
        """Yearly Sharpe ratios of all trials that have one, chosen or not."""
        known = [each.figures.get("sharpe") for each in self.trials]
        return np.array([ratio for ratio in known if ratio is not None], dtype=np.float64)

    def heatmap(self, x: str, y: str, figure: str | None = None, *, how: str = "best") -> Heatmap:
        """A figure over two parameters, the first objective unless named; see `heatmap.heatmap_of`."""
        return heatmap_of(self.trials, self.space, x, y, figure or self.objectives[0], how)

    @cached_property
    def stability(self) -> Stability:
        """How the first objective falls one step around the best; runs the neighbours that were not tried.

        Raises:
            NothingFeasible: there is no best.
        """
        return stability_of(self.best, self.trials, self.space, self.judge, self.runner)

    @cached_property
    def importance(self) -> dict[str, float | None]:
        """The part of the first objective's variance that each parameter explains alone, 0 to 1.

        The variance of the means over its values (ten ranges of them where there are more), by the whole
        variance: η² of a one-way analysis. Trials that a method bred where it is good tell less than those
        of a grid or of chance. None of fewer than three trials, or where all are alike.
        """
        known = [each for each in self.trials if each.score is not None]
        scores = np.array([each.score for each in known], dtype=np.float64)
        whole = float(np.var(scores)) if len(known) > 2 else 0.0
        if not whole > 0:
            return dict.fromkeys(self.space.names)
        found: dict[str, float | None] = {}
        for each in self.space.dimensions:
            places = np.array([each.share(trial.parameters[each.name]) for trial in known])
            bins = len(each.values) if each.values is not None else _BINS
            own = np.minimum((places * min(bins, _BINS)).astype(np.int64), min(bins, _BINS) - 1)
            counts = np.bincount(own)
            means = np.bincount(own, scores) / np.maximum(counts, 1)
            found[each.name] = float(np.sum(counts * (means - scores.mean()) ** 2) / len(scores) / whole)
        return found

    @property
    def summary(self) -> dict[str, Any]:
        """All of it as JSON has it; None is undefined.

        Runs the best again, and neighbours that were not tried.
        """
        best = self.best if self.feasible else None
        return {
            "strategy": type(self.base).__name__,
            "parameters": self.base.values,
            "method": self.method,
            "seed": self.seed,
            "is_complete": self.is_complete,
            "objectives": [
                {"name": each.name, "better": "higher" if each.sign > 0 else "lower"}
                for each in self.judge.objectives
            ],
            "constraints": [each.text for each in self.judge.constraints],
            "space": {each.name: each.summary for each in self.space.dimensions},
            "count": len(self),
            "feasible": len(self.feasible),
            "best": None if best is None else best.summary,
            "why_none": None if best is not None else self.why_none,
            "front": [each.number for each in self.front],
            "deflated_sharpe": None if best is None else self.result.metrics["deflated_sharpe"],
            "probabilistic_sharpe": None if best is None else self.result.metrics["probabilistic_sharpe"],
            "importance": self.importance,
            "stability": None if best is None else self.stability.summary,
            "heatmaps": [self.heatmap(x, y).summary for x, y in worth_a_look(self.space, self.importance)],
            "trials": [each.summary for each in self.trials],
        }

    def to_polars(self) -> polars.DataFrame:
        """All trials as a frame: parameters, figures, and why one may not be chosen."""
        import polars

        return polars.DataFrame(
            [
                {"number": each.number, **each.parameters, **each.figures, "reason": each.reason}
                for each in self.trials
            ],
            infer_schema_length=None,
        )

    @property
    def why_none(self) -> str:
        """Why no trial may be chosen, where that is so."""
        if not self.trials:
            return "Not one set of parameters was tried: the constraints allow none, or it was cancelled."
        reasons = Counter(_rule(each.reason) for each in self.trials)
        told = "; ".join(f"{_often(count)}: {reason}" for reason, count in reasons.most_common(3))
        return f"None of {len(self):,} trials may be chosen ({told}). Loosen the constraints."


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _rule(reason: str) -> str:
    """A reason without its own numbers."""
    return reason.partition(":")[0].rstrip(".") if "does not hold" in reason else reason.rstrip(".")


def _first_front(losses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other row beats. Rows are looked at in blocks, for memory's sake."""
    if losses.shape[1] == 1:
        return np.asarray(losses[:, 0] == losses[:, 0].min())
    kept = np.arange(len(losses))
    block = 512
    for start in range(0, len(losses), block):
        part = np.arange(start, min(start + block, len(losses)))
        dead = part[fronts_of(losses[part]) > 0]
        kept = np.setdiff1d(kept, dead, assume_unique=True)
    first = np.zeros(len(losses), np.bool_)
    while len(kept):
        # the best by the sum of ranks is on the front for certain; whatever it beats is not
        one = kept[int(np.argmin(losses[kept].sum(axis=1)))]
        first[one] = True
        worse = np.all(losses[one] <= losses[kept], axis=1) & np.any(losses[one] < losses[kept], axis=1)
        kept = kept[~worse & (kept != one)]
    return first
