"""The sets of parameters of a study that must know them all before it runs the first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.research import samplers
from candlewick.research.objectives import Constraint, judge_of
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
    space = space_of(type(base), ranges)
    judge = judge_of("sharpe", constraints, base.values)
    for rule in judge.constraints:
        foreign = _foreign(rule, base)
        if foreign:
            raise UsageError(
                f"The constraint {rule.text!r} asks for {foreign[0]}, which is known after a run only: here "
                "constraints are about parameters."
            )
    allowed = (each for each in _candidates(space, trials, seed) if judge.before(each) is None)
    found = list(itertools.islice(allowed, trials))
    if not found:
        raise UsageError("The constraints allow not one set of parameters. Loosen them.")
    return found


def about_parameters(base: Strategy, constraints: Iterable[str]) -> list[str]:
    """Those of the constraints that can be told before a run."""
    rules = judge_of("sharpe", constraints, base.values).constraints
    return [rule.text for rule in rules if not _foreign(rule, base)]


def _foreign(rule: Constraint, base: Strategy) -> list[str]:
    return [name for name in rule.names if name not in base.values]


def _candidates(space: Space, trials: int, seed: int) -> Iterator[Parameters]:
    """The whole grid, or sets by chance, none twice; not for ever, since constraints may allow none."""
    if space.size is not None and space.size <= trials:
        return space.grid()
    sampler = samplers.by_chance(space, np.random.default_rng(seed))
    drawn = itertools.chain.from_iterable(iter(sampler.ask, []))
    return itertools.islice(drawn, _TRIES * trials)
