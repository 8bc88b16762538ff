"""What a study asked for, as its page says it."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.store.models import JobState, User
from candlewick.web.research.shown import facts_of
from tests.web.research import ground


def facts(ann: User, kind: str, **spec: Any) -> dict[str, str]:
    job = ground.ended(ann.pk, JobState.DONE, kind=kind, spec=spec)
    return {fact.label: fact.text for fact in facts_of(job, primary="sim")}


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("reshuffle", set()),
        ("block_bootstrap", {"Block"}),
        ("skip", {"Left out"}),
        ("fill_noise", {"Noise of fills, bps"}),
        ("synthetic", {"Block"}),
    ],
)
def test_of_a_monte_carlo_only_what_its_method_uses_is_told(ann: User, method: str, told: set[str]) -> None:
    found = facts(ann, "monte_carlo", method=method, runs=500, ruin=0.5, skip=0.1, noise_bps=5.0, block=20.0)
    assert {"What is drawn", "Runs", "Ruin is a loss of"} <= found.keys()
    assert found.keys() & {"Block", "Left out", "Noise of fills, bps"} == told


def test_what_is_looked_for_is_called_as_the_page_calls_it(ann: User) -> None:
    told = facts(ann, "optimisation", method="grid", objective=["sharpe", "-turnover"])
    assert told["Looks for"] == "Sharpe, less of Turnover"
    assert facts(ann, "optimisation", method="grid", objective="total_return")["Looks for"] == "Return"


def test_what_is_other_than_usual_is_told(ann: User) -> None:
    spec = {"cash": 10_000.0, "fee_taker": 0.0005, "fee_maker": 0.0002, "slippage_bps": 1.0}
    usual = facts(ann, "backtest", **spec, leverage=None, days_a_year=365.0)
    assert usual.keys() == {"Cash", "Costs"}
    other = facts(ann, "backtest", **spec, leverage=3.0, days_a_year=252.0, finer="1m")
    assert other.keys() == {"Cash", "Costs", "Leverage", "A year", "Finer bars"}
    assert (other["Leverage"], other["A year"]) == ("3", "252 days")


def test_a_grid_runs_all_of_its_sets_and_tells_of_no_trials(ann: User) -> None:
    spec = {"objective": "sharpe", "trials": 200, "seed": 3}
    assert facts(ann, "optimisation", method="grid", **spec).keys().isdisjoint({"Trials at most", "Seed"})
    by_chance = facts(ann, "optimisation", method="random", **spec)
    assert (by_chance["Trials at most"], by_chance["Seed"]) == ("200", "3")
    assert facts(ann, "readiness", trials=200, seed=3)["Trials at most"] == "200"
