"""The bundled strategies: what each does on a market made for it, and what holds for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

import candlewick as cw
from candlewick.research.loading import BUNDLED, bundled_of
from candlewick.trading.strategy.bundled.bollinger_breakout import BollingerBreakout
from candlewick.trading.strategy.bundled.donchian_trend import DonchianTrend
from candlewick.trading.strategy.bundled.ema_cross import EmaCross
from candlewick.trading.strategy.bundled.rsi_reversion import RsiReversion
from candlewick.trading.strategy.signals import names
from candlewick.trading.strategy.strategy import Strategy

SIGNALLING = [each for name in BUNDLED if (each := bundled_of(name).strategy).signals_only()]


def hours(close: ArrayLike, symbol: str = "X", wick: float = 0.0005) -> cw.Bars:
    """Hours that open where the one before closed."""
    closed = np.asarray(close, np.float64)
    opened = np.concatenate((closed[:1], closed[:-1]))
    return cw.Bars.from_arrays(
        symbol=symbol, timeframe="1h", time=1_699_999_200 + 3600 * np.arange(len(closed)), open=opened,
        high=np.maximum(opened, closed) * (1 + wick), low=np.minimum(opened, closed) * (1 - wick),
        close=closed, volume=np.full(len(closed), 1e9),
    )  # fmt: skip


def walk(seed: int, bars: int = 2_500) -> cw.Bars:
    steps = np.random.default_rng(seed).normal(0.0, 0.01, bars)
    return hours(100 * np.exp(np.cumsum(steps)), wick=0.003)


def said(strategy: Strategy, bars: cw.Bars) -> dict[str, Any]:
    """The columns of its signals."""
    signals = strategy.signals(bars, strategy.indicators(bars))
    columns = {name: getattr(signals, name) for name in names()}
    return {
        name: np.broadcast_to(column, len(bars)) for name, column in columns.items() if column is not None
    }


@pytest.mark.parametrize("strategy", SIGNALLING)
def test_no_signal_changes_when_the_future_is_cut_off(strategy: type[Strategy]) -> None:
    bars = walk(1)
    whole = said(strategy(), bars)
    for rows in (1_200, 1_201, 1_733, 2_499):
        for name, column in said(strategy(), bars[:rows]).items():
            np.testing.assert_allclose(column, whole[name][:rows], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", BUNDLED)
def test_it_tells_its_idea_and_when_it_loses_and_every_parameter(name: str) -> None:
    text = str(bundled_of(name).strategy.__doc__)
    assert "The idea: " in text
    assert "When it loses: " in text
    for parameter, param in bundled_of(name).strategy.parameters().items():
        assert f"`{parameter}`" in text
        assert param.grid()


@pytest.mark.parametrize("name", BUNDLED)
def test_it_is_short_enough_to_be_read(name: str) -> None:
    assert len(bundled_of(name).source.splitlines()) <= 60


def test_the_cross_is_long_while_the_market_rises_and_short_where_it_may_be() -> None:
    bars = hours(
        np.concatenate((np.linspace(100, 90, 60), np.linspace(90, 140, 80), np.linspace(140, 90, 80)))
    )
    (trade,) = cw.backtest(EmaCross, bars).trades
    assert trade.side == "long"
    assert 60 < trade.entry_bar < 80
    assert trade.pnl > 0
    both = cw.backtest(EmaCross(shorts=True), bars).trades
    assert [each.side for each in both] == ["long", "short"]
    assert both[0].exit_bar == both[1].entry_bar


def test_the_reversion_buys_a_dip_of_a_rising_market_and_no_dip_of_a_falling_one() -> None:
    dip = np.concatenate((np.linspace(0, -0.06, 12), np.linspace(-0.06, 0.01, 12)))
    rising = np.exp(np.concatenate((np.linspace(0, 0.5, 300), 0.5 + dip, np.linspace(0.51, 0.6, 40))))
    (trade,) = cw.backtest(RsiReversion(), hours(100 * rising)).trades
    assert 312 <= trade.entry_bar <= 320
    assert (trade.side, trade.reason) == ("long", "signal")
    assert trade.pnl > 0
    falling = np.exp(np.concatenate((np.linspace(0, -0.5, 300), -0.5 + dip, np.linspace(-0.49, -0.6, 40))))
    assert not len(cw.backtest(RsiReversion(), hours(100 * falling)).trades)


def test_the_reversion_gives_a_dip_up_at_its_stop_and_after_its_time() -> None:
    rise, dip = np.linspace(0, 0.5, 300), 0.5 + np.linspace(0, -0.06, 12)
    back = [0.445, 0.448]
    crash = np.exp(np.concatenate((rise, dip, back, np.linspace(0.44, 0.2, 20))))
    (trade,) = cw.backtest(RsiReversion(recovered=80), hours(100 * crash)).trades
    assert trade.reason == "stop_loss"
    still = np.exp(np.concatenate((rise, dip, back, np.full(100, 0.448))))
    (trade,) = cw.backtest(RsiReversion(recovered=80), hours(100 * still)).trades
    assert trade.reason == "time_exit"


def test_the_breakout_risks_one_per_cent_at_a_stop_that_is_as_wide_as_the_market_moves() -> None:
    quiet = 100 + np.tile([0.0, 0.2], 60)
    for wick in (0.001, 0.004):
        bars = hours(np.concatenate((quiet, [100.0, 102.0, 102.5, 103.0, 95.0])), wick=wick)
        (trade,) = cw.backtest(BollingerBreakout(trail_atr=10), bars, fee_taker=0.0, leverage=20).trades
        assert trade.risk is not None
        assert trade.risk == pytest.approx(100.0, rel=1e-6)
        assert trade.reason == "stop_loss"
        move = cw.ta.atr(bars.high, bars.low, bars.close, 20)[trade.entry_bar - 1] / 102.0
        stop_away = trade.risk / (trade.size * trade.entry_price)
        assert stop_away == pytest.approx(2 * move, rel=1e-6)


def test_the_portfolio_sizes_each_market_by_its_calm() -> None:
    rng = np.random.default_rng(5)
    trend = np.concatenate((np.zeros(500), np.linspace(0, 0.3, 200)))
    calm, wild = (
        hours(100 * np.exp(trend + rng.normal(0, spread, 700)), symbol)
        for spread, symbol in ((0.004, "CALM"), (0.012, "WILD"))
    )
    result = cw.backtest(DonchianTrend(), [calm, wild])
    first = {trade.symbol: trade.size * trade.entry_price for trade in sorted(result.trades, reverse=True)}
    assert first["CALM"] > 2 * first["WILD"]


def test_the_portfolio_buys_a_new_high_and_sells_a_new_low() -> None:
    close = np.concatenate((np.full(60, 100.0), [105.0] * 20, [104.0] * 10, [103.0] * 5))
    strategy = DonchianTrend(entry=50, exit=20)
    signals = said(strategy, hours(close, wick=0.0))
    assert np.flatnonzero(signals["enter_long"]).tolist() == [60]
    assert np.flatnonzero(signals["exit_long"]).tolist() == [90]
