"""What nobody says is the same by every road: the same question has the same answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from candlewick.backtest.run import backtest
from candlewick.cli import research_options
from candlewick.research import search, sweep
from candlewick.runtime.jobs.kinds.request import Request
from candlewick.runtime.strategies.replaying import replay
from candlewick.web.research.kinds import AskedStudy

TERMS = ("cash", "fee_taker", "fee_maker", "slippage_bps", "leverage", "days_a_year")


def of_function(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: each.default for name, each in inspect.signature(function).parameters.items()}


def of_request() -> dict[str, Any]:
    return {each.name: each.default for each in msgspec.structs.fields(Request)}


@pytest.mark.parametrize(
    "road",
    [
        pytest.param({name: each.default for name, each in AskedStudy.model_fields.items()}, id="rest"),
        pytest.param(of_function(research_options.asked), id="command line"),
        pytest.param(of_request(), id="job"),
        pytest.param(of_function(search.optimise), id="search"),
        pytest.param(of_function(sweep.Setup), id="sweep"),
        pytest.param(of_function(replay), id="replay"),
    ],
)
def test_an_account_that_nobody_describes_is_the_same_account(road: dict[str, Any]) -> None:
    expected = {name: of_function(backtest)[name] for name in TERMS}
    assert {name: road[name] for name in TERMS if name in road} == expected
