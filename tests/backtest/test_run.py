"""A strategy of signals over bars: when it trades, at which price, and what is left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.record import Drive
from candlewick.core.errors import StrategyError, UsageError
from candlewick.market.bars import Bars
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.strategy import Strategy


def bars_of(*rows: tuple[float, float, float, float], symbol: str = "X") -> Bars:
    """Minutes of open, high, low, close."""
    opened, high, low, close = zip(*rows, strict=True)
    time = 1_700_000_040 + 60 * np.arange(len(rows))
    return Bars.from_arrays(
        symbol=symbol, timeframe="1m", time=time,
        open=opened, high=high, low=low, close=close, volume=np.full(len(rows), 1e9),
    )  # fmt: skip


class Said(Strategy):
    """Signals that were written down beforehand."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.said = said

    def signals(self, bars: Bars, ind: Any) -> Signals:
        return Signals(**self.said)


def at(bars: int, *rows: int) -> Sequence[bool]:
    return [row in rows for row in range(bars)]


FLAT = (100.0, 101.0, 99.0, 100.0)


def test_a_signal_is_traded_at_the_next_open() -> None:
    bars = bars_of(FLAT, (102, 103, 101, 102), (110, 111, 109, 110), (120, 121, 119, 120))
    result = cw.backtest(Said(enter_long=at(4, 0), exit_long=at(4, 2)), bars, cash=1_000, fee_taker=0.0)
    (trade,) = result.trades
    assert (trade.entry_price, trade.exit_price, trade.entry_bar, trade.exit_bar) == (102.0, 120.0, 1, 3)
    assert trade.pnl == pytest.approx(1_000 * (120 / 102 - 1))
    assert result.equity.tolist() == pytest.approx([1_000, 1_000, 1_000 / 102 * 110, 1_000 / 102 * 120])


def test_the_fee_of_an_entry_with_all_there_is_is_part_of_it() -> None:
    result = cw.backtest(Said(enter_long=True), bars_of(FLAT, FLAT), cash=1_000, fee_taker=0.01)
    (fill,) = result.fills
    assert fill["size"] * 100 * 1.01 == pytest.approx(1_000)
    assert result.equity[-1] == pytest.approx(1_000 - fill["fee"])


def test_the_stop_comes_first_where_one_bar_holds_both() -> None:
    bars = bars_of(FLAT, FLAT, (100, 110, 90, 105))
    said = Said(enter_long=at(3, 0), stop_loss=0.05, take_profit=0.05)
    (trade,) = cw.backtest(said, bars, fee_taker=0.0).trades
    assert (trade.reason, trade.exit_price) == ("stop_loss", 95.0)


def test_finer_bars_decide_where_they_are_there() -> None:
    hour = Bars.from_arrays(
        symbol="X", timeframe="1h", time=[0, 3600, 7200], open=[100, 100, 100], high=[100, 100, 110],
        low=[100, 100, 90], close=[100, 100, 105], volume=[1, 1, 1],
    )  # fmt: skip
    half = Bars.from_arrays(
        symbol="X", timeframe="30m", time=np.arange(6) * 1800, open=[100, 100, 100, 100, 100, 108],
        high=[100, 100, 100, 100, 110, 109], low=[100, 100, 100, 100, 99, 90],
        close=[100, 100, 100, 100, 108, 105], volume=[1] * 6,
    )  # fmt: skip
    said = Said(enter_long=at(3, 0), stop_loss=0.05, take_profit=0.05)
    (trade,) = cw.backtest(said, cw.Market(hour, finer=half), fee_taker=0.0).trades
    assert (trade.reason, trade.exit_price) == ("take_profit", 105.0)


@pytest.mark.parametrize("drive", ["arrays", "woken", "on_bar", "step"])
def test_a_trade_tells_where_its_stop_and_target_stood(drive: Drive) -> None:
    bars = bars_of(FLAT, FLAT, FLAT, FLAT)
    said = Said(enter_long=at(4, 0), exit_long=at(4, 1), stop_loss=0.02, take_profit=[0.05, 0.1, 0.1, 0.1])
    (trade,) = cw.backtest(said, bars, drive=drive).trades
    assert trade.stop == 98.0
    assert trade.target == pytest.approx(105.0)
    (bare,) = cw.backtest(Said(enter_long=at(4, 0)), bars, drive=drive).trades
    assert (bare.stop, bare.target) == (None, None)


def test_tables_of_trades_have_the_same_columns_where_there_are_none() -> None:
    bars = bars_of(FLAT, FLAT, FLAT)
    none, some = (cw.backtest(Said(enter_long=said), bars).trades for said in (False, at(3, 0)))
    assert (len(none), len(some)) == (0, 1)
    assert none.to_polars().schema == some.to_polars().schema
    assert some.to_polars()["entry_time"][0] == some[0].entry_time


def test_a_frame_library_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pandas is not installed"):
        cw.backtest(Said(enter_long=at(3, 0)), bars_of(FLAT, FLAT, FLAT)).trades.to_pandas()


def test_a_market_that_opens_beyond_the_stop_is_left_at_its_open() -> None:
    bars = bars_of(FLAT, FLAT, (80, 82, 79, 81))
    (trade,) = cw.backtest(Said(enter_long=at(3, 0), stop_loss=0.05), bars, fee_taker=0.0).trades
    assert (trade.reason, trade.exit_price) == ("stop_loss", 80.0)


def test_a_position_without_margin_left_is_liquidated_and_owes_nothing() -> None:
    bars = bars_of(FLAT, FLAT, (100, 100, 50, 60))
    result = cw.backtest(Said(enter_long=at(3, 0)), bars, cash=1_000, leverage=5, fee_taker=0.0)
    (trade,) = result.trades
    assert trade.reason == "liquidation"
    assert result.equity[-1] == pytest.approx(0.0, abs=1e-9)


def test_all_markets_share_the_cash() -> None:
    one, other = bars_of(FLAT, FLAT, FLAT, symbol="A"), bars_of(FLAT, FLAT, FLAT, symbol="B")
    result = cw.backtest(Said(enter_long=True, size=0.6), [one, other], cash=1_000, fee_taker=0.0)
    assert result.fills["size"].tolist() == pytest.approx([6.0, 4.0])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"enter_long": [True]}, "enter_long has 1 values, but there are 2 bars"),
        ({"enter_long": [1.0, np.nan]}, "enter_long is nan in row 1"),
        ({"enter_long": True, "stop_loss": -0.1}, "stop_loss is -0.1"),
        ({"enter_long": True, "size": [1.0, np.nan]}, "size is nan in row 1"),
    ],
)
def test_it_says_what_is_wrong_with_signals(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        cw.backtest(Said(**said), bars_of(FLAT, FLAT))


def test_a_signal_that_there_is_not_is_told_with_what_is_near_to_it() -> None:
    with pytest.raises(StrategyError, match=r"Signals has no 'enter_lng'. Did you mean enter_long\?"):
        cw.backtest(Said(enter_lng=True), bars_of(FLAT, FLAT))
    with pytest.raises(UsageError, match=r"Signals has no 'colour'\. It has: enter_long, exit_long"):
        Signals(colour=1)  # type: ignore[call-arg]


def test_it_says_when_the_cash_buys_nothing() -> None:
    from decimal import Decimal

    from candlewick.core.instrument import Instrument

    coin = Instrument(
        id="x:X", venue="x", symbol="X", native="X", kind="spot", base="X", quote="USDT", settle="USDT",
        tick=Decimal("0.01"), lot=Decimal("1"), min_notional=Decimal(5),
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"Not one of 1 entries could be made with 50\.00"):
        cw.backtest(Said(enter_long=at(2, 0)), cw.Market(bars_of(FLAT, FLAT), coin), cash=50)


def test_it_says_which_lot_the_cash_does_not_buy_where_the_market_alone_tells_it() -> None:
    with pytest.raises(UsageError, match=r"of X, at about 100, a lot is 1\. Give more cash"):
        cw.backtest(Said(enter_long=at(2, 0)), cw.Market(bars_of(FLAT, FLAT), lot=1.0), cash=50)


def test_it_says_when_entries_are_of_no_size() -> None:
    with pytest.raises(UsageError, match=r"of X, at about 100, their size comes to nothing\. Give more"):
        cw.backtest(Said(enter_long=at(2, 0), size=0.0), bars_of(FLAT, FLAT))


@pytest.mark.parametrize("drive", ["arrays", "woken"])
def test_it_says_when_a_risk_has_no_stop_to_be_sized_by(drive: Any) -> None:
    class Risked(Said):
        sizing = cw.Risk(0.01)

    bars = bars_of(FLAT, FLAT)
    with pytest.raises(
        UsageError, match=r"Risked sizes .*Risk\(amount=0\.01\).* give its Signals a stop_loss"
    ):
        cw.backtest(Risked(enter_long=at(2, 0)), bars, drive=drive)
    cw.backtest(Risked(enter_long=at(2, 0), stop_loss=0.1), bars, drive=drive)


def test_an_account_that_lost_everything_does_not_trade_what_rounding_left_of_it() -> None:
    lost = (97.7, 97.8, 80.0, 97.7)
    bars = bars_of(FLAT, lost, *[(101.9, 102, 101, 101.5), (111.7, 120, 111, 112)] * 4)
    result = cw.backtest(Said(enter_long=True), bars, cash=300, leverage=20, fee_taker=0.0)
    assert [trade.reason for trade in result.trades] == ["liquidation"]
    assert result.skipped == {"X": 8}
