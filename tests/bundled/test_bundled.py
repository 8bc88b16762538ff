"""The bundled strategies: what each does on a market made for it, and what holds for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

import candlewick as cw
from candlewick.bundled.bollinger_breakout import BollingerBreakout
from candlewick.bundled.donchian_trend import DonchianTrend
from candlewick.bundled.ema_cross import EmaCross
from candlewick.bundled.funding_carry import FundingCarry
from candlewick.bundled.grid import Grid
from candlewick.bundled.rsi_reversion import RsiReversion
from candlewick.core.errors import StrategyError
from candlewick.research.loading import BUNDLED, bundled_of
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


def carried(price: ArrayLike, premium: float | ArrayLike, rate: float = 0.0001) -> list[cw.Market]:
    """A coin and its perpetual, which stands above it by `premium`, with funding each eight hours."""
    spot = hours(price, "XUSDT", wick=0.0)
    perpetual = hours(np.asarray(price) * (1 + np.asarray(premium)), "XUSDT-PERP", wick=0.0)
    due = perpetual.time[::8]
    rates = cw.FundingRates(due, np.full(len(due), rate))
    return [cw.Market(spot), cw.Market(perpetual, funding=rates)]


def test_the_carry_earns_the_funding_whatever_the_price_does() -> None:
    price = 100 * np.exp(0.15 * np.sin(np.arange(1_200) / 50))
    result = cw.backtest(FundingCarry(), carried(price, 0.001), fee_taker=0.0)
    long, short = sorted(result.trades, key=lambda trade: trade.side)
    assert (long.symbol, short.symbol) == ("XUSDT", "XUSDT-PERP")
    assert long.size == short.size
    # 48 % of the money, for each of the settlements that it was held over
    held = (1_200 - short.entry_bar) // 8
    worth = long.size * float(np.mean(price))
    assert result.funding == pytest.approx(held * worth * 0.0001, rel=0.03)
    assert result.equity[-1] - 10_000 == pytest.approx(result.funding, rel=0.02)


def test_the_carry_is_closed_when_the_perpetual_is_the_cheaper_one() -> None:
    premium = np.concatenate((np.full(600, 0.001), np.full(400, -0.001)))
    trades = cw.backtest(FundingCarry(), carried(np.full(1_000, 100.0), premium)).trades
    assert [trade.is_open for trade in trades] == [False, False]
    assert 600 < int(trades[0].exit_bar or 0) < 800


def test_the_carry_is_opened_anew_before_a_rise_uses_up_the_margin_of_its_short() -> None:
    price = 100 * np.exp(np.concatenate((np.zeros(300), np.linspace(0, 1.2, 900))))
    result = cw.backtest(FundingCarry(), carried(price, 0.001), fee_taker=0.0)
    assert len(result.trades) > 4
    assert {trade.reason for trade in result.trades} <= {"signal", "open"}
    never = cw.backtest(FundingCarry(rebalance=0.6), carried(price, 0.001, rate=0.0), leverage=2.5)
    assert "liquidation" in {trade.reason for trade in never.trades}
    assert not any(trade.side == "long" and trade.reason == "liquidation" for trade in never.trades)


def test_the_carry_says_which_markets_it_wants() -> None:
    with pytest.raises(StrategyError, match="it wants two markets, a spot and its perpetual"):
        cw.backtest(FundingCarry(), hours(np.full(300, 100.0)))


def test_the_grid_earns_its_steps_where_the_price_wanders() -> None:
    price = 100 * (1 + 0.025 * np.sin(np.arange(2_000) / 8))
    result = cw.backtest(Grid(), hours(price), fee_maker=0.0)
    assert result.equity[-1] > 10_200
    maker = result.fills["maker"]
    assert maker.mean() > 0.9
    bought = result.fills[result.fills["side"] > 0]["price"]
    assert ((bought / 100 - 1) % 0.01 < 0.0052).mean() > 0.5


def test_the_grid_holds_no_more_than_its_levels_and_gives_up_below_the_last() -> None:
    falling = np.concatenate((np.full(200, 100.0), np.linspace(100, 60, 100), np.full(200, 60.0)))
    result = cw.backtest(Grid(), hours(falling), fee_maker=0.0, fee_taker=0.0)
    first = result.trades[0]
    assert first.reason == "signal"
    assert first.size * first.entry_price < 10_000
    # five steps bought between 1 and 5 % below the mean, sold some 7 % below it
    assert -0.06 < first.return_ < -0.02
    assert not any(trade.is_open for trade in result.trades)
