"""NSGA-II: fronts as they are defined, and the front of problems whose front is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from candlewick.research.genetic import Nsga2, crossed, crowding_of, fronts_of, mutated, ranked
from candlewick.research.objectives import Verdict
from candlewick.research.space import Dimension, Space

few = st.integers(0, 4).map(float)


@given(arrays(np.float64, st.tuples(st.integers(1, 25), st.integers(1, 3)), elements=few))
def test_a_front_is_what_nothing_left_beats(losses: Any) -> None:
    fronts = fronts_of(losses)
    left = list(range(len(losses)))
    number = 0
    while left:
        front = [
            each for each in left
            if not any(
                all(losses[other] <= losses[each]) and any(losses[other] < losses[each]) for other in left
            )
        ]  # fmt: skip
        assert [each for each in left if fronts[each] == number] == front
        left = [each for each in left if each not in front]
        number += 1


def test_what_breaks_constraints_comes_last_by_how_much() -> None:
    losses = np.array([[1.0, 1.0], [0.0, 0.0], [2.0, 2.0], [-9.0, -9.0]])
    ranks, _ = ranked(losses, np.array([0.0, 0.5, 0.0, 0.1]))
    assert list(np.argsort(ranks)) == [0, 2, 3, 1]


def test_crowding_is_the_distance_of_the_neighbours_and_endless_at_the_ends() -> None:
    room = crowding_of(np.array([[0.0, 4.0], [1.0, 2.0], [2.0, 1.0], [4.0, 0.0]]))
    assert list(room) == [math.inf, 2 / 4 + 3 / 4, 3 / 4 + 2 / 4, math.inf]


def test_children_stay_inside_and_lie_about_their_parents() -> None:
    rng = np.random.default_rng(1)
    one, other = np.full((4_000, 3), 0.3), np.full((4_000, 3), 0.5)
    first, second = crossed(one, other, rng)
    np.testing.assert_allclose(first + second, 0.8, atol=1e-12)
    moved = mutated(first, rng)
    assert (moved >= 0).all()
    assert (moved <= 1).all()
    assert 0.25 < np.mean(moved != first) < 0.42  # each number with a chance of a third


def searched(
    space: Space, losses: Callable[[dict[str, Any]], tuple[float, ...]], trials: int, seed: int
) -> Any:
    sampler = Nsga2(space, np.random.default_rng(seed), 60)
    found: list[tuple[float, ...]] = []
    while len(found) < trials:
        sets = sampler.ask()
        came = [losses(each) for each in sets]
        found += came
        sampler.tell(sets, [Verdict(tuple(-loss for loss in each), 0.0, "") for each in came])
    return np.array(found[:trials])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_finds_the_front_of_zdt1(seed: int) -> None:
    # Zitzler, Deb and Thiele 2000: the front is f2 = 1 - √f1, where all numbers but the first are 0
    space = Space(tuple(Dimension(f"x{n}", None) for n in range(5)))

    def zdt1(x: dict[str, Any]) -> tuple[float, float]:
        first, *rest = x.values()
        g = 1 + 9 * sum(rest) / len(rest)
        return first, g * (1 - math.sqrt(first / g))

    losses = searched(space, zdt1, 3_000, seed)
    front = losses[fronts_of(losses) == 0]
    assert np.median(front[:, 1] - (1 - np.sqrt(front[:, 0]))) < 0.02
    for part in np.linspace(0.05, 0.95, 10):  # and all along it
        assert np.abs(front[:, 0] - part).min() < 0.05


def test_it_asks_for_nothing_twice_and_ends_when_all_is_asked() -> None:
    space = Space((Dimension("a", tuple(range(9))), Dimension("b", (True, False))))
    sampler = Nsga2(space, np.random.default_rng(0), 20)
    asked: list[Any] = []
    while sets := sampler.ask():
        asked += [space.key(each) for each in sets]
        sampler.tell(sets, [Verdict((float(each["a"]),), 0.0, "") for each in sets])
    assert len(asked) == len(set(asked)) == 18
