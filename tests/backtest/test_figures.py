"""The figures of a run by name: when they are computed, and what they come to."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.backtest.figures import Figures, UnknownMetric
from candlewick.backtest.registry import METRICS

HOUR, DAY = 3_600, 86_400


def _run(equity: list[float], *, bar_s: int = DAY, **more: object) -> Figures:
    """A run that begins with 100 on 1 January 2024."""
    time = 1_704_067_200 + bar_s * np.arange(len(equity))
    return Figures(time=time, equity=np.array(equity), initial=100.0, bar_s=bar_s, **more)  # type: ignore[arg-type]


def test_it_holds_a_figure_for_every_metric_in_their_order() -> None:
    assert list(_run([100.0, 110.0])) == list(METRICS)
    assert len(_run([100.0, 110.0])) == len(METRICS)


def test_it_computes_a_figure_once_and_only_if_asked() -> None:
    run = _run([100.0, 110.0])
    assert "sharpe" in run
    assert "returns" not in vars(run)
    first = run["sharpe"]
    run.equity[1] = 50.0
    assert run["sharpe"] == first


@given(
    st.lists(st.floats(), min_size=1, max_size=20),
    st.lists(st.tuples(st.floats(), st.floats(), st.floats()), max_size=8),
    st.sampled_from([60, HOUR, DAY, 7 * DAY]),
    st.lists(st.floats(), max_size=5),
)
def test_it_survives_any_numbers(
    equity: list[float], trades: list[tuple[float, float, float]], bar_s: int, trials: list[float]
) -> None:
    columns = np.array(trades, dtype=np.float64).reshape(-1, 3)
    run = _run(
        equity, bar_s=bar_s, benchmark=np.array(equity[::-1]), turnover=np.array(equity),
        trade_pnl=columns[:, 0], trade_return=columns[:, 1], trade_fees=columns[:, 2],
        trade_mae=columns[:, 1], trade_mfe=columns[:, 2], trade_risk=columns[:, 2], trial_sharpes=trials,
    )  # fmt: skip
    for name, figure in run.items():
        assert figure is None or math.isfinite(figure), name


def test_it_travels_between_processes() -> None:
    run = _run([100.0, 110.0, 99.0], trade_pnl=np.array([5.0, -3.0]))
    before = run["sharpe"]
    there = pickle.loads(pickle.dumps(run))
    assert there["sharpe"] == before
    assert dict(there) == dict(run)


def test_it_answers_with_plain_numbers() -> None:
    run = _run([100.0, 110.0, 99.0], trade_pnl=np.array([5.0, -3.0]), benchmark=np.array([1.0, 2.0, 3.0]))
    assert {type(figure) for figure in run.values()} <= {float, int, type(None)}


def test_it_suggests_the_name_that_was_meant() -> None:
    with pytest.raises(UnknownMetric, match=r"^Unknown metric 'sharp'\. Did you mean sharpe\?$"):
        _run([100.0])["sharp"]
    assert _run([100.0]).get("no such figure") is None


def test_it_says_nothing_of_a_run_without_bars_or_trades() -> None:
    empty = np.array([])
    run = _run([], trade_pnl=empty, trade_return=empty, trade_entry=empty, trade_exit=empty, held=empty)
    assert {name: figure for name, figure in run.items() if figure is not None} == {"trades": 0}


def test_it_compares_with_a_market_that_began_later() -> None:
    closes = np.array([math.nan, 50.0, 55.0, math.nan, math.nan])
    run = _run([100.0, 110.0, 105.0, 120.0, 130.0], benchmark=closes)
    assert run["benchmark_return"] == pytest.approx(0.1)
    assert _run([100.0], benchmark=np.array([math.nan]))["benchmark_return"] is None


def test_it_never_answers_with_infinity_or_nan() -> None:
    for equity in ([100.0] * 5, [0.0] * 5, [math.nan] * 5, [-5.0, 3.0, math.inf], [1e308, 1e-308, 1e308]):
        for name, figure in _run(equity).items():
            assert figure is None or math.isfinite(figure), name
