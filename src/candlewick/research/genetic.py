"""NSGA-II: a population that is bred towards the Pareto front.

Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE
Transactions on Evolutionary Computation 6(2), 2002: fronts, crowding, and constraints by their definition 1
(constrained domination). Crossover and mutation: Deb and Agrawal 1995 (SBX), Deb and Goyal 1996 (polynomial).
Why it is our own: `docs/decisions/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.research.objectives import Verdict
from candlewick.research.space import Cube, Parameters, Space

CROSSOVER: Final = 0.9
NEAR_PARENTS: Final = 15.0
"""SBX's index: the greater, the nearer are children to their parents."""
NEAR_SELF: Final = 20.0
"""The same of mutation."""
_ROUNDS: Final = 4
_DRAWS: Final = 50

Numbers = NDArray[np.float64]
Ranks = NDArray[np.int64]


class Nsga2:
    """Breeds points of a space's unit cube; asks for no set twice."""

    def __init__(self, space: Space, rng: np.random.Generator, population: int) -> None:
        self._space = space
        self._rng = rng
        self._population = population
        self._asked: set[tuple[Any, ...]] = set()
        self._points: Cube = np.empty((0, len(space.dimensions)))
        self._losses: Numbers = np.empty((0, 0))
        self._excess: Numbers = np.empty(0)
        self._ranks: Ranks = np.empty(0, np.int64)
        self._crowding: Numbers = np.empty(0)

    def ask(self) -> list[Parameters]:
        points = self._breed() if len(self._points) else self._scatter()
        return [self._space.at(point) for point in points]

    def tell(self, sets: Sequence[Parameters], verdicts: Sequence[Verdict]) -> None:
        if not sets:
            return
        points = np.stack([self._space.point(each) for each in sets])
        losses = np.array(
            [[np.inf if score is None else -score for score in each.scores] for each in verdicts]
        )
        excess = np.array([each.excess for each in verdicts])
        if len(self._points):
            points = np.concatenate([self._points, points])
            losses = np.concatenate([self._losses, losses])
            excess = np.concatenate([self._excess, excess])
        ranks, crowding = ranked(losses, excess)
        kept = np.lexsort((-crowding, ranks))[: self._population]
        self._points, self._losses, self._excess = points[kept], losses[kept], excess[kept]
        self._ranks, self._crowding = ranks[kept], crowding[kept]

    def _scatter(self) -> list[Cube]:
        """A first population, spread evenly over each parameter (a Latin hypercube)."""
        count, width = self._population, len(self._space.dimensions)
        strata = np.stack([self._rng.permutation(count) for _ in range(width)], axis=1)
        return self._fresh((strata + self._rng.random((count, width))) / count)

    def _breed(self) -> list[Cube]:
        fresh: list[Cube] = []
        for _ in range(_ROUNDS):
            fresh += self._fresh(self._children())
            if len(fresh) >= self._population:
                return fresh[: self._population]
        # what is bred was tried before: the population is near its end, or stuck
        for _ in range(_DRAWS):
            fresh += self._fresh(self._rng.random((self._population, len(self._space.dimensions))))
            if len(fresh) >= self._population:
                break
        return fresh[: self._population]

    def _fresh(self, points: Cube) -> list[Cube]:
        """Those that stand for sets which were not asked for yet."""
        found = []
        for point in points:
            key = self._space.key(self._space.at(point))
            if key not in self._asked:
                self._asked.add(key)
                found.append(point)
        return found

    def _children(self) -> Cube:
        pairs = (self._population + 1) // 2
        mothers, fathers = self._points[self._winners(pairs)], self._points[self._winners(pairs)]
        children = np.concatenate(crossed(mothers, fathers, self._rng))
        return mutated(children, self._rng)

    def _winners(self, count: int) -> NDArray[np.intp]:
        """The better one of two, many times."""
        one, other = self._rng.integers(len(self._points), size=(2, count))
        better = (self._ranks[one] < self._ranks[other]) | (
            (self._ranks[one] == self._ranks[other]) & (self._crowding[one] >= self._crowding[other])
        )
        winners: NDArray[np.intp] = np.where(better, one, other)
        return winners


def ranked(losses: Numbers, excess: Numbers) -> tuple[Ranks, Numbers]:
    """The front that each belongs to (0 is the best), and how much room it has there.

    What breaks constraints comes after all that does not, by how much it breaks them.
    """
    ranks = np.empty(len(losses), np.int64)
    crowding = np.zeros(len(losses))
    allowed = np.flatnonzero(excess == 0.0)
    fronts = fronts_of(losses[allowed])
    for number in range(int(fronts.max(initial=-1)) + 1):
        front = allowed[fronts == number]
        ranks[front] = number
        crowding[front] = crowding_of(losses[front])
    broken = np.flatnonzero(excess != 0.0)
    _, order = np.unique(excess[broken], return_inverse=True)
    ranks[broken] = int(fronts.max(initial=-1)) + 1 + order
    return ranks, crowding


def fronts_of(losses: Numbers) -> Ranks:
    """The number of the front of each: 0 where no other is as good in all and better in one, and so on."""
    if losses.ndim == 2 and losses.shape[1] == 1:
        return np.unique(losses[:, 0], return_inverse=True)[1].astype(np.int64)
    left = np.ones(len(losses), np.bool_)
    fronts = np.zeros(len(losses), np.int64)
    as_good: NDArray[np.bool_] = np.all(losses[:, None, :] <= losses[None, :, :], axis=2)
    better = as_good & ~as_good.T
    number = 0
    while left.any():
        front = left & ~better[left].any(axis=0)
        fronts[front] = number
        left &= ~front
        number += 1
    return fronts


def crowding_of(losses: Numbers) -> Numbers:
    """How far the neighbours of each are apart in its front, over all objectives; infinite at the ends."""
    room = np.zeros(len(losses))
    for column in losses.T:
        order = np.argsort(column, kind="stable")
        room[order[0]] = room[order[-1]] = np.inf
        span = column[order[-1]] - column[order[0]]
        if span > 0:
            room[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return room


def crossed(one: Cube, other: Cube, rng: np.random.Generator) -> tuple[Cube, Cube]:
    """Children of each pair, about as far from each other as their parents are (SBX)."""
    chance = rng.random(one.shape)
    spread = np.where(
        chance <= 0.5, 2 * chance, 1 / np.maximum(2 * (1 - chance), 1e-12)
    ) ** (1 / (NEAR_PARENTS + 1))  # fmt: skip
    mixes = (rng.random(one.shape) < 0.5) & (rng.random((len(one), 1)) < CROSSOVER)
    spread = np.where(mixes, spread, 1.0)
    middle, away = (one + other) / 2, spread * (one - other) / 2
    swaps = mixes & (rng.random(one.shape) < 0.5)
    away = np.where(swaps, -away, away)
    return np.clip(middle + away, 0.0, 1.0), np.clip(middle - away, 0.0, 1.0)


def mutated(points: Cube, rng: np.random.Generator) -> Cube:
    """Each number is moved with a chance of one by their count, seldom far (polynomial mutation)."""
    chance = rng.random(points.shape)
    power = 1 / (NEAR_SELF + 1)
    move = np.where(chance < 0.5, (2 * chance) ** power - 1, 1 - (2 * (1 - chance)) ** power)
    moves = rng.random(points.shape) < 1 / points.shape[1]
    return np.where(moves, np.clip(points + move, 0.0, 1.0), points)
