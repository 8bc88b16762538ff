"""What is made of a search: heatmap, stability, importance, summary."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick import Param, Strategy
from candlewick.core.errors import UsageError
from candlewick.research.optimisation import Optimisation
from candlewick.research.search import optimise
from candlewick.research.space import Ranges
from tests.research.hills import Cross, walk

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first


class Hill(Strategy):
    """Its objective is made of its parameters alone."""

    x = Param(3, low=0, high=4)
    y = Param(2, low=0, high=3)
    z = Param("a", choices=("a", "b"))
    t = Param(0.5, low=0.0, high=1.0)

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        return cw.Signals(enter_long=np.arange(len(bars)) == 5)


def height(result: cw.Result) -> float | None:
    """10 at (2, 1, a), less by 1 a step of x, by 4 a step of y; half of it for b; undefined at x = 0."""
    its: Any = result.strategy
    if its.x == 0:
        return None
    return float(10 - abs(its.x - 2) - 4 * abs(its.y - 1)) * (0.5 if its.z == "b" else 1.0)


@pytest.fixture(scope="module")
def hill() -> Optimisation:
    space = {"x": range(5), "y": range(4), "z": ["a", "b"]}
    return optimise(Hill, walk(60), objective=height, space=space)


def test_a_heatmap_shows_the_best_of_each_cell(hill: Optimisation) -> None:
    heatmap = hill.heatmap("x", "y")
    assert (heatmap.xs, heatmap.ys) == ((0, 1, 2, 3, 4), (0, 1, 2, 3))
    nan = np.nan
    np.testing.assert_array_equal(
        heatmap.values,
        [[nan, 5, 6, 5, 4], [nan, 9, 10, 9, 8], [nan, 5, 6, 5, 4], [nan, 1, 2, 1, 0]],
    )
    assert heatmap.counts.tolist() == [[0, 2, 2, 2, 2]] * 4


@pytest.mark.parametrize(("how", "corner"), [("worst", 5.0), ("mean", 7.5), ("median", 7.5)])
def test_a_heatmap_may_show_all_of_each_cell(hill: Optimisation, how: str, corner: float) -> None:
    assert hill.heatmap("x", "y", how=how).values[1, 2] == corner


def test_a_heatmap_of_a_number_without_a_step_has_twenty_ranges() -> None:
    space: Ranges = {"x": range(5), "t": Param(0.5, low=0.0, high=1.0)}
    found = optimise(Hill, walk(60), objective=height, space=space, method="random", trials=150)
    heatmap = found.heatmap("t", "x")
    assert len(heatmap.xs) == 20
    assert heatmap.xs[0] == 0.025
    assert heatmap.counts.sum() == sum(each.score is not None for each in found)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("x", "w"), "'w' was not searched. Searched were x, y, z."),
        (("x", "x"), "name two parameters"),
        (("x", "y", "sortino"), "The search did not look at 'sortino': it looked at"),
    ],
)
def test_a_heatmap_of_what_is_not_there_is_a_sentence(hill: Optimisation, asked: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        hill.heatmap(*asked)
    assert words in str(caught.value)
    with pytest.raises(UsageError, match="use one of best, mean"):
        hill.heatmap("x", "y", how="most")


def test_stability_is_what_is_left_one_step_aside(hill: Optimisation) -> None:
    stability = hill.stability
    assert stability.score == 10
    # x: 9 and 9, y: 6 and 6, z: 5
    assert stability.mean == pytest.approx(7.0)
    assert stability.worst_ratio == 0.5
    assert stability.by_parameter == {"x": 0.9, "y": 0.6, "z": 0.5}
    assert stability.undefined == 0


def test_stability_runs_the_neighbours_that_were_not_tried() -> None:
    space = {"x": [1, 2, 4], "y": [0, 1, 3]}
    found = optimise(Hill, walk(60), objective=height, space=space)
    sparse = optimise(Hill, walk(60), objective=height, space=space, constraints=["x > 1", "y < 2"])
    assert len(sparse) == 4
    assert sparse.stability.by_parameter == {"x": 0.8, "y": 0.6}  # those that may not be run are left out
    few = optimise(Hill, walk(60), objective=height, method="random", trials=2, seed=1)
    assert {each.number for each in few.stability.neighbours} >= {-1}
    assert len(few) == 2, "they are no trials"
    assert found.stability.by_parameter == {"x": 0.8, "y": 0.2}


def test_importance_is_the_part_of_the_variance_that_a_parameter_explains(hill: Optimisation) -> None:
    found = hill.importance
    known = [each for each in hill if each.score is not None]
    scores = np.array([each.score for each in known], dtype=float)
    for name in ("x", "y", "z"):
        groups: dict[Any, list[float]] = {}
        for each in known:
            groups.setdefault(each.parameters[name], []).append(float(each.score or 0))
        between = sum(len(group) * (np.mean(group) - scores.mean()) ** 2 for group in groups.values())
        assert found[name] == pytest.approx(between / np.sum((scores - scores.mean()) ** 2))
    assert (found["y"] or 0) > (found["z"] or 0) > (found["x"] or 0)


def test_importance_of_what_is_all_alike_is_unknown() -> None:
    found = optimise(Hill, walk(60), objective=lambda result: 1.0, space={"x": range(5)})
    assert found.importance == {"x": None}


def test_a_summary_is_json_and_holds_all_of_it() -> None:
    found = optimise(Cross, walk(), objective=("sharpe", "win_rate"), space={"fast": [2, 3], "slow": [8, 12]},
                     constraints=["trades > 1"])  # fmt: skip
    told = json.loads(json.dumps(found.summary))
    assert told["best"]["parameters"] == found.best.parameters
    assert told["front"] == [each.number for each in found.front]
    assert told["objectives"] == [
        {"name": "sharpe", "better": "higher"},
        {"name": "win_rate", "better": "higher"},
    ]
    assert told["constraints"] == ["trades > 1"]
    assert told["space"] == {"fast": {"values": [2, 3]}, "slow": {"values": [8, 12]}}
    assert told["deflated_sharpe"] == found.result.metrics["deflated_sharpe"]
    assert [(each["x"], each["y"]) for each in told["heatmaps"]] == [("fast", "slow")]
    assert len(told["trials"]) == 4


def test_what_was_once_is_told_as_once() -> None:
    found = optimise(Cross, walk(), space={"fast": [2]}, constraints=["trades > 9999"])
    assert found.why_none == "None of 1 trials may be chosen (once: trades > 9999 does not hold). " \
        "Loosen the constraints."  # fmt: skip


def test_a_summary_tells_why_there_is_no_best() -> None:
    found = optimise(Cross, walk(), space={"fast": [2, 3]}, constraints=["trades > 9999"])
    told = found.summary
    assert told["best"] is told["stability"] is told["deflated_sharpe"] is None
    assert told["why_none"] == "None of 2 trials may be chosen (2 times: trades > 9999 does not hold). " \
        "Loosen the constraints."  # fmt: skip


def test_a_frame_has_a_row_for_each_trial() -> None:
    found = optimise(Cross, walk(), space={"fast": [2, 3], "slow": [8, 12]})
    frame = found.to_polars()
    assert frame.columns == ["number", "fast", "slow", "sharpe", "total_return", "trades", "reason"]
    assert frame["sharpe"].to_list() == [each.figures["sharpe"] for each in found]
