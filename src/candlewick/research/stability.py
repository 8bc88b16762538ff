"""How a search's objective falls around the best: a peak that stands alone is luck more often than skill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from candlewick.research.objectives import Judge
from candlewick.research.space import Parameters, Space
from candlewick.research.sweep import Ran
from candlewick.research.trial import Trial, trial_of


@dataclass(frozen=True, slots=True)
class Stability:
    """The first objective at the best trial, and one step away from it in each parameter.

    Attributes:
        score: at the best; more is better (of an objective that is better low: its negative).
        neighbours: the trials around it, those that were run for this with number -1.
        mean, worst: over the neighbours that have a score; None: none has.
        mean_ratio, worst_ratio: those by the best score, which must be above zero; 1: it does not fall at
            all, 0: nothing is left. None where that says nothing.
        by_parameter: the worst ratio of each parameter's own neighbours.
        undefined: how many neighbours have no score, or may not be chosen.
    """

    score: float
    neighbours: tuple[Trial, ...]
    mean: float | None
    worst: float | None
    mean_ratio: float | None
    worst_ratio: float | None
    by_parameter: dict[str, float | None]
    undefined: int

    @property
    def summary(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "mean": self.mean_ratio,
            "worst": self.worst_ratio,
            "by_parameter": self.by_parameter,
            "neighbours": len(self.neighbours),
            "undefined": self.undefined,
        }


def stability_of(
    best: Trial,
    trials: Sequence[Trial],
    space: Space,
    judge: Judge,
    run: Callable[[Sequence[Parameters]], list[Ran]],
) -> Stability:
    """Look one step around the best; neighbours that are not among the trials are run.

    Numbers without a step are moved by a twentieth of their range. Words are exchanged for all others.
    """
    known = {space.key(each.parameters): each for each in trials}
    around = [(name, each) for name, each in space.neighbours(best.parameters) if judge.before(each) is None]
    missing = [each for _, each in around if space.key(each) not in known]
    for parameters, ran in zip(missing, run(missing), strict=True):
        known[space.key(parameters)] = trial_of(judge, -1, parameters, ran)
    neighbours = [(name, known[space.key(each)]) for name, each in around]
    top = best.score or 0.0
    scores = {
        name: [
            each.score
            for own, each in neighbours
            if own == name and each.is_feasible and each.score is not None
        ]
        for name in space.names
    }
    flat = [score for each in scores.values() for score in each]
    mean, worst = (float(np.mean(flat)), min(flat)) if flat else (None, None)
    return Stability(
        score=top,
        neighbours=tuple(each for _, each in neighbours),
        mean=mean,
        worst=worst,
        mean_ratio=_ratio(mean, top),
        worst_ratio=_ratio(worst, top),
        by_parameter={name: _ratio(min(each), top) if each else None for name, each in scores.items()},
        undefined=len(neighbours) - len(flat),
    )


def _ratio(part: float | None, whole: float) -> float | None:
    return part / whole if part is not None and whole > 0 else None
