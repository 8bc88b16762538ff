"""Tree-structured Parzen estimators, by Optuna: learns most from each trial, and takes longest to think.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", 2011. Milliseconds a
trial: for strategies that take longer than that to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from candlewick.research.objectives import Verdict
from candlewick.research.space import Dimension, Parameters, Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

BATCH: Final = 4
"""Sets that are asked for at once: what one of them teaches comes too late for the others."""
_GREATEST: Final = 1e9


class Tpe:
    """Asks Optuna for places in the ranges of a space."""

    def __init__(self, space: Space, seed: int, objectives: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self._ranges = {each.name: _range(each) for each in space.dimensions}
        self._study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed), directions=["maximize"] * objectives
        )
        self._asked: list[Trial] = []

    def ask(self) -> list[Parameters]:
        self._asked = [self._study.ask(self._ranges) for _ in range(BATCH)]
        return [
            {each.name: _value(each, trial.params[each.name]) for each in self._space.dimensions}
            for trial in self._asked
        ]

    def tell(self, sets: Sequence[Parameters], verdicts: Sequence[Verdict]) -> None:
        for trial, verdict in zip(self._asked, verdicts, strict=True):
            # of what breaks constraints only by how much is looked at
            trial.set_constraint("excess", min(verdict.excess, _GREATEST))
            self._study.tell(trial, [0.0 if score is None else score for score in verdict.scores])


def _range(dimension: Dimension) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.values is None:
        return FloatDistribution(dimension.low, dimension.high)
    if dimension.is_ordered:
        return IntDistribution(0, len(dimension.values) - 1)
    return CategoricalDistribution(range(len(dimension.values)))


def _value(dimension: Dimension, drawn: float) -> object:
    return drawn if dimension.values is None else dimension.values[int(drawn)]
