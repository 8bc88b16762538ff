"""Reasons not to believe a run's figures."""

from __future__ import annotations

import numpy as np
import pytest

import candlewick as cw
from candlewick.ledger.csv_fills import infer_instrument


class Waves(cw.Strategy):
    """Long in every other ten bars."""

    length = cw.Param(10, low=2, high=100)

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        phase = np.arange(len(bars)) % (2 * self.length)
        return cw.Signals(enter_long=phase == 0, exit_long=phase == self.length)


def bars(count: int = 400, symbol: str = "BTCUSDT-PERP", volume: float = 1e9) -> cw.Bars:
    close = 100 + np.arange(count) % 7
    return cw.Bars.from_arrays(
        symbol=symbol, timeframe="1h", time=3600 * np.arange(count), open=close, high=close, low=close,
        close=close, volume=np.full(count, volume),
    )  # fmt: skip


def perpetual(funding: cw.FundingRates | None) -> cw.Market:
    return cw.Market(bars(), infer_instrument("x:BTCUSDT-PERP", primary="x"), funding)


def test_a_perpetual_without_funding_is_told() -> None:
    said = cw.backtest(Waves, perpetual(None)).warnings
    assert any(each.startswith("No funding is known of BTCUSDT-PERP: nothing was paid") for each in said)
    rates = cw.FundingRates(8 * 3600 * np.arange(50), np.full(50, 0.0001))
    assert not any("funding" in each for each in cw.backtest(Waves, perpetual(rates)).warnings)
    assert not any("funding" in each for each in cw.backtest(Waves, bars()).warnings)


def test_few_trades_are_told() -> None:
    assert any("20 closed trades say little" in each for each in cw.backtest(Waves, bars()).warnings)


def test_fills_that_nobody_was_there_for_are_told() -> None:
    said = cw.backtest(Waves, bars(volume=0.0)).warnings
    assert any("fell into bars in which nothing was traded" in each for each in said)
    said = cw.backtest(Waves, bars(volume=1.0)).warnings
    assert any("were larger than all that their bar traded" in each for each in said)


@pytest.mark.parametrize(("length", "told"), [(3, True), (50, False), (98, True)])
def test_a_parameter_at_the_edge_of_its_range_is_told(length: int, told: bool) -> None:
    said = cw.backtest(Waves(length=length), bars()).warnings
    assert any("at the edge of its range (2 to 100)" in each for each in said) is told
