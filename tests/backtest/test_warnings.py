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


def test_a_strategy_that_waits_for_longer_than_there_are_bars_is_told() -> None:
    class Waiting(Waves):
        warm_up = 500

    class Averaging(Waves):
        def indicators(self, bars: cw.Bars) -> cw.Indicators:
            return {"mean": cw.ta.sma(bars.close, 450)}

    waiting, averaging = (cw.backtest(kind, bars()).warnings[0] for kind in (Waiting, Averaging))
    assert waiting == (
        "Waiting said nothing of BTCUSDT-PERP: there are 400 bars, and it waits for 500. "
        "Load more, or lower its lengths."
    )
    assert "there are 400 bars, and its indicators have no value" in averaging
    assert not any("said nothing" in each for each in cw.backtest(Waves, bars()).warnings)


def test_a_perpetual_without_funding_is_told() -> None:
    said = cw.backtest(Waves, perpetual(None)).warnings
    assert any(each.startswith("No funding is known of BTCUSDT-PERP: nothing was paid") for each in said)
    rates = cw.FundingRates(8 * 3600 * np.arange(50), np.full(50, 0.0001))
    assert not any("funding" in each for each in cw.backtest(Waves, perpetual(rates)).warnings)
    assert not any("funding" in each for each in cw.backtest(Waves, bars(symbol="BTCUSDT")).warnings)


def test_a_perpetual_is_known_by_its_name_where_nothing_else_is() -> None:
    assert any(each.startswith("No funding is known") for each in cw.backtest(Waves, bars()).warnings)


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


DAY = 86_400
MONDAY = 4 * DAY  # 5 January 1970


def bars_on(days: list[int], timeframe: str = "1d") -> cw.Bars:
    prices = {name: np.full(len(days), 100.0) for name in ("open", "high", "low", "close", "volume")}
    time = MONDAY + DAY * np.array(days)
    return cw.Bars.from_arrays(symbol="X", timeframe=timeframe, time=time, **prices)


def of_the_year(bars: cw.Bars, days_a_year: float) -> list[str]:
    result = cw.backtest(Waves, bars, days_a_year=days_a_year)
    return [each for each in result.warnings if "of a year" in each]


WEEKDAYS = [day for day in range(365) if day % 7 < 5]
EVERY_DAY = list(range(365))


@pytest.mark.parametrize("timeframe", ["1d", "4h"])
def test_it_warns_of_stocks_that_are_judged_by_365_days(timeframe: str) -> None:
    (sentence,) = of_the_year(bars_on(WEEKDAYS, timeframe), 365)
    assert sentence.startswith("There are bars on 261 days of a year, but a year is counted as 365")
    assert "days_a_year=252" in sentence


def test_it_warns_of_a_market_that_never_closes_judged_by_252_days() -> None:
    (sentence,) = of_the_year(bars_on(EVERY_DAY), 252)
    assert sentence.startswith("There are bars on 365 days of a year, but a year is counted as 252")
    assert "days_a_year=365" in sentence


@pytest.mark.parametrize(
    ("days", "days_a_year"),
    [(WEEKDAYS, 252), (EVERY_DAY, 365), ([day for day in EVERY_DAY if day % 10], 365), (WEEKDAYS[:50], 365)],
)
def test_it_is_silent_where_they_agree_and_where_too_few_days_are_known(
    days: list[int], days_a_year: float
) -> None:
    assert of_the_year(bars_on(days), days_a_year) == []


def test_what_closes_at_night_has_no_gaps_there() -> None:
    holed = _weekdays()
    assert holed.gaps > 0
    assert not any("are missing (" in each for each in cw.backtest(Waves, holed, days_a_year=252).warnings)
    assert any("are missing (" in each for each in cw.backtest(Waves, holed).warnings)


def _weekdays() -> cw.Bars:
    days = np.arange(400)
    open_days = days[(days + 3) % 7 < 5]  # 1970-01-01 was a Thursday
    price = np.full(len(open_days), 100.0)
    return cw.Bars.from_arrays(
        symbol="GOOG", timeframe="1d", time=86_400 * open_days, open=price, high=price, low=price,
        close=price, volume=price,
    )  # fmt: skip
