"""What a person wants, read; what a trial is worth."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.research.objectives import judge_of

numbers = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("asked", "sign"),
    [
        ("sharpe", 1),
        ("-sharpe", -1),
        ("max_drawdown", 1),
        ("volatility", -1),
        ("+exposure", 1),
        ("-exposure", -1),
    ],
)
def test_a_metric_is_wanted_on_its_better_side_or_on_the_one_that_is_named(asked: str, sign: int) -> None:
    objective = judge_of(asked).objectives[0]
    assert (objective.name, objective.sign) == (asked.lstrip("+-"), sign)


def test_what_a_trial_needs_is_asked_for_once() -> None:
    judge = judge_of(("sharpe", "calmar"), ["trades >= 3", "sharpe > 0"], shown=["calmar", "total_return"])
    assert judge.metrics == ("sharpe", "calmar", "trades", "total_return")


@given(numbers, numbers, st.sampled_from([">=", "<=", ">", "<"]))
def test_a_constraint_is_broken_by_nothing_where_it_holds_and_by_something_where_not(
    trades: float, bound: float, sign: str
) -> None:
    rule = judge_of("sharpe", [f"trades {sign} {bound!r}"]).constraints[0]
    excess = rule.excess({"trades": trades})
    holds = {">=": trades >= bound, "<=": trades <= bound, ">": trades > bound, "<": trades < bound}[sign]
    assert (excess == 0) == holds
    assert 0 <= excess <= 1


def test_what_is_farther_off_is_broken_more() -> None:
    rule = judge_of("sharpe", ["trades >= 30"]).constraints[0]
    assert rule.excess({"trades": 10}) > rule.excess({"trades": 20}) > 0
    assert rule.excess({"trades": None}) == math.inf


def test_both_sides_of_a_constraint_may_be_names() -> None:
    judge = judge_of("sharpe", "slow>=fast", {"fast": 5, "slow": 3, "kind": "ema"})
    assert judge.before({"slow": 9}) is None
    broken = judge.before({"slow": 4})
    assert broken is not None
    assert broken.reason == "slow >= fast does not hold: slow is 4, fast is 5."


def test_a_constraint_of_metrics_is_judged_after_the_run_alone() -> None:
    judge = judge_of("sharpe", ["trades >= 30", "fast < slow"], {"fast": 5, "slow": 3})
    assert judge.before({"fast": 2}) is None
    verdict = judge({"fast": 2}, {"sharpe": 1.5, "trades": 12})
    assert verdict.scores == (1.5,)
    assert verdict.reason == "trades >= 30 does not hold: trades is 12."
    assert judge({"fast": 2}, {"sharpe": 1.5, "trades": 30}).excess == 0


@pytest.mark.parametrize(
    ("figures", "error", "reason"),
    [
        ({"sharpe": None, "trades": 5}, "", "sharpe is undefined."),
        ({"sharpe": 1.0, "trades": None}, "", "trades >= 3 does not hold: trades is undefined."),
        ({"sharpe": None, "trades": None}, "No entry could be made.", "No entry could be made."),
    ],
)
def test_what_is_undefined_is_never_chosen(figures: Any, error: str, reason: str) -> None:
    verdict = judge_of("sharpe", ["trades >= 3"])({}, figures, error)
    assert verdict.excess == math.inf
    assert verdict.reason == reason
