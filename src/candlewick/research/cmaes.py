"""CMA-ES, by the library of its author: a cloud of points that moves and stretches towards the best.

Hansen and Ostermeier, "Completely Derandomized Self-Adaptation in Evolution Strategies", Evolutionary
Computation 9(2), 2001. For numbers whose objective is smooth; words are taken in the order they are named in.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from candlewick.research.objectives import Verdict
from candlewick.research.space import Cube, Parameters, Space

_FIRST_WIDTH: Final = 0.3  # of the cloud, in parts of the whole range
_LEAST_WIDTH: Final = 2  # it does not work in one dimension: a second one is left idle


class CmaEs:
    """One cloud after the other in a space's unit cube; each new one begins elsewhere, and is twice as dense.

    Auger and Hansen, "A Restart CMA Evolution Strategy with Increasing Population Size", 2005.
    """

    def __init__(self, space: Space, rng: np.random.Generator) -> None:
        self._space = space
        self._rng = rng
        self._width = max(len(space.dimensions), _LEAST_WIDTH)
        self._population = 4 + int(3 * math.log(self._width))
        self._cloud = self._begin(np.full(self._width, 0.5))
        self._points: list[Cube] = []

    def ask(self) -> list[Parameters]:
        if self._cloud.stop():
            self._population *= 2
            self._cloud = self._begin(self._rng.random(self._width))
        self._points = self._cloud.ask()
        return [self._space.at(point[: len(self._space.dimensions)]) for point in self._points]

    def tell(self, sets: Sequence[Parameters], verdicts: Sequence[Verdict]) -> None:
        self._cloud.tell(self._points, _losses(verdicts))

    def _begin(self, middle: Cube) -> Any:
        with warnings.catch_warnings():  # that it cannot draw, for want of a library that it does not need
            warnings.simplefilter("ignore")
            import cma
        options = {
            "bounds": [0.0, 1.0],
            "popsize": self._population,
            "randn": lambda *shape: self._rng.standard_normal(shape),
            "seed": math.nan,  # NumPy's own generator is left alone
            "verbose": -9,
        }
        return cma.CMAEvolutionStrategy(middle, _FIRST_WIDTH, options)


def _losses(verdicts: Sequence[Verdict]) -> list[float]:
    """What counts is the order alone: what breaks constraints comes after all that does not."""
    allowed = [-each.scores[0] for each in verdicts if not each.excess and each.scores[0] is not None]
    worst = max(allowed, default=0.0)
    return [
        worst + 1.0 + min(each.excess, 1e9) if each.excess or each.scores[0] is None else -each.scores[0]
        for each in verdicts
    ]
