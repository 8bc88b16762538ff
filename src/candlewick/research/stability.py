"""How a search's objective falls around the best: a peak that stands alone is luck more often than skill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from candlewick.research.optimisation import Optimisation, Trial, trial_of


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


def stability_of(found: Optimisation) -> Stability:
    """Look one step around the best; neighbours that the search did not try are run.

    Numbers without a step are moved by a twentieth of their range. Words are exchanged for all others.

    Raises:
        NothingFeasible: there is no best.
    """
    best = found.best
    known = {found.space.key(each.parameters): each for each in found.trials}
    around = [
        (name, each)
        for name, each in found.space.neighbours(best.parameters)
        if found.judge.before(each) is None
    ]
    missing = [each for _, each in around if found.space.key(each) not in known]
    for parameters, ran in zip(missing, found.runner(missing), strict=True):
        known[found.space.key(parameters)] = trial_of(found.judge, -1, parameters, ran)
    trials = [(name, known[found.space.key(each)]) for name, each in around]
    top = best.score or 0.0
    scores = {
        name: [
            each.score for own, each in trials if own == name and each.is_feasible and each.score is not None
        ]
        for name in found.space.names
    }
    flat = [score for each in scores.values() for score in each]
    mean, worst = (float(np.mean(flat)), min(flat)) if flat else (None, None)
    return Stability(
        score=top,
        neighbours=tuple(each for _, each in trials),
        mean=mean,
        worst=worst,
        mean_ratio=_ratio(mean, top),
        worst_ratio=_ratio(worst, top),
        by_parameter={name: _ratio(min(each), top) if each else None for name, each in scores.items()},
        undefined=len(trials) - len(flat),
    )


def _ratio(part: float | None, whole: float) -> float | None:
    return part / whole if part is not None and whole > 0 else None
