"""Which sets of parameters a search tries next: all of a grid, some by chance, or what a method learns."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import numpy as np

from candlewick.research.objectives import Verdict
from candlewick.research.space import Parameters, Space

BATCH: Final = 1_024
_TRIES: Final = 200


class Sampler(Protocol):
    """Asked for sets to try, and told what they were worth.

    What it asks for depends on its seed and on what it was told, and on nothing else.
    """

    def ask(self) -> list[Parameters]:
        """The next sets; none: there is nothing left to try."""
        ...

    def tell(self, sets: Sequence[Parameters], verdicts: Sequence[Verdict]) -> None:
        """What the sets that it asked for last were worth."""
        ...


class _Listed:
    """A sampler that learns nothing."""

    def __init__(self, sets: Iterator[Parameters]) -> None:
        self._sets = sets

    def ask(self) -> list[Parameters]:
        return list(itertools.islice(self._sets, BATCH))

    def tell(self, sets: Sequence[Parameters], verdicts: Sequence[Verdict]) -> None:
        pass


def grid(space: Space) -> Sampler:
    """Every set, the last parameter changing fastest."""
    return _Listed(space.grid())


def by_chance(space: Space, rng: np.random.Generator) -> Sampler:
    """Sets drawn evenly, none twice, for as long as there are others."""
    size = space.size
    if size is not None and size <= BATCH * BATCH:
        return _Listed(_shuffled(space, size, rng))
    return _Listed(_drawn(space, rng))


def _shuffled(space: Space, size: int, rng: np.random.Generator) -> Iterator[Parameters]:
    values = [each.values or () for each in space.dimensions]
    shape = tuple(len(each) for each in values)
    for flat in rng.permutation(size):
        places = np.unravel_index(int(flat), shape)
        yield {
            name: column[int(place)] for name, column, place in zip(space.names, values, places, strict=True)
        }


def _drawn(space: Space, rng: np.random.Generator) -> Iterator[Parameters]:
    seen: set[tuple[Any, ...]] = set()
    missed = 0
    while missed < _TRIES:
        drawn = space.at(rng.random(len(space.dimensions)))
        key = space.key(drawn)
        if key in seen:
            missed += 1
            continue
        missed = 0
        seen.add(key)
        yield drawn
