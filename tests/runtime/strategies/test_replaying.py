"""A strategy replayed through the real heart finds what its backtest found: fills, fees, funding, equity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

import candlewick as cw
from candlewick.backtest.market import FundingRates, Market
from candlewick.backtest.result import Result
from candlewick.bundled.bollinger_breakout import BollingerBreakout
from candlewick.bundled.donchian_trend import DonchianTrend
from candlewick.bundled.ema_cross import EmaCross
from candlewick.bundled.funding_carry import FundingCarry
from candlewick.bundled.grid import Grid
from candlewick.bundled.rsi_reversion import RsiReversion
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars, resample
from candlewick.runtime.strategies.replaying import replay
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.strategy import Strategy
from tests.backtest.randomly import Case, perpetual, replayable, walk
from tests.backtest.test_events import Asking
from tests.examples import examples

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
        backtest = cw.backtest(case.strategy, case.markets, drive="arrays", **case.account)
    except UsageError as error:
        if "Not one of" in str(error):
            return  # too little cash for a lot: nothing is traded in either
        raise
    assert_same(backtest, *replay(case.strategy, case.markets, **case.account))


@given(replayable())
@settings(max_examples=examples(15))
def test_a_replay_through_the_heart_finds_what_the_backtest_found(case: Case) -> None:
    compare(case)


def market(seed: int, bars: int, symbol: str = "A", **more: Any) -> Market:
    prices = walk(seed, bars, symbol=symbol, tick=0.1)
    return Market(prices, perpetual(symbol, "0.1", "0.001"), **more)


def test_orders_of_a_strategys_own_find_the_same() -> None:
    """Market, limit, stop and trailing orders with legs, long and short, over a market that moves a lot."""

    def ask(ctx: Context) -> None:
        step = ctx.index % 10
        price = ctx.close[-1]
        if step == 0:
            ctx.cancel_all()
            ctx.exit()
        elif step == 1:
            ctx.buy(quantity=1, limit=price * 0.99, stop_distance=0.02, target_distance=0.03)
        elif step == 4 and not ctx.position:
            ctx.cancel_all()
            ctx.sell(quantity=2, stop_distance=0.01, trailing_stop=0.02)
        elif step == 7 and ctx.position:
            ctx.exit()

    asked = [(bar, ask) for bar in range(300)]
    for seed in range(2):
        markets = [market(seed, 300)]
        terms: dict[str, Any] = {"cash": 10_000.0, "leverage": 2.0, "slippage_bps": 1.0}
        backtest = cw.backtest(Asking(*asked), markets, **terms)
        assert len(backtest.fills) > 20
        assert_same(backtest, *replay(Asking(*asked), markets, **terms))


@pytest.mark.parametrize("strategy", [EmaCross, RsiReversion, BollingerBreakout, DonchianTrend])
def test_bundled_strategies_find_the_same(strategy: type[Strategy]) -> None:
    markets = [
        Market(walk(seed, 1_500, symbol="AB"[seed], tick=0.1, timeframe=strategy.timeframe or "1h"),
               perpetual("AB"[seed], "0.1", "0.001"))
        for seed in range(2)
    ]  # fmt: skip
    backtest = cw.backtest(strategy, markets, slippage_bps=2)
    assert len(backtest.fills)
    assert_same(backtest, *replay(strategy, markets, slippage_bps=2))


@pytest.mark.parametrize("kind", ["perp", "spot"])
def test_a_grid_of_limit_orders_finds_the_same(kind: Any) -> None:
    prices = walk(3, 600, symbol="A", tick=0.1, timeframe="1h")
    markets = [Market(prices, replace(perpetual("A", "0.1", "0.001"), kind=kind))]
    backtest = cw.backtest(Grid, markets)
    assert len(backtest.fills) > 100
    assert_same(backtest, *replay(Grid, markets))


def test_a_carry_over_two_markets_finds_the_same() -> None:
    prices = walk(3, 600, symbol="A", tick=0.1, timeframe="1h")
    dearer = {
        name: np.round(getattr(prices, name) * 1.002, 1)
        for name in ("open", "high", "low", "close", "volume")
    }
    contract = Bars.from_arrays(symbol="A-PERP", timeframe="1h", time=prices.time, **dearer)
    paid = np.round(np.random.default_rng(1).normal(0.0004, 0.0002, 75), 8)
    markets = [
        Market(prices, replace(perpetual("A", "0.1", "0.001"), kind="spot")),
        Market(contract, perpetual("A-PERP", "0.1", "0.001"), FundingRates(prices.time[::8], paid)),
    ]
    backtest = cw.backtest(FundingCarry, markets)
    assert len(backtest.fills)
    assert backtest.funding
    assert_same(backtest, *replay(FundingCarry, markets))


def by_the_minute(seed: int, hours: int, **more: Any) -> Market:
    """Hours that are made of minutes, which decide what came first in them."""
    minutes = walk(seed, hours * 60, symbol="A", tick=0.1)
    hourly = resample(minutes, "1h")
    return Market(hourly, perpetual("A", "0.1", "0.001"), finer=minutes, **more)


@pytest.mark.parametrize("seed", range(4))
def test_finer_bars_decide_alike_what_came_first(seed: int) -> None:
    def ask(ctx: Context) -> None:
        step, price = ctx.index % 5, ctx.close[-1]
        if step == 0:
            ctx.cancel_all()
            ctx.exit()
        elif step == 1:
            ctx.buy(quantity=1, limit=price * 0.99, stop_distance=0.01, target_distance=0.01)
        elif step == 3 and not ctx.position:
            ctx.cancel_all()
            ctx.sell(quantity=2, stop_distance=0.01, target_distance=0.015, trailing_stop=0.02)

    asked = [(bar, ask) for bar in range(200)]
    terms: dict[str, Any] = {"cash": 10_000.0, "leverage": 3.0}
    market = by_the_minute(seed, 200)
    backtest = cw.backtest(Asking(*asked), [market], **terms)
    coarse = cw.backtest(Asking(*asked), [Market(market.bars, market.instrument)], **terms)
    assert backtest.fills["price"].tolist() != coarse.fills["price"].tolist(), "they had nothing to decide"
    assert_same(backtest, *replay(Asking(*asked), [market], **terms))


def test_signals_with_brackets_find_the_same_by_finer_bars() -> None:
    market = by_the_minute(7, 700)
    backtest = cw.backtest(BollingerBreakout, [market], slippage_bps=2)
    assert len(backtest.fills)
    assert_same(backtest, *replay(BollingerBreakout, [market], slippage_bps=2))


def test_a_market_without_an_instrument_is_refused() -> None:
    with pytest.raises(UsageError, match="give the Market an instrument that states both"):
        replay(Asking(), walk(1, 20, symbol="A", tick=0.1))
