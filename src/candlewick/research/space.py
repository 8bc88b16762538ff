"""What a search may try: the values of each parameter, as a grid, by chance, or as points of a unit cube."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.trading.strategy.param import Param
from candlewick.trading.strategy.strategy import Strategy

Parameters = dict[str, Any]
Ranges = Mapping[str, Param[Any] | Iterable[Any]]
Cube = NDArray[np.float64]
LARGEST_GRID: Final = 1_000_000
FINE: Final = 20
"""Steps over the range of a number without a step, where its neighbours are wanted."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One parameter that is searched.

    Attributes:
        values: all that it may be, in order; None: any number from `low` to `high`.
        is_ordered: whether what stands beside a value is also near it; words are not.
    """

    name: str
    values: tuple[Any, ...] | None
    low: float = 0.0
    high: float = 1.0
    is_ordered: bool = True
    _places: Mapping[Any, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {value: place for place, value in enumerate(self.values or ())}
        object.__setattr__(self, "_places", places)

    @property
    def summary(self) -> dict[str, Any]:
        """What it may be, as JSON has it."""
        return {"low": self.low, "high": self.high} if self.values is None else {"values": list(self.values)}

    @property
    def is_single(self) -> bool:
        """Whether there is but one value."""
        return self.values is not None and len(self.values) == 1

    def at(self, share: float) -> Any:
        """The value at a place from 0 to 1."""
        if self.values is None:
            return self.low + share * (self.high - self.low)
        return self.values[min(max(int(share * len(self.values)), 0), len(self.values) - 1)]

    def share(self, value: Any) -> float:
        """The place of a value, the middle of its own part of the range."""
        if self.values is None:
            return (float(value) - self.low) / (self.high - self.low)
        return (self._places[value] + 0.5) / len(self.values)

    def beside(self, value: Any) -> list[Any]:
        """The values one step below and above; of words, all others."""
        if self.values is None:
            step = (self.high - self.low) / FINE
            return [each for each in (value - step, value + step) if self.low <= each <= self.high]
        at = self._places[value]
        if not self.is_ordered:
            return [each for each in self.values if each != value]
        return [self.values[each] for each in (at - 1, at + 1) if 0 <= each < len(self.values)]


@dataclass(frozen=True, slots=True)
class Space:
    """All that a search may try."""

    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.dimensions)

    @property
    def size(self) -> int | None:
        """How many sets of parameters there are; None: without end."""
        counts = [len(each.values) for each in self.dimensions if each.values is not None]
        return math.prod(counts) if len(counts) == len(self.dimensions) else None

    def grid(self) -> Iterator[Parameters]:
        """Every set, the last parameter changing fastest.

        Raises:
            UsageError: a number has no step, or there are too many sets.
        """
        endless = [each.name for each in self.dimensions if each.values is None]
        if endless:
            raise UsageError(f"{endless[0]} has no grid: give its Param a step, or name values in space=.")
        size = self.size or 0
        if size > LARGEST_GRID:
            raise UsageError(
                f"The grid of {', '.join(self.names)} has {size:,} sets: give larger steps or fewer values "
                'in space=, or search with method="random" or "nsga2".'
            )
        columns = [each.values or () for each in self.dimensions]
        return (dict(zip(self.names, values, strict=True)) for values in itertools.product(*columns))

    def at(self, point: Sequence[float] | Cube) -> Parameters:
        """The set at a point of the unit cube."""
        return {each.name: each.at(float(share)) for each, share in zip(self.dimensions, point, strict=True)}

    def point(self, parameters: Mapping[str, Any]) -> Cube:
        """The point of a set."""
        return np.array([each.share(parameters[each.name]) for each in self.dimensions])

    def key(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """What two sets have in common if they are the same."""
        return tuple(parameters[name] for name in self.names)

    def neighbours(self, parameters: Parameters) -> Iterator[tuple[str, Parameters]]:
        """Sets that differ in one parameter by one step, each with the name of that parameter."""
        for each in self.dimensions:
            for value in each.beside(parameters[each.name]):
                yield each.name, parameters | {each.name: value}


def space_of(strategy: type[Strategy], ranges: Ranges | None = None) -> Space:
    """What is searched of a strategy.

    Args:
        ranges: the parameters to search, each with a `Param` or with its values; the others stay as they are.
            None: every parameter that has a range or choices.

    Raises:
        UsageError: there is nothing to search, a name is unknown, or the strategy takes no such value.
    """
    return space_among(strategy.__name__, strategy.parameters(), ranges)


def space_among(strategy: str, known: Mapping[str, Param[Any]], ranges: Ranges | None) -> Space:
    """The same of a strategy of that name with those parameters. Raises as `space_of`."""
    if ranges is None:
        found = tuple(_of_param(name, param) for name, param in known.items() if _has_range(param))
        if not found:
            raise UsageError(
                f"{strategy} has no parameter to search: give one low and high, or name values in "
                'space={"name": [1, 2, 3]}.'
            )
        return Space(found)
    if not ranges:
        raise UsageError("space={} names no parameter: leave it out to search all that have a range.")
    return Space(tuple(_of_range(strategy, known, name, each) for name, each in ranges.items()))


def between(
    name: str, known: Param[Any] | None, low: float, high: float, step: float | None = None
) -> Param[Any]:
    """What is searched of a number: from `low` to `high` by `step`, whole numbers where it is one itself.

    Raises:
        UsageError: a whole number is searched between others, or the bounds are the wrong way round.
    """
    if known is not None and known.kind is int:
        if not (low.is_integer() and high.is_integer()):
            raise UsageError(f"{name} is searched from {low} to {high}: give whole numbers.")
        low, high = int(low), int(high)
    return Param(low, low=low, high=high, step=step)


def _has_range(param: Param[Any]) -> bool:
    return param.choices is not None or (param.low is not None and param.high is not None)


def _of_param(name: str, param: Param[Any]) -> Dimension:
    if param.choices is not None:
        ordered = all(isinstance(each, int | float) for each in param.choices)
        return Dimension(name, tuple(param.choices), is_ordered=ordered)
    if param.low is None or param.high is None:
        raise UsageError(f"{name} in space= has no range: give its Param low and high.")
    if param.step is not None:
        return Dimension(name, tuple(param.grid(LARGEST_GRID)))
    if param.low == param.high:
        return Dimension(name, (param.low,))
    return Dimension(name, None, float(param.low), float(param.high))


def _of_range(
    strategy: str, known: Mapping[str, Param[Any]], name: str, given: Param[Any] | Iterable[Any]
) -> Dimension:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {', '.join(known) or 'none'}."
        raise UsageError(f"{strategy} has no parameter {name!r} to search. {hint}")
    param = known[name]
    if isinstance(given, Param):
        given.name = given.name or name
        found = _of_param(name, given)
        if found.values is None:
            for bound in (found.low, found.high):
                param.read(strategy, bound)
            return found
        values: Sequence[Any] = found.values
    elif isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(f"space[{name!r}] is {given!r}: give a Param, or a list of values.")
    else:
        values = list(given)
    if not len(values):
        raise UsageError(f"space[{name!r}] names no value: give at least one.")
    read = tuple(dict.fromkeys(param.read(strategy, value) for value in values))
    return Dimension(name, read, is_ordered=param.kind is not str)
