"""The market lane: only what is wanted and has changed, whole for a newcomer, no bar's end lost."""

from __future__ import annotations

from pathlib import Path

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import (
    BookChange,
    Derivative,
    Disconnected,
    Quote,
    Ticker,
    TimePassed,
    TradesKnown,
)
from candlewick.market.bars import Bars
from tests.runtime.ground import BTC, MINUTE, Ground, bar, ground, trade

COLUMNS = ("time", "open", "high", "low", "close", "volume")


def begin(g: Ground, *channels: str) -> None:
    g.live.take(trade(1, 100.0, 1.0))
    g.live.take(TradesKnown(BTC, MINUTE, 0))
    g.market.demand(channels)


async def test_what_nobody_wants_is_not_computed(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        g.live.take(trade(1))
        g.market.flush()
        assert g.frames == []


async def test_a_newcomer_gets_the_state_as_it_is(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "prices", "candles:BTCUSDT:1m", "tape:BTCUSDT")
        assert g.bodies("prices") == [{"BTCUSDT": 100.0}]
        assert g.bodies("candles:BTCUSDT:1m")[0]["data"]["close"] == 100.0
        assert [row["id"] for row in g.bodies("tape:BTCUSDT")[0]] == ["1"]


async def test_many_changes_in_a_window_are_one_body_with_the_newest(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "candles:BTCUSDT:1m", "prices")
        g.bodies("prices")
        g.frames.clear()
        for n in range(2, 50):
            g.live.take(trade(n, 100.0 + n, 2.0))
        assert [each["data"]["close"] for each in g.bodies("candles:BTCUSDT:1m")] == [149.0]
        assert g.bodies("prices") == [{"BTCUSDT": 149.0}]


async def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "prices", "book:BTCUSDT")
        g.bodies("prices")
        g.frames.clear()
        assert g.bodies("prices") == []
        assert g.frames == []


async def test_the_last_word_of_a_bar_is_sent_before_the_next_one_begins(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "candles:BTCUSDT:1m")
        g.market.flush()
        g.frames.clear()
        g.live.take(trade(2, 107.0, 59.9))
        g.live.take(trade(3, 90.0, 60.1))
        bars = [each["data"] for each in g.bodies("candles:BTCUSDT:1m")]
        assert [(b["time"], b["close"], b["closed"]) for b in bars] == [
            (MINUTE, 107.0, True),
            (MINUTE + 60, 90.0, False),
        ]


async def test_only_what_is_new_to_somebody_is_sent_whole_when_the_demand_changes(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "prices", "tape:BTCUSDT")
        g.bodies("prices")
        g.frames.clear()
        g.market.demand({"prices", "tape:BTCUSDT", "candles:BTCUSDT:1m"}, {"candles:BTCUSDT:1m"})
        assert g.bodies("prices") == []
        assert [name for name, _ in g.frames] == ["candles:BTCUSDT:1m"]


async def test_a_tape_sends_each_trade_once(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "tape:BTCUSDT")
        g.market.flush()
        for id in (2, 3, 3, 2, 4):
            g.live.take(trade(id, second=2.0))
            g.market.flush()
        ids = [row["id"] for body in g.bodies("tape:BTCUSDT") for row in body]
        assert ids == ["1", "2", "3", "4"]


async def test_a_tape_is_sent_whole_again_for_a_newcomer(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "tape:BTCUSDT")
        g.bodies("tape:BTCUSDT")
        g.frames.clear()
        g.market.demand({"tape:BTCUSDT"}, {"tape:BTCUSDT"})
        assert [[row["id"] for row in body] for body in g.bodies("tape:BTCUSDT")] == [["1"]]


async def test_an_open_bar_of_which_trades_are_missing_is_not_sent(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "candles:BTCUSDT:1m")
        assert len(g.bodies("candles:BTCUSDT:1m")) == 1
        g.live.take(trade(5, 107.0, 2.0))
        assert len(g.bodies("candles:BTCUSDT:1m")) == 1
        for id in (2, 3, 4):
            g.live.take(trade(id, 103.0, 1.5))
        assert g.bodies("candles:BTCUSDT:1m")[-1]["data"]["volume"] == 5.0


async def test_sums_carry_no_noise_of_their_last_bits(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "candles:BTCUSDT:1m")
        for id in range(2, 5):
            g.live.take(trade(id, 100.0, 1.5, 0.1))
        assert 1.0 + 0.1 + 0.1 + 0.1 != 1.3
        assert g.bodies("candles:BTCUSDT:1m")[-1]["data"]["volume"] == 1.3


async def test_a_ticker_says_that_it_is_stale_while_its_connection_is_lost(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "ticker:BTCUSDT", "tickers")
        assert not g.bodies("ticker:BTCUSDT")[-1]["data"]["stale"]
        g.live.take(Disconnected("sim", "spot stream 1", "reset", (BTC,), NS_PER_S))
        assert g.bodies("ticker:BTCUSDT")[-1]["data"]["stale"]
        assert g.bodies("tickers")[-1]["BTCUSDT"]["stale"]


async def test_a_book_that_is_not_synchronised_says_why_and_shows_nothing(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "book:BTCUSDT")
        g.live.take(BookChange(BTC, True, [(99.0, 1.0)], [(101.0, 2.0)], None, 5, None, 0, 0))
        whole = g.bodies("book:BTCUSDT")[-1]["data"]
        assert (whole["asks"], whole["spread"]) == ([[101.0, 2.0]], 2.0)
        g.live.take(BookChange(BTC, False, [(99.0, 3.0)], [], 9, 9, None, 0, 0))
        data = g.bodies("book:BTCUSDT")[-1]["data"]
        assert not data["synchronised"]
        assert data["bids"] == data["asks"] == []
        assert "jump" in data["reason"]


async def test_a_ticker_carries_its_names_and_the_day(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "ticker:BTCUSDT")
        now = MINUTE * NS_PER_S
        g.live.take(Quote(BTC, 99.0, 1.0, 101.0, 1.0, 1, now, now))
        g.live.take(Ticker(BTC, 99.5, 90.0, 104.0, 80.0, 7.0, 700.0, now, now))
        data = g.bodies("ticker:BTCUSDT")[-1]["data"]
        assert (data["symbol"], data["instrument"]) == ("BTCUSDT", BTC)
        assert (data["last"], data["bid"], data["ask"], data["high"]) == (100.0, 99.0, 101.0, 104.0)
        assert "mark" not in data


async def test_funding_is_told_of_perpetuals_only(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "funding")
        assert g.bodies("funding") == []
        perp = "sim:BTCUSDT-PERP"
        g.live.take(
            Derivative(perp, 1, 1, mark=100.5, index=100.0, funding_rate=0.0001, next_funding=NS_PER_S)
        )
        [body] = g.bodies("funding")
        assert body["BTCUSDT-PERP"]["funding_rate"] == 0.0001
        assert body["BTCUSDT-PERP"]["next_funding"] == "1970-01-01T00:00:01.000Z"


async def test_a_channel_that_cannot_be_harms_no_other(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "book:NOPE", "candles:BTCUSDT:7m", "nonsense", "indicators:BTCUSDT:1m:wizard-3", "prices")
        assert g.bodies("prices") == [{"BTCUSDT": 100.0}]


async def test_an_indicator_follows_the_open_bar_once_it_has_its_history(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        channel = "indicators:BTCUSDT:1m:ema-3"
        begin(g, channel)
        assert g.bodies(channel) == []
        [source] = g.warmed
        times = [MINUTE - 180, MINUTE - 120, MINUTE - 60]
        ones = [1.0, 1.0, 1.0]
        source.take_history(
            Bars.from_arrays(
                symbol=BTC, timeframe="1m", time=times, open=ones, high=ones, low=ones, volume=ones,
                close=[90.0, 96.0, 102.0],
            )
        )  # fmt: skip
        g.market.refresh(source)
        # the mean of 90, 96, 102 is 96; the open bar's 100 weighs 2 / (3 + 1)
        assert g.bodies(channel)[-1]["data"] == {"time": MINUTE, "value": 98.0}
        g.live.take(trade(2, 104.0, 61.0))
        # 100 closed: 98; then half-way to 104
        assert g.bodies(channel)[-1]["data"] == {"time": MINUTE + 60, "value": 101.0}


async def test_an_indicator_without_history_asks_for_it_once_until_it_may_ask_again(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "indicators:BTCUSDT:1m:ema-3")
        g.market.flush()
        [source] = g.warmed
        source.take_history(Bars.from_arrays(symbol=BTC, timeframe="1m", **{key: [] for key in COLUMNS}))
        for id in range(2, 5):
            g.live.take(trade(id, 100.0, 2.0))
            g.market.flush()
        assert len(g.warmed) == 1
        source.ask_again()
        g.live.take(trade(5, 100.0, 2.0))
        g.market.flush()
        assert len(g.warmed) == 2


async def test_a_corrected_bar_makes_an_indicator_read_its_history_again(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "indicators:BTCUSDT:1m:ema-3")
        g.market.flush()
        [source] = g.warmed
        one = [1.0]
        source.take_history(
            Bars.from_arrays(
                symbol=BTC,
                timeframe="1m",
                time=[MINUTE - 60],
                open=one,
                high=one,
                low=one,
                close=one,
                volume=one,
            )
        )
        source.take_closed(bar(MINUTE - 60, 55.0))
        g.market.refresh(source)
        g.market.flush()
        assert len(g.warmed) == 2


async def test_time_alone_closes_a_bar_on_the_page(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        begin(g, "candles:BTCUSDT:1m")
        g.market.flush()
        g.frames.clear()
        g.live.take(TimePassed((MINUTE + 63) * NS_PER_S))
        bars = [each["data"] for each in g.bodies("candles:BTCUSDT:1m")]
        assert (bars[0]["time"], bars[0]["closed"]) == (MINUTE, True)
