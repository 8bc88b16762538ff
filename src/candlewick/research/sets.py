"""The sets of parameters of a study that must know them all before it runs the first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.research import samplers
from candlewick.research.objectives import judge_of
from candlewick.research.space import Parameters, Ranges, Space, space_of
from candlewick.trading.strategy.strategy import Strategy

_TRIES: Final = 20  # sets drawn for each that is wanted, where constraints allow few


def sets_of(
    base: Strategy, trials: int, ranges: Ranges | None, constraints: Iterable[str], seed: int
) -> list[Parameters]:
    """The sets to try: the whole grid where it is no larger than `trials`, else so many of it by chance.

    Raises:
        UsageError: there is none, or a constraint asks for more than parameters.
    """
    if trials < 1:
        raise UsageError(f"trials is {trials}: give a number of at least 1.")
    refuse_outcomes(constraints, base.values)
    space = space_of(type(base), ranges)
    judge = judge_of("sharpe", constraints, base.values)
    allowed = (each for each in _candidates(space, trials, seed) if judge.before(each) is None)
    found = list(itertools.islice(allowed, trials))
    if not found:
        raise UsageError("The constraints allow not one set of parameters. Loosen them.")
    return found


def refuse_outcomes(constraints: Iterable[str], values: Mapping[str, Any]) -> None:
    """Say so where a constraint is about more than the parameters that have these values.

    Raises:
        UsageError: one is, or cannot be read.
    """
    for rule in judge_of("sharpe", constraints, values).constraints:
        foreign = [name for name in rule.names if name not in values]
        if foreign:
            raise UsageError(
                f"The constraint {rule.text!r} asks for {foreign[0]}, which is known after a run only: here "
                "constraints are about parameters."
            )


def about_parameters(base: Strategy, constraints: Iterable[str]) -> list[str]:
    """Those of the constraints that can be told before a run."""
    rules = judge_of("sharpe", constraints, base.values).constraints
    return [rule.text for rule in rules if base.values.keys() >= set(rule.names)]


def _candidates(space: Space, trials: int, seed: int) -> Iterator[Parameters]:
    """The whole grid, or sets by chance, none twice; not for ever, since constraints may allow none."""
    if space.size is not None and space.size <= trials:
        return space.grid()
    sampler = samplers.by_chance(space, np.random.default_rng(seed))
    drawn = itertools.chain.from_iterable(iter(sampler.ask, []))
    return itertools.islice(drawn, _TRIES * trials)
