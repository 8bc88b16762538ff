"""Candles as JSON: what the lake holds now, though it is not read each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.market.bars import Bars
from candlewick.store.lake import Lake
from candlewick.web.api.written import Rows, WrittenCandles, as_rows, written
from tests.store.lake.samples import BTC, candle


class CountingLake(Lake):
    """A lake that says how often its candles were read."""

    reads = 0

    def candles(self, *arguments: Any, **options: Any) -> Bars:
        self.reads += 1
        return super().candles(*arguments, **options)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[CountingLake]:
    with CountingLake(tmp_path) as opened:
        yield opened


def shown(candles: WrittenCandles, limit: int = 100) -> Any:
    return orjson.loads(candles.rows(BTC, "1m", None, None, limit).json())


def test_it_reads_what_has_not_changed_once(lake: CountingLake) -> None:
    lake.put_candles([candle(0), candle(60, 101.25)])
    candles = WrittenCandles(lake)
    first = shown(candles)
    assert first == as_rows(Lake.candles(lake, BTC, "1m"))
    assert [shown(candles) for _ in range(3)] == [first] * 3
    assert lake.reads == 1


@pytest.mark.parametrize("put", [candle(120, 7.0), candle(60, 9.0, rev=10**15)], ids=["newer", "corrected"])
def test_it_shows_at_once_what_another_process_has_put(lake: CountingLake, put: Any) -> None:
    lake.put_candles([candle(0), candle(60)])
    candles = WrittenCandles(lake)
    shown(candles)
    with Lake(lake.root) as another:
        another.put_candles([put])
    assert shown(candles) == as_rows(Lake.candles(lake, BTC, "1m"))
    assert shown(candles)[-1]["close"] == put.close


def test_what_comes_first_into_an_empty_lake_is_shown(lake: CountingLake) -> None:
    candles = WrittenCandles(lake)
    assert candles.rows(BTC, "1m", None, None, 5).json() == b"[]"
    lake.put_candles([candle(0)])
    assert len(shown(candles)) == 1


def test_each_range_is_its_own(lake: CountingLake) -> None:
    lake.put_candles([candle(60 * n) for n in range(6)] + [candle(0, 7.0, interval="5m")])
    candles = WrittenCandles(lake)
    assert len(shown(candles, 2)) == 2
    assert len(shown(candles, 4)) == 4
    assert candles.rows(BTC, "1m", 60, 180, 100).times == [60, 120]
    assert orjson.loads(candles.rows(BTC, "5m", None, None, 9).json())[0]["close"] == 7.0


def test_it_keeps_no_more_than_it_may(lake: CountingLake) -> None:
    lake.put_candles([candle(60 * n) for n in range(30)])
    candles = WrittenCandles(lake, most=100)
    for start in range(20):
        candles.rows(BTC, "1m", start * 60, None, 100)
    assert len(candles._kept) == 3, "30 bars at most, and 20 for each range"
    for start in range(40):
        candles.rows(BTC, "1m", 10**9 + start, None, 100)  # nothing there, which is remembered too
    assert len(candles._kept) == 5


row = st.builds(
    lambda close, volume: {"close": close, "volume": volume},
    st.floats(0.1, 1e6),
    st.one_of(st.none(), st.floats(0, 1e9)),
)


@given(st.dictionaries(st.integers(0, 20), row), st.dictionaries(st.integers(0, 20), row), st.integers(1, 30))
def test_a_tail_replaces_what_it_reaches(
    old: dict[int, dict[str, Any]], new: dict[int, dict[str, Any]], limit: int
) -> None:
    whole, tail = ([{"time": t, **rows[t]} for t in sorted(rows)] for rows in (old, new))
    since = tail[0]["time"] if tail else 21
    expected = [each for each in whole if each["time"] < since] + tail
    found: Rows = written(whole).followed_by(written(tail), limit)
    assert orjson.loads(found.json()) == expected[-limit:]
    assert list(found.times) == [each["time"] for each in expected[-limit:]]
