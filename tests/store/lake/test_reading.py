"""What research reads out of a lake: by any symbol, closed bars alone, in any timeframe, and from a cache."""

from __future__ import annotations

import os

import numpy as np
import pytest

from candlewick.core.clock import ManualClock
from candlewick.core.errors import UnknownInterval, UsageError
from candlewick.core.events import Funding
from candlewick.store.lake import Lake, cache
from candlewick.store.lake.columns import Columns
from candlewick.store.lake.compact import compact
from candlewick.store.lake.kinds import CANDLES, MARK, Kind
from candlewick.store.lake.reading import bars_of, instrument_in, market_of
from tests.store.lake.samples import BTC, NS, candle

PERP = "sim:BTCUSDT-PERP"
MANY = 25_000


def fill(
    lake: Lake, count: int, instrument: str = BTC, last_closed: bool = True, kind: Kind = CANDLES
) -> None:
    """So many minutes from 0 on, their closes rising."""
    time = 60 * np.arange(count)
    close = 100.0 + np.arange(count) % 50
    values = {"open": close, "high": close, "low": close, "close": close, "volume": np.ones(count)}
    unknown = np.full(count, np.nan)
    closed = np.ones(count, np.bool_)
    closed[-1] = last_closed
    rows = Columns(time, values | {"quote_volume": unknown, "trades": unknown}, closed, time * NS)
    lake.put_rows(kind, instrument, "1m", rows)


def move(lake: Lake) -> None:
    """Compact all there is."""
    compact(lake, older_than_s=0, clock=ManualClock(40 * 86_400 * NS))


def cached(lake: Lake) -> int:
    return len(list((lake.root / cache.FOLDER).glob("*.npy")))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btc/usdt", "BTC-USDT", "sim:BTCUSDT", BTC])
def test_it_knows_an_instrument_by_all_its_names(lake: Lake, symbol: str) -> None:
    lake.put_candles([candle(0), candle(0, instrument=PERP), candle(0, instrument="other:BTCUSDT")])
    assert instrument_in(lake, symbol, "sim") == BTC
    assert instrument_in(lake, "BTC/USDT:USDT", "sim") == PERP


def test_a_bare_symbol_may_be_another_venues_if_no_second_one_has_it(lake: Lake) -> None:
    lake.put_candles([candle(0, instrument="binance:ETHUSDT")])
    assert instrument_in(lake, "ETHUSDT", "sim") == "binance:ETHUSDT"
    lake.put_candles([candle(0, instrument="bybit:ETHUSDT")])
    with pytest.raises(UsageError, match="Say which: binance:ETHUSDT, bybit:ETHUSDT"):
        instrument_in(lake, "ETHUSDT", "sim")


def test_it_names_what_is_near_to_a_symbol_that_it_has_not(lake: Lake) -> None:
    with pytest.raises(UsageError, match=r"the lake is empty\. Bring it in with `candlewick data download`"):
        instrument_in(lake, "BTCUSDT")
    lake.put_candles([candle(0), candle(0, instrument=PERP)])
    with pytest.raises(UsageError, match=r"nothing of BTCUSD\. Did you mean sim:BTCUSDT"):
        instrument_in(lake, "BTCUSD")
    with pytest.raises(UsageError, match="It has sim:BTCUSDT, sim:BTCUSDT-PERP"):
        instrument_in(lake, "ZZZ")


def test_an_open_bar_is_not_part_of_it(lake: Lake) -> None:
    fill(lake, 3, last_closed=False)
    assert bars_of(lake, BTC, "1m").time.tolist() == [0, 60]


def test_it_makes_longer_bars_of_whole_ones_alone(lake: Lake) -> None:
    fill(lake, 14)
    bars = bars_of(lake, BTC, "5m")
    assert (bars.time.tolist(), bars.close.tolist(), bars.volume.tolist()) == ([0, 300], [104, 109], [5, 5])
    # a range that begins inside a longer bar begins with the next one
    assert bars_of(lake, BTC, "5m", 60).time.tolist() == [300]


def test_bars_that_are_there_are_not_made(lake: Lake) -> None:
    fill(lake, 10)
    lake.put_candles([candle(0, 777.0, interval="5m")])
    assert bars_of(lake, BTC, "5m").close.tolist() == [777.0]


def test_it_says_what_there_is_where_it_has_nothing(lake: Lake) -> None:
    lake.put_candles([candle(3600, interval="1h"), candle(0, interval="1h")])
    with pytest.raises(UsageError, match="kept as 1h, which cannot become bars of 30m"):
        bars_of(lake, BTC, "30m")
    with pytest.raises(UsageError, match="from 1970-01-02 00:00 on: its candles reach from 1970-01-01 00:00"):
        bars_of(lake, BTC, "1h", 86_400)
    with pytest.raises(UnknownInterval):
        bars_of(lake, BTC, "7m")


def test_it_says_which_venue_has_what_it_has_not(lake: Lake) -> None:
    lake.put_candles([candle(0), candle(86_400, instrument="other:BTCUSDT"), candle(0, instrument=PERP)])
    with pytest.raises(UsageError, match=r"00:00\. It has other:BTCUSDT of that time: name the venue too"):
        bars_of(lake, BTC, "1m", 86_400)
    with pytest.raises(UsageError, match=r"to 1970-01-01 00:00\.$"):
        bars_of(lake, BTC, "1m", 2 * 86_400)


def test_a_market_has_its_kind_its_funding_its_mark_and_finer_bars(lake: Lake) -> None:
    fill(lake, 180, PERP)
    lake.put_funding([Funding(PERP, rate, None, at * NS, at * NS) for rate, at in ((0.1, 60), (0.2, 99_999))])
    market = market_of(lake, PERP, "1h", finer="1m")
    assert market.instrument is not None
    assert (market.instrument.kind, market.instrument.base) == ("perp", "BTC")
    assert market.funding is not None
    assert (market.funding.time.tolist(), market.funding.rate.tolist()) == ([60], [0.1])
    assert market.finer is not None
    assert (len(market.bars), len(market.finer)) == (3, 180)
    assert market.mark is None
    fill(lake, 150, PERP, kind=MARK)
    for timeframe, finer, count in (("1h", "1m", 150), ("1h", None, 150), ("5m", None, 150)):
        marked = market_of(lake, PERP, timeframe, finer=finer)
        assert marked.mark is not None
        assert (marked.mark.timeframe, len(marked.mark)) == ("1m", count)
    fill(lake, 60)
    fill(lake, 60, kind=MARK)
    spot = market_of(lake, BTC, "1h")
    assert spot.mark is None
    assert (spot.is_spot, spot.funding, spot.finer) == (True, None, None)


def test_what_was_read_is_kept_until_a_row_of_it_changes(lake: Lake) -> None:
    fill(lake, MANY)
    move(lake)
    first = bars_of(lake, BTC, "1m")
    assert cached(lake) == 1
    again = bars_of(lake, BTC, "1m")
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert again.time.dtype == np.int64
    lake.put_candles([candle(60, 999.0, rev=10**18)])
    assert bars_of(lake, BTC, "1m").close[1] == 999.0
    move(lake)
    assert bars_of(lake, BTC, "1m").close[1] == 999.0
    assert cached(lake) == 1


def test_hot_rows_are_not_kept_for_they_may_change_at_any_time(lake: Lake) -> None:
    fill(lake, MANY)
    bars_of(lake, BTC, "1m")
    assert cached(lake) == 0


def test_the_folder_is_held_to_its_size_and_loses_what_nobody_reads(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake, MANY)
    move(lake)
    monkeypatch.setattr(cache, "MOST_BYTES", 2_500_000)  # two tables
    for rows in (3, 2, 1):
        bars_of(lake, BTC, "1m", None, 60 * (MANY - rows))
    assert cached(lake) == 2
    for path in (lake.root / cache.FOLDER).iterdir():
        os.utime(path, (0, 0))
    bars_of(lake, BTC, "1m")
    assert cached(lake) == 1


def test_new_bars_leave_a_past_range_in_the_cache(lake: Lake) -> None:
    fill(lake, MANY)
    move(lake)
    end = 60 * (MANY - 1)
    bars_of(lake, BTC, "1m", None, end)
    lake.put_candles([candle(60 * MANY)])
    bars_of(lake, BTC, "1m", None, end)
    assert cached(lake) == 1


def test_nobody_can_write_into_its_bars(lake: Lake) -> None:
    fill(lake, MANY)
    move(lake)
    for _ in ("read", "mapped"):
        with pytest.raises(ValueError, match="read-only"):
            bars_of(lake, BTC, "1m").close[0] = -1.0
    assert bars_of(lake, BTC, "1m").close[0] == 100.0


def test_a_damaged_file_of_the_cache_is_read_around(lake: Lake) -> None:
    fill(lake, MANY)
    move(lake)
    bars_of(lake, BTC, "1m")
    (path,) = (lake.root / cache.FOLDER).glob("*.npy")
    path.write_bytes(b"no array")
    assert len(bars_of(lake, BTC, "1m")) == MANY
