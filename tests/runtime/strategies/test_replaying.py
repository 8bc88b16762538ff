"""A strategy replayed through the real heart finds what its backtest found: fills, fees, funding, equity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import candlewick as cw
from candlewick.backtest.market import Market
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.runtime.strategies.replaying import replay
from candlewick.trading.strategy.context import Context
from tests.backtest.randomly import Case, perpetual, replayable, walk
from tests.backtest.test_events import Asking

MONEY = 1e-9


def assert_same(backtest: Result, replayed: Result, refusals: tuple[str, ...]) -> None:
    assert refusals == ()
    assert len(replayed.fills) == len(backtest.fills)
    for name in ("bar", "market", "side", "why", "maker", "signal"):
        assert replayed.fills[name].tolist() == backtest.fills[name].tolist(), name
    for name in ("price", "size"):
        np.testing.assert_allclose(replayed.fills[name], backtest.fills[name], rtol=1e-12, err_msg=name)
    close = MONEY * backtest.account.cash
    for name in ("fee", "funding"):
        np.testing.assert_allclose(replayed.fills[name], backtest.fills[name], atol=close, err_msg=name)
    np.testing.assert_allclose(replayed.equity, backtest.equity, rtol=0, atol=close)
    assert replayed.funding == pytest.approx(backtest.funding, abs=close)
    assert [t.pnl for t in replayed.trades] == pytest.approx([t.pnl for t in backtest.trades], abs=close)


def compare(case: Case) -> None:
    try:
        backtest = cw.backtest(case.strategy, case.markets, **case.account)
    except UsageError as error:
        if "Not one of" in str(error):
            return  # too little cash for a lot: nothing is traded in either
        raise
    assert_same(backtest, *replay(case.strategy, case.markets, **case.account))


@given(replayable())
@settings(max_examples=40)
def test_a_replay_through_the_heart_finds_what_the_backtest_found(case: Case) -> None:
    compare(case)
