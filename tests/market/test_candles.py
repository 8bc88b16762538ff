"""Trades become candles: each trade once, in the bar it belongs to, and closed only when whole."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import msgspec
import pyarrow.feather as feather
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Trade
from candlewick.core.interval import SECONDS, open_time
from candlewick.market.candles import CandleLadder
from candlewick.market.closed_bars import KEEP_MINUTES_S

T0 = 1_700_006_400  # midnight, so that every interval begins here


def trade(
    id: int | str,
    at: float,
    price: float = 100.0,
    quantity: float = 1.0,
    first: int | None = None,
    last: int | None = None,
) -> Trade:
    """A trade `at` seconds after T0, received a millisecond later."""
    ts = T0 * NS_PER_S + round(at * NS_PER_S)
    return Trade("sim:X", id, price, quantity, "buy", ts, ts + 1_000_000, first, last)


def feed(ladder: CandleLadder, trades: Iterable[Trade]) -> list[Candle]:
    return [candle for each in trades for candle in ladder.add(each)]


def begun(at: float = -1) -> CandleLadder:
    """A ladder that has followed the trades since before T0; the next id is 1."""
    ladder = CandleLadder("sim:X")
    ladder.add(trade(0, at, 99.0))
    return ladder


def of(candles: Iterable[Candle], interval: str) -> list[Candle]:
    return [candle for candle in candles if candle.interval == interval]


def ohlcv(candle: Candle | None) -> tuple[float, ...]:
    assert candle is not None
    return candle.open, candle.high, candle.low, candle.close, candle.volume


def minute(index: int, price: float = 50.0, **values: float) -> Candle:
    """The venue's own closed minute, `index` minutes after T0."""
    time = T0 + index * 60
    bar: dict[str, float] = {
        "open": price,
        "high": price,
        "low": price,
        "close": price,
        "volume": 1.0,
    } | values
    received = (time + 61) * NS_PER_S
    return Candle(
        "sim:X",
        "1m",
        time,
        **bar,
        closed=True,
        ts_exchange=received,
        ts_received=received,
        quote_volume=price,
        trades=1,
    )


# The open candle


def test_it_knows_no_candle_before_the_first_trade() -> None:
    ladder = CandleLadder("sim:X")
    assert ladder.current("1m") is None
    assert not ladder.seeded("1m")
    assert ladder.close_until(T0) == ()


@pytest.mark.parametrize("interval", SECONDS)
def test_it_folds_trades_into_the_open_candle_of_every_interval(interval: str) -> None:
    ladder = begun(-86_400)
    feed(ladder, [trade(1, 0.1, 100, 2), trade(2, 0.2, 103, 1), trade(3, 0.3, 98, 1), trade(4, 0.4, 101, 1)])
    candle = ladder.current(interval)
    assert ohlcv(candle) == (100, 103, 98, 101, 5)
    assert candle is not None
    assert (candle.time, candle.closed, candle.trades, candle.quote_volume) == (T0, False, 4, 502)
    assert ladder.seeded(interval)


def test_it_counts_the_single_trades_of_an_aggregate() -> None:
    ladder = begun()
    feed(
        ladder,
        [
            trade(1, 0.1, first=10, last=14),
            trade(2, 0.2, first=15, last=15),
            trade(3, 0.3, first=16, last=17),
        ],
    )
    candle = ladder.current("1m")
    assert candle is not None
    assert candle.trades == 8


@pytest.mark.parametrize(
    ("price", "quantity"), [(nan, 1), (inf, 1), (0, 1), (-1, 1), (100, nan), (100, inf), (100, 0), (100, -1)]
)
def test_it_rejects_an_impossible_trade(price: float, quantity: float) -> None:
    ladder = begun()
    feed(ladder, [trade(1, 0.1), trade(2, 0.2, price, quantity)])
    assert ladder.rejected == 1
    assert ohlcv(ladder.current("1m")) == (100, 100, 100, 100, 1)


# Closing


def test_it_gives_out_a_candle_when_a_later_trade_passes_its_end() -> None:
    ladder = begun()
    assert of(feed(ladder, [trade(1, 0.1, 100), trade(2, 59.9, 101)]), "1m") == []
    closed = ladder.add(trade(3, 60.0, 102))
    (candle,) = of(closed, "1m")
    assert ohlcv(candle) == (100, 101, 100, 101, 2)
    assert (candle.time, candle.closed) == (T0, True)
    assert [each.interval for each in closed] == ["1s", "1m"]


def test_it_gives_out_every_interval_that_ends_with_the_minute() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 0.0, 100), trade(2, 899, 90)])
    closed = ladder.add(trade(3, 900, 80))
    assert [each.interval for each in closed if each.time + SECONDS[each.interval] == T0 + 900] == [
        "1s", "1m", "3m", "5m", "15m",
    ]  # fmt: skip
    assert ohlcv(of(closed, "15m")[0]) == (100, 100, 90, 90, 2)


def test_it_closes_by_time_alone_and_fills_silence_with_flat_candles() -> None:
    ladder = begun()
    ladder.add(trade(1, 0.5, 100))
    closed = ladder.close_until(T0 + 180)
    assert [(c.time - T0, *ohlcv(c)) for c in of(closed, "1m")] == [
        (0, 100, 100, 100, 100, 1),
        (60, 100, 100, 100, 100, 0),
        (120, 100, 100, 100, 100, 0),
    ]
    assert ohlcv(of(closed, "3m")[0]) == (100, 100, 100, 100, 1)
    assert ladder.close_until(T0 + 180) == ()
    assert ohlcv(ladder.current("1m")) == (100, 100, 100, 100, 0)
    ladder.add(trade(2, 180.2, 105))
    assert ohlcv(ladder.current("1m")) == (105, 105, 105, 105, 1)


def test_it_does_not_call_a_candle_closed_whose_beginning_it_did_not_see() -> None:
    ladder = CandleLadder("sim:X")
    feed(ladder, [trade(1, 30.5), trade(2, 31.5), trade(3, 61)])
    closed = feed(ladder, [trade(4, 121), trade(5, 181)])
    assert [c.time - T0 for c in of(closed, "1m")] == [60, 120]
    assert of(closed, "3m") == []


# Duplicates, late trades, gaps


def test_it_takes_each_trade_once() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 0.1), trade(1, 0.1), trade(2, 0.2), trade(1, 0.1), trade(0, -1), trade(2, 0.2)])
    assert ohlcv(ladder.current("1m")) == (100, 100, 100, 100, 2)
    assert ladder.duplicates == 4


def test_it_takes_each_named_trade_once() -> None:
    ladder = CandleLadder("sim:X")
    feed(ladder, [trade("a", 0.1), trade("b", 0.2), trade("a", 0.1)])
    assert ohlcv(ladder.current("1m")) == (100, 100, 100, 100, 2)
    assert ladder.gap is None


def test_it_asks_for_what_is_missing_and_holds_the_candles_back() -> None:
    ladder = begun()
    given = feed(ladder, [trade(1, 0.5, 100), trade(4, 70, 104)])
    assert ladder.gap == (2, 3)
    assert of(given, "1m") == []
    assert not ladder.seeded("1m")
    ladder.gap = None
    assert of(feed(ladder, [trade(2, 58, 90)]), "1m") == []
    (first,) = of(feed(ladder, [trade(3, 65, 110)]), "1m")
    assert ohlcv(first) == (100, 100, 90, 90, 2)
    assert ohlcv(ladder.current("1m")) == (110, 110, 104, 104, 2)
    assert ladder.seeded("1m")
    assert ladder.gap is None


def test_it_corrects_a_candle_given_out_before_a_late_trade_came() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 59.0, 100), trade(2, 61.0, 101)])
    (before,) = [c for c in ladder.close_until(T0 + 120) if c.interval == "1m"]
    late = ladder.add(trade(3, 61.5, 95))
    (after,) = of(late, "1m")
    assert ohlcv(before) == (101, 101, 101, 101, 1)
    assert ohlcv(after) == (101, 101, 95, 95, 2)
    assert after.time == before.time
    assert after.ts_received > before.ts_received, "the store keeps what was known last"
    assert [ohlcv(c)[3] for c in of(late, "1s")][:2] == [95, 95], "flat candles follow the corrected close"
    assert ohlcv(ladder.current("1m")) == (95, 95, 95, 95, 0)


def test_it_corrects_the_longer_candles_too() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 10, 100), trade(2, 400, 101)])
    three, flat = of(ladder.add(trade(3, 20, 120)), "3m")
    assert ohlcv(three) == (100, 120, 100, 120, 2)
    assert ohlcv(flat) == (120, 120, 120, 120, 0)


def test_it_counts_what_comes_too_late_to_correct_anything() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 0), trade(2, 4 * 3600)])
    assert feed(ladder, [trade(3, 1)]) == []
    assert ladder.too_late == 1


# Seeding


def test_it_puts_the_open_hour_together_from_seeded_minutes() -> None:
    ladder = CandleLadder("sim:X")
    ladder.add(trade(1, 120.5, 60))
    ladder.know_from(T0 + 120)
    assert ladder.seeded("1m")
    assert not ladder.seeded("5m")
    ladder.seed("1m", [minute(0, 50, high=70), minute(1, 55), minute(2, 1)])
    assert ladder.seeded("5m")
    assert ladder.seeded("1d")
    assert ohlcv(ladder.current("1h")) == (50, 70, 50, 60, 3)


def test_it_puts_the_open_day_together_from_seeded_hours_and_minutes() -> None:
    ladder = CandleLadder("sim:X")
    at = 5 * 3600 + 60
    ladder.add(trade(1, at + 1, 60))
    ladder.know_from(T0 + at)
    hours = [
        Candle("sim:X", "1h", T0 + h * 3600, 40 + h, 80, 30, 41 + h, 10, True, 0, 0, 500, 7) for h in range(5)
    ]
    ladder.seed("1h", hours)
    assert not ladder.seeded("1d")
    ladder.seed("1m", [minute(300)])
    assert ladder.seeded("1d")
    assert ohlcv(ladder.current("1d")) == (40, 80, 30, 60, 52)
    assert ohlcv(ladder.current("2h")) == (44, 80, 30, 60, 12)


def test_it_changes_nothing_to_seed_again() -> None:
    ladder = CandleLadder("sim:X")
    seeds = [minute(0), minute(1)]
    ladder.seed("1m", seeds)
    ladder.add(trade(1, 120.5, 60))
    once = ladder.current("5m")
    ladder.seed("1m", seeds)
    assert ladder.current("5m") == once


def test_it_fills_silent_minutes_between_seeds() -> None:
    ladder = CandleLadder("sim:X")
    ladder.seed("1m", [minute(0), minute(3, 51)])
    ladder.add(trade(1, 240.5, 60))
    ladder.know_from(T0 + 240)
    assert ladder.seeded("5m")


def test_it_leaves_out_seeds_that_are_not_closed() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(9, 181, 101)])
    ladder.seed("1m", [msgspec.structs.replace(minute(n, 50), closed=False) for n in range(3)])
    assert not ladder.seeded("5m")
    assert ohlcv(ladder.current("5m")) == (100, 101, 100, 101, 2)


def test_it_refuses_to_be_seeded_by_other_intervals() -> None:
    with pytest.raises(ValueError, match="give those of 1m and 1h"):
        CandleLadder("sim:X").seed("5m", [])


def test_it_takes_the_venues_candle_over_its_own() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(2, 181, 101)])
    changed = ladder.correct(minute(1, 100, high=130))
    assert [(c.interval, c.high) for c in changed] == [("1m", 130), ("3m", 130)]
    assert ladder.correct(minute(1, 100, high=130)) == ()
    ladder.add(trade(3, 61))
    five = ladder.current("5m")
    assert five is not None
    assert (five.high, five.volume) == (130, 3), "trades no longer change what the venue has said"


def test_a_venues_candle_that_agrees_changes_nothing() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(2, 61, 101)])
    same = minute(0, 100)
    assert ladder.correct(same) == ()


def test_the_venues_candles_heal_what_a_gap_broke() -> None:
    ladder = begun()
    given = feed(ladder, [trade(1, 1, 100), trade(9, 121, 101)])
    assert of(given, "1m") == []
    healed = [*ladder.correct(minute(0, 100)), *ladder.correct(minute(1, 100))]
    assert [c.time - T0 for c in of(healed, "1m")] == [0, 60]


# Against a recomputation from all trades at once


def naive(trades: Sequence[Trade], interval: str) -> dict[int, tuple[float, ...]]:
    """Candles of the trades, the venue's order being that of the ids; without flat ones."""
    length = SECONDS[interval]
    bars: dict[int, list[Trade]] = defaultdict(list)
    for each in sorted(trades, key=lambda t: t.id):
        bars[open_time(each.ts_exchange // NS_PER_S, length)].append(each)
    return {
        time: (
            part[0].price, max(t.price for t in part), min(t.price for t in part), part[-1].price,
            sum(t.quantity for t in part),
        )
        for time, part in bars.items()
    }  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Trade]:
    """Trades in the venue's order, at most 90 minutes of them; whole quantities, so that sums are exact."""
    # Quarters of a second: within a second, within minutes, or an hour away.
    step = st.one_of(st.integers(0, 20), st.integers(0, 400), st.integers(0, 8_000))
    steps = draw(st.lists(st.tuples(step, st.integers(1, 40), st.integers(1, 9)), min_size=1, max_size=60))
    trades, at = [], 0.0
    for id, (quarters, price, quantity) in enumerate(steps, start=1):
        at = min(at + quarters / 4, KEEP_MINUTES_S * 0.75)
        trades.append(trade(id, at, float(price), float(quantity)))
    return trades


@given(histories(), st.randoms(use_true_random=False))
def test_shuffled_and_repeated_trades_make_the_same_candles(history: list[Trade], rng: random.Random) -> None:
    arrivals = [*history, *rng.choices(history, k=5)]
    rng.shuffle(arrivals)
    ladder = begun()
    given = feed(ladder, arrivals)
    end = open_time(history[-1].ts_exchange // NS_PER_S, 3600) + 3600
    given += ladder.close_until(end)
    for interval in ("1m", "5m", "1h"):
        last_word = {candle.time: candle for candle in of(given, interval)}
        expected = naive(history, interval)
        traded = {time: ohlcv(candle) for time, candle in last_word.items() if candle.volume}
        assert {time: bar for time, bar in traded.items() if time >= T0} == expected
        assert all(candle.closed for candle in given)
        times = sorted(last_word)
        assert times == list(range(times[0], end, SECONDS[interval])), "silence is filled, without a hole"
        for before, after in pairwise(times):
            if not last_word[after].volume:
                assert ohlcv(last_word[after]) == (last_word[before].close,) * 4 + (0,)


@given(histories(), st.sampled_from(["1m", "3m", "15m", "1h", "4h", "1d"]))
def test_the_open_candle_is_that_of_its_trades(history: list[Trade], interval: str) -> None:
    ladder = begun(-86_400)
    for index, each in enumerate(history, start=1):
        ladder.add(each)
        candle = ladder.current(interval)
        assert candle is not None
        assert ohlcv(candle) == naive(history[:index], interval)[candle.time]
        assert ladder.seeded(interval)


@given(histories(), st.data())
def test_a_revision_always_comes_later_than_what_it_corrects(
    history: list[Trade], data: st.DataObject
) -> None:
    ladder = begun()
    known: dict[tuple[str, int], Candle] = {}
    for each in data.draw(st.permutations(history)):
        for candle in ladder.add(each):
            key = candle.interval, candle.time
            if key in known:
                assert candle.ts_received > known[key].ts_received
            known[key] = candle


@given(histories(), st.randoms(use_true_random=False))
def test_whatever_happens_on_the_way_the_last_word_on_each_candle_is_right(
    history: list[Trade], rng: random.Random
) -> None:
    """A venue that loses, repeats and delays trades, a clock that closes bars, and a late backfill."""
    last = history[-1]
    history.append(trade(len(history) + 1, (last.ts_exchange // NS_PER_S - T0) + 3, 7.0))
    ladder, given = begun(), list[Candle]()
    arrivals: list[tuple[float, Trade]] = []
    for each in history:
        at, fate = each.ts_exchange / NS_PER_S, rng.random()
        if fate < 0.2 and each is not history[-1]:
            continue  # lost
        arrivals.append((at + (rng.uniform(0, 90) if fate < 0.4 else 0.05), each))
        if fate > 0.9:
            arrivals.append((at + rng.uniform(0, 90), each))
    for now, each in sorted(arrivals, key=lambda arrival: arrival[0]):
        if rng.random() < 0.1:
            ladder.interrupt()
        given += ladder.close_until(int(now) - 2)
        given += ladder.add(each)
        while ladder.gap is not None:
            (first, upto), ladder.gap = ladder.gap, None
            if rng.random() < 0.5:
                given += feed(ladder, history[first - 1 : upto])
    given += feed(ladder, history)
    given += ladder.know_from(T0)
    now = max(int(at) for at, _ in arrivals)  # later than the trades, and perhaps in another hour
    end = open_time(max(now, history[-1].ts_exchange // NS_PER_S), 3600) + 3600
    given += ladder.close_until(end)
    for interval in ("1m", "5m", "1h"):
        last_word = {candle.time: ohlcv(candle) for candle in of(given, interval) if candle.time >= T0}
        assert {time: bar for time, bar in last_word.items() if bar[4]} == naive(history, interval)
        assert sorted(last_word) == list(range(T0, end, SECONDS[interval]))


# Recordings


def test_recorded_trades_make_the_recorded_candles(recordings: Path) -> None:
    folder = recordings / "ohlcv/freqtrade_testdata"
    rows = feather.read_table(folder / "XRP_ETH-trades.feather").to_pylist()
    ladder = CandleLadder("sim:X", numbered=False)
    ladder.know_from(rows[0]["timestamp"] // 1000 // 86_400 * 86_400)
    given: list[Candle] = []
    for row in rows:
        ts = row["timestamp"] * 1_000_000
        given += ladder.add(Trade("sim:X", int(row["id"]), row["price"], row["amount"], row["side"], ts, ts))
    given += ladder.close_until(rows[-1]["timestamp"] // 1000 + 3600)
    for interval in ("1m", "5m"):
        expected = {
            int(row["date"].timestamp()): tuple(
                row[name] for name in ("open", "high", "low", "close", "volume")
            )
            for row in feather.read_table(folder / f"XRP_ETH-{interval}.feather").to_pylist()
        }
        made = {candle.time: ohlcv(candle) for candle in of(given, interval) if candle.volume}
        assert made == expected


# A stream that breaks, lies or begins anew


def test_silence_means_nothing_while_the_stream_is_interrupted() -> None:
    ladder = begun()
    ladder.add(trade(1, 1, 100))
    ladder.interrupt()
    assert ladder.close_until(T0 + 600) == ()
    assert not ladder.seeded("1m")
    closed = ladder.add(trade(2, 130, 101))
    assert [c.time - T0 for c in of(closed, "1m")] == [0, 60], "the next id says that nothing was missed"


def test_silence_means_something_again_after_a_trade() -> None:
    ladder = begun()
    ladder.interrupt()
    ladder.add(trade(1, 1, 100))
    assert [c.time - T0 for c in of(ladder.close_until(T0 + 60), "1m")] == [0]


def test_the_open_candle_takes_in_a_correction_at_once() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(2, 61, 101)])
    assert ohlcv(ladder.current("5m")) == (100, 101, 100, 101, 2)
    ladder.add(trade(3, 2, 120))
    assert ohlcv(ladder.current("5m"))[1] == 120
    ladder.correct(minute(0, 100, high=130))
    assert ohlcv(ladder.current("5m"))[1] == 130


def test_a_closed_hour_takes_in_a_late_trade() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(2, 3601, 101)])
    (hour,) = of(ladder.add(trade(3, 2, 120)), "1h")
    assert ohlcv(hour) == (100, 120, 100, 120, 2)


def test_the_venues_hour_stands_in_the_longer_candles() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(2, 7_201, 101)])
    received = (T0 + 7_200) * NS_PER_S
    venues = Candle("sim:X", "1h", T0, 100, 150, 100, 100, 5, True, received, received, 500, 5)
    assert [(c.interval, c.high) for c in ladder.correct(venues)] == [("1h", 150), ("2h", 150)]
    assert ohlcv(ladder.current("1d")) == (100, 150, 100, 101, 6)


def test_a_minute_is_corrected_without_giving_out_its_seconds_again() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(2, 61, 101)])
    assert [c.interval for c in ladder.correct(minute(0, 100, high=130))] == ["1m"]


def test_an_interruption_ends_when_the_caller_knows_all_trades() -> None:
    ladder = begun()
    ladder.add(trade(1, 1, 100))
    ladder.interrupt()
    ladder.know_from(T0 - 1)
    assert [c.time - T0 for c in of(ladder.close_until(T0 + 60), "1m")] == [0]


def test_an_interruption_leaves_unnumbered_candles_unknown() -> None:
    ladder = CandleLadder("sim:X", numbered=False)
    feed(ladder, [trade("a", -1), trade("b", 1)])
    ladder.interrupt()
    closed = feed(ladder, [trade("c", 61), trade("d", 121), trade("e", 181)])
    assert [c.time - T0 for c in of(closed, "1m")] == [120]


def test_a_gap_too_wide_to_fill_ends_where_the_caller_knows_all_trades() -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1, 100), trade(90_000, 205, 101)])
    assert not ladder.seeded("1m")
    feed(ladder, [trade(89_998, 190, 102), trade(89_999, 200, 99)])
    ladder.know_from(T0 + 180)
    assert ladder.seeded("1m")
    assert not ladder.seeded("5m")
    ladder.seed("1m", [minute(0, 100), minute(1, 100), minute(2, 100)])
    assert ladder.seeded("5m")
    assert ohlcv(ladder.current("5m")) == (100, 102, 99, 101, 6)
    assert [c.time - T0 for c in of(ladder.close_until(T0 + 240), "1m")] == [180]


def test_it_gives_out_what_the_caller_makes_known() -> None:
    ladder = CandleLadder("sim:X")
    assert of(feed(ladder, [trade(1, 1, 100), trade(2, 61, 101)]), "1m") == []
    (candle,) = of(ladder.know_from(T0), "1m")
    assert ohlcv(candle) == (100, 100, 100, 100, 1)


def test_it_rejects_a_trade_from_the_far_future() -> None:
    ladder = begun()
    ts = T0 * NS_PER_S
    assert ladder.add(Trade("sim:X", 1, 100, 1, "buy", ts + 10_000 * NS_PER_S, ts)) == ()
    assert ladder.rejected == 1
    assert ohlcv(ladder.current("1m"))[3] == 99


def test_a_long_jump_in_time_gives_only_what_is_kept() -> None:
    ladder = begun()
    closed = ladder.add(trade(1, 400 * 86_400))
    assert len(closed) < 2_000
    assert ohlcv(ladder.current("1d")) == (100, 100, 100, 100, 1)


@pytest.mark.parametrize(
    "values", [{"high": nan}, {"low": -1.0}, {"high": 1.0}, {"volume": -1.0}, {"volume": inf}]
)
def test_it_rejects_an_impossible_candle(values: dict[str, float]) -> None:
    ladder = begun()
    feed(ladder, [trade(1, 1), trade(2, 61)])
    assert ladder.correct(minute(0, **values)) == ()
    ladder.seed("1m", [minute(-2, **values)])
    assert ladder.rejected == 2
    assert ohlcv(ladder.current("5m")) == (100, 100, 100, 100, 2)


def test_it_rejects_a_candle_from_the_far_future() -> None:
    ladder = begun()
    assert ladder.correct(minute(100_000)) == ()
    assert ladder.rejected == 1
    assert ohlcv(ladder.current("1m"))[3] == 99


def test_it_goes_on_when_the_venue_numbers_anew() -> None:
    ladder = begun()
    feed(ladder, [trade(1_000_000, 1, 100)])
    closed = feed(ladder, [trade(5, 61, 101), trade(6, 121, 102), trade(7, 181, 103)])
    assert [c.time - T0 for c in of(closed, "1m")] == [120]
    assert ladder.duplicates == 0
