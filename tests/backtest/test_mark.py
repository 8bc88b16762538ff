"""A position ends where the mark uses up its margin, and is closed where the market trades then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.market import Market
from candlewick.backtest.record import Drive
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars, resample
from tests.backtest.randomly import perpetual
from tests.backtest.test_run import FLAT, Said, at, bars_of

DRIVES: tuple[Drive, ...] = ("arrays", "woken", "on_bar", "step")
# ten times levered from 100, without tiers: the margin is used up at 90
LONG: dict[str, Any] = {"cash": 1_000, "fee_taker": 0.0, "leverage": 10}


def held(bars: Bars, *mark: tuple[float, float, float, float], **signals: Any) -> Result:
    """One long (or what `signals` say) from the second bar on, every way; all ways must agree."""
    said = signals or {"enter_long": at(len(bars), 0)}
    results = [
        cw.backtest(Said(**said), Market(bars, mark=bars_of(*mark) if mark else None), drive=drive, **LONG)
        for drive in DRIVES
    ]
    for other in results[1:]:
        assert other.equity.tolist() == pytest.approx(results[0].equity.tolist())
        assert [trade.exit_price for trade in other.trades] == [
            trade.exit_price for trade in results[0].trades
        ]
    return results[0]


def ending(result: Result) -> tuple[str, int | None, float]:
    (trade,) = result.trades
    return trade.reason, trade.exit_bar, trade.exit_price


WICK = (100.0, 101.0, 85.0, 100.0)


def test_a_wick_that_the_mark_does_not_follow_ends_nothing() -> None:
    bars = bars_of(FLAT, FLAT, WICK, FLAT)
    assert ending(held(bars)) == ("liquidation", 2, 90.0)
    assert ending(held(bars, FLAT, FLAT, FLAT, FLAT)) == ("open", None, 100.0)


def test_a_mark_that_falls_further_than_the_trades_ends_it_at_the_worst_of_those() -> None:
    bars = bars_of(FLAT, FLAT, (100.0, 101.0, 93.0, 99.0), FLAT)
    assert ending(held(bars, FLAT, FLAT, WICK, FLAT)) == ("liquidation", 2, 93.0)


def test_a_mark_that_opens_beyond_the_end_closes_it_at_the_open_that_trades() -> None:
    bars = bars_of(FLAT, FLAT, (96.0, 101.0, 95.0, 99.0), FLAT)
    below = (89.0, 101.0, 89.0, 99.0)
    assert ending(held(bars, FLAT, FLAT, below, FLAT)) == ("liquidation", 2, 96.0)


def test_a_short_is_ended_by_the_marks_high() -> None:
    bars = bars_of(FLAT, FLAT, FLAT, FLAT)
    spike = (100.0, 115.0, 99.0, 100.0)
    said = {"enter_short": at(4, 0)}
    assert ending(held(bars, FLAT, FLAT, spike, FLAT, **said)) == ("liquidation", 2, 101.0)


def test_a_stop_is_judged_by_what_trades_and_met_first_where_it_is_nearer() -> None:
    bars, said = bars_of(FLAT, FLAT, (100.0, 101.0, 94.0, 99.0), FLAT), {"enter_long": at(4, 0)}
    near = held(bars, FLAT, FLAT, WICK, FLAT, **said, stop_loss=0.05)
    assert ending(near) == ("stop_loss", 2, 95.0)
    far = held(bars, FLAT, FLAT, WICK, FLAT, **said, stop_loss=0.07)  # at 93, where nothing trades
    assert ending(far) == ("liquidation", 2, 94.0)


def test_where_the_mark_is_not_known_trades_judge_and_a_warning_says_so() -> None:
    bars = bars_of(FLAT, FLAT, WICK, FLAT)
    known = bars_of(FLAT, FLAT, FLAT, FLAT)
    mark = Bars.from_arrays(
        symbol="X", timeframe="1m", time=known.time[:2],
        **{name: getattr(known, name)[:2] for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip
    result = cw.backtest(Said(enter_long=at(4, 0)), Market(bars, mark=mark), **LONG)
    assert ending(result) == ("liquidation", 2, 90.0)
    assert "The mark of X is not known at 2 bars: traded prices judged margin there." in result.warnings


def test_funding_is_paid_on_the_mark_where_it_does_not_tell_its_own() -> None:
    bars = bars_of(FLAT, FLAT, FLAT)
    dear = (110.0, 111.0, 109.0, 110.0)
    rates = cw.FundingRates(bars.time[2:], np.array([0.01]))
    market = Market(bars, funding=rates, mark=bars_of(FLAT, FLAT, dear))
    result = cw.backtest(Said(enter_long=at(3, 0)), market, cash=1_000, fee_taker=0.0)
    assert result.funding == pytest.approx(-10 * 110 * 0.01)


def test_finer_bars_want_a_mark_as_fine() -> None:
    minutes = bars_of(*[FLAT] * 6, WICK, *[FLAT] * 3)
    minutes = Bars.from_arrays(
        symbol="X", timeframe="1m", time=minutes.time - minutes.time[0] + 300,
        **{name: getattr(minutes, name) for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip
    fives = resample(minutes, "5m")
    calm = Bars.from_arrays(
        symbol="X", timeframe="1m", time=minutes.time,
        **{name: np.full(10, 100.0) for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip
    for drive in DRIVES:
        said = Said(enter_long=at(2, 0))
        judged = cw.backtest(said, Market(fives, finer=minutes, mark=calm), drive=drive, **LONG)
        assert ending(judged) == ("open", None, 100.0)
        traded = cw.backtest(said, Market(fives, finer=minutes), drive=drive, **LONG)
        assert ending(traded) == ("liquidation", 1, 90.0)
    with pytest.raises(
        UsageError, match="The mark of X is of 5m, but is to judge bars of 1m: load it in that"
    ):
        cw.backtest(Said(enter_long=at(2, 0)), Market(fives, finer=minutes, mark=resample(calm, "5m")))


def test_a_mark_of_another_time_or_of_spot_is_refused() -> None:
    bars, early = bars_of(FLAT, FLAT), resample(bars_of(FLAT, FLAT), "1m")
    early = Bars(early.symbol, "1m", early.time - 86_400, early.open, early.high, early.low, early.close,
                 early.volume)  # fmt: skip
    with pytest.raises(UsageError, match="The mark of X is not known at any of its bars"):
        cw.backtest(Said(enter_long=True), Market(bars, mark=early))
    spot = perpetual("X", "0.1", "0.001")
    with pytest.raises(UsageError, match="X is spot: it has no margin that a mark judges"):
        Market(bars, type(spot)(**{**{f: getattr(spot, f) for f in spot.__struct_fields__}, "kind": "spot"}),
               mark=bars)  # fmt: skip


def test_the_report_says_what_margin_was_judged_by() -> None:
    from candlewick.backtest.report.sheet import sections

    bars = bars_of(FLAT, FLAT)
    for market, word in ((Market(bars), "traded prices"), (Market(bars, mark=bars), "the mark")):
        facts = dict(sections(cw.backtest(Said(enter_long=True), market)).facts)
        assert facts["Margin judged by"] == word


class DayByDay(cw.Strategy):
    """Long for a day at a time, with little."""

    sizing = cw.Notional(100)
    time_exit = 24

    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        return cw.Signals(enter_long=True)


def test_recorded_marks_spare_what_recorded_wicks_would_have_ended(recordings: Path) -> None:
    folder = recordings / "ohlcv/binance_perp_1h"
    bars = cw.read(folder / "BTC_USDT_USDT-1h-futures.feather", symbol="BTCUSDT-PERP")
    mark = cw.read(folder / "BTC_USDT_USDT-1h-mark.feather", symbol="BTCUSDT-PERP")
    ended = []
    for market in (Market(bars), Market(bars, mark=mark)):
        result = cw.backtest(DayByDay(), market, leverage=50)
        ended.append(sum(trade.reason == "liquidation" for trade in result.trades))
    traded, marked = ended
    assert 0 < marked < traded
