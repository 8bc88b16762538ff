"""The whole market of a venue: history, live book and prints are one market without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from candlewick.core.errors import ConfigError, UsageError
from candlewick.venues.sim.klines import by_clock, klines
from candlewick.venues.sim.model import Kline, Listing, Print
from candlewick.venues.sim.tape import fold_trades
from candlewick.venues.sim.world import World

HOUR = 3_600_000
MINUTE = 60_000
ORIGIN = 490_000 * HOUR + 17 * MINUTE + 23_456  # in the middle of a minute
INTERVALS = (1000, MINUTE, 3 * MINUTE, 5 * MINUTE)


def live(*, venue: str = "sim-west", minutes: float = 4, step_ms: int = 500, **more: object) -> World:
    world = World(seed=5, venue=venue, origin_ms=ORIGIN, **more)  # type: ignore[arg-type]
    run(world, minutes, step_ms)
    return world


def run(world: World, minutes: float, step_ms: int = 500) -> list[tuple[Listing, Print]]:
    prints = []
    end = world.now_ms + round(minutes * MINUTE)
    while world.now_ms < end:
        world.advance(min(world.now_ms + step_ms, end))
        prints += world.collect().prints
    return prints


def named(world: World, market: str, symbol: str) -> Listing:
    return next(each for each in world.listings if (each.market, each.symbol) == (market, symbol))


def trades_between(world: World, listing: Listing, start_ms: int, end_ms: int) -> list[Print]:
    return world.agg_trades(listing, start_ms=start_ms, end_ms=end_ms - 1, limit=10**9)


def check_candles(world: World, listing: Listing, start_ms: int, interval_ms: int, ahead_ms: int = 0) -> None:
    """Every candle from `start_ms` to now, by a clock that may be wrong, is the fold of the trades in it."""
    candles = world.klines(listing, interval_ms, start_ms=start_ms, limit=10**6, ahead_ms=ahead_ms)
    now_ms = world.now_ms + ahead_ms
    assert candles[0].open_ms == start_ms
    assert candles[-1].open_ms == now_ms - now_ms % interval_ms
    assert [each.open_ms for each in candles] == list(range(start_ms, now_ms + 1, interval_ms))
    close = None
    for candle in candles:
        begin_ms = candle.open_ms - ahead_ms
        folded = fold_trades(trades_between(world, listing, begin_ms, begin_ms + interval_ms))
        if folded:
            assert list(candle[1:]) == folded
        elif close is not None:
            assert candle[1:] == (close, close, close, close, 0, 0, 0, 0, 0)
        close = candle.close


@pytest.fixture(scope="module")
def world() -> World:
    return live()


def test_it_is_the_same_market_however_often_it_is_moved() -> None:
    often, seldom = (
        World(seed=5, venue="sim-west", origin_ms=ORIGIN),
        World(seed=5, venue="sim-west", origin_ms=ORIGIN),
    )
    assert run(often, 1, 50) == run(seldom, 1, 4000)
    for listing in often.listings:
        assert often.depth(listing, 1000) == seldom.depth(listing, 1000)


def test_it_is_another_market_for_another_seed_or_venue() -> None:
    mine = World(seed=5, venue="sim-west", origin_ms=ORIGIN)
    listing = mine.listings[0]
    day = mine.klines(listing, MINUTE, limit=50)
    assert day != World(seed=6, venue="sim-west", origin_ms=ORIGIN).klines(listing, MINUTE, limit=50)
    assert day != World(seed=5, venue="sim-east", origin_ms=ORIGIN).klines(listing, MINUTE, limit=50)


def test_it_has_one_history_whenever_it_was_started(world: World) -> None:
    later = World(seed=5, venue="sim-west", origin_ms=ORIGIN + 5 * HOUR)
    listing = named(world, "perp", "ETHUSDT")
    span = {"start_ms": ORIGIN - 40 * HOUR, "end_ms": ORIGIN - 3 * HOUR}
    assert world.klines(listing, HOUR, limit=1000, **span) == later.klines(listing, HOUR, limit=1000, **span)
    trades = world.agg_trades(listing, start_ms=ORIGIN - 40 * HOUR, limit=1000)
    assert trades == later.agg_trades(listing, start_ms=ORIGIN - 40 * HOUR, limit=1000)


@pytest.mark.parametrize("interval_ms", INTERVALS)
@pytest.mark.parametrize(("market", "symbol"), [("spot", "BTCUSDT"), ("perp", "SUIUSDT")])
def test_it_folds_its_candles_from_its_trades_across_the_start(
    world: World, market: str, symbol: str, interval_ms: int
) -> None:
    start = ORIGIN - 6 * MINUTE
    check_candles(world, named(world, market, symbol), start - start % interval_ms, interval_ms)


def test_it_folds_long_candles_from_short_ones(world: World) -> None:
    listing = named(world, "spot", "BTCUSDT")
    start = (ORIGIN // (24 * HOUR) - 3) * 24 * HOUR
    minutes = world.klines(listing, MINUTE, start_ms=start, limit=10**6)
    for interval_ms in (5 * MINUTE, HOUR, 4 * HOUR, 24 * HOUR):
        grouped: dict[int, list[Kline]] = {}
        for minute in minutes:
            grouped.setdefault(minute.open_ms - minute.open_ms % interval_ms, []).append(minute)
        expected = [
            Kline(
                open_ms,
                group[0].open,
                max(each.high for each in group),
                min(each.low for each in group),
                group[-1].close,
                *(sum(each[n] for each in group) for n in range(5, 10)),
            )
            for open_ms, group in grouped.items()
        ]
        assert world.klines(listing, interval_ms, start_ms=start, limit=10**6) == expected


def test_it_numbers_trades_without_a_gap_across_the_start(world: World) -> None:
    for listing in world.listings[:8]:
        trades = trades_between(world, listing, ORIGIN - 3 * MINUTE, world.now_ms + 1)
        assert trades[0].ts_ms < ORIGIN < trades[-1].ts_ms
        assert [each.id for each in trades] == list(range(trades[0].id, trades[0].id + len(trades)))
        times = [each.ts_ms for each in trades]
        assert times == sorted(times)


def test_it_finds_trades_by_id_as_by_time(world: World) -> None:
    listing = named(world, "spot", "BTCUSDT")
    trades = trades_between(world, listing, ORIGIN - 2 * MINUTE, world.now_ms + 1)
    for first in (trades[0], trades[len(trades) // 2], trades[-3]):
        found = world.agg_trades(listing, from_id=first.id, limit=3)
        assert found == trades[first.id - trades[0].id :][:3]
    assert world.agg_trades(listing, limit=5) == trades[-5:]
    assert world.agg_trades(listing, from_id=1, limit=2)[0].id == 1
    assert world.agg_trades(listing, from_id=trades[-1].id + 1, limit=5) == []


def test_it_tells_every_print_once_and_keeps_it() -> None:
    fresh = World(seed=5, venue="sim-west", origin_ms=ORIGIN)
    told = run(fresh, 2)
    for listing in fresh.listings:
        mine = [each for which, each in told if which is listing]
        assert mine == trades_between(fresh, listing, ORIGIN, fresh.now_ms + 1)
    assert len(told) > 500


def test_it_starts_without_a_seam_in_price_pace_or_size() -> None:
    world = live(venue="sim", minutes=10)
    jumps, pace, volume, swing = [], [], [], []
    for listing in world.listings:
        candles = world.klines(listing, MINUTE, start_ms=ORIGIN - 20 * MINUTE, limit=31)
        before = [each for each in candles if each.open_ms + MINUTE <= ORIGIN][-10:]
        after = [each for each in candles if each.open_ms > ORIGIN][:10]
        usual = np.mean([np.log(each.high / each.low) for each in before])
        around = trades_between(world, listing, ORIGIN - 5 * MINUTE, ORIGIN + 5 * MINUTE)
        last = next(each for each in reversed(around) if each.ts_ms < ORIGIN)
        first = next(each for each in around if each.ts_ms >= ORIGIN)
        jumps.append(abs(np.log(first.ticks / last.ticks)) / max(usual, 1.5 / last.ticks))
        pace.append(np.log(sum(e.count for e in after) / sum(e.count for e in before)))
        volume.append(np.log(sum(e.volume for e in after) / sum(e.volume for e in before)))
        swing.append(np.log(np.mean([np.log(e.high / e.low) + 1e-9 for e in after]) / (usual + 1e-9)))
    assert max(jumps) < 3.0
    assert np.mean(jumps) < 0.6
    for name, ratios in (("pace", pace), ("volume", volume), ("swing", swing)):
        assert abs(np.mean(ratios)) < 0.25, name


def test_it_never_crosses_a_book_and_tells_every_change_of_its_best() -> None:
    world = World(seed=5, venue="sim-west", origin_ms=ORIGIN)
    told = {listing: world.best(listing)[2:] for listing in world.listings}
    ids = dict.fromkeys(world.listings, 0)
    for _ in range(300):
        world.advance(world.now_ms + 200)
        for listing, best in world.collect().bests:
            assert 0 < best.bid < best.ask
            assert best.bid_lots > 0
            assert best.ask_lots > 0
            assert best.update_id > ids[listing]
            assert best[2:] != told[listing]
            ids[listing], told[listing] = best.update_id, best[2:]
        for listing in world.listings:
            assert world.best(listing)[2:] == told[listing]
            assert len(world.depth(listing, 20).bids) >= 5
            assert len(world.depth(listing, 20).asks) >= 5


def test_it_rebuilds_a_watched_book_from_its_diffs() -> None:
    world = World(seed=5, venue="sim-west", origin_ms=ORIGIN)
    listing = named(world, "perp", "BTCUSDT")
    world.watch_depth(listing)
    book = world.depth(listing, 10_000)
    bids, asks, last_id = dict(book.bids), dict(book.asks), book.update_id
    for _ in range(200):
        world.advance(world.now_ms + 100)
        diff = world.depth_diff(listing)
        if diff is None:
            continue
        assert (diff.prev_id, diff.first_id) == (last_id, last_id + 1)
        last_id = diff.last_id
        for side, changes in ((bids, diff.bids), (asks, diff.asks)):
            side.update(changes)
    now = world.depth(listing, 10_000)
    assert last_id == now.update_id
    assert {ticks: lots for ticks, lots in bids.items() if lots} == dict(now.bids)
    assert {ticks: lots for ticks, lots in asks.items() if lots} == dict(now.asks)


def test_it_sleeps_through_a_long_silence_and_wakes_where_the_market_would_be() -> None:
    world = live(minutes=1)
    listing = named(world, "spot", "BTCUSDT")
    world.watch_depth(listing)
    asleep = world.now_ms
    world.advance(asleep + 37 * MINUTE)
    run(world, 1.5)
    trades = trades_between(world, listing, ORIGIN - MINUTE, world.now_ms + 1)
    assert [each.id for each in trades] == list(range(trades[0].id, trades[0].id + len(trades)))
    assert len([each for each in trades if asleep < each.ts_ms < asleep + 37 * MINUTE]) > 500
    for interval_ms in INTERVALS[1:]:
        start = ORIGIN - 5 * MINUTE
        check_candles(world, listing, start - start % interval_ms, interval_ms)
    assert world.depth_diff(listing) is not None


def test_it_ignores_a_clock_that_goes_back(world: World) -> None:
    now = world.now_ms
    world.advance(now - 60_000)
    assert world.now_ms == now
    assert world.collect().prints == []


def test_it_sums_the_last_24_hours(world: World) -> None:
    for listing in (named(world, "spot", "BTCUSDT"), named(world, "perp", "SOLUSDT")):
        day = world.day(listing)
        candles = world.klines(listing, MINUTE, start_ms=day.open_ms, limit=2000)
        trades = world.agg_trades(listing, from_id=day.first_id, limit=1)
        assert day.open == candles[0].open == trades[0].ticks
        assert day.open_ms <= trades[0].ts_ms < day.open_ms + MINUTE
        assert (day.high, day.low) == (max(e.high for e in candles), min(e.low for e in candles))
        assert day.volume == sum(e.volume for e in candles)
        assert day.quote == sum(e.quote for e in candles)
        assert day.count == sum(e.count for e in candles) == day.last_id - day.first_id + 1
        assert (day.last, day.last_lots) == world.agg_trades(listing, limit=1)[0][2:4]
        assert day.previous == world.klines(listing, MINUTE, end_ms=day.open_ms - 1, limit=1)[0].close


def test_it_keeps_venues_together_but_not_equal() -> None:
    east, west = (
        World(seed=5, venue="sim-east", origin_ms=ORIGIN),
        World(seed=5, venue="sim-west", origin_ms=ORIGIN),
    )
    listing = named(west, "spot", "BTCUSDT")
    closes = [
        np.array([each.close for each in venue.klines(listing, MINUTE, limit=1000)], dtype=float)
        for venue in (east, west)
    ]
    apart = np.log(closes[0] / closes[1]) * 1e4
    assert 1.0 < np.abs(apart).mean() < 12.0
    assert np.abs(apart).max() < 40.0
    near, far = (np.corrcoef(apart[lag:], apart[:-lag])[0, 1] for lag in (1, 120))
    assert near > far + 0.1


def test_it_does_not_list_what_was_not_there_yet() -> None:
    listing = next(each for each in World(seed=5, origin_ms=ORIGIN).listings if each.symbol == "WIFUSDT")
    before = World(seed=5, origin_ms=listing.listed_ms - 1)
    assert before.listing("spot", "WIFUSDT") is None
    assert World(seed=5, origin_ms=listing.listed_ms + 24 * HOUR).listing("spot", "WIFUSDT") == listing


def test_it_answers_nothing_before_the_listing(world: World) -> None:
    listing = named(world, "spot", "SUIUSDT")
    first = world.klines(listing, MINUTE, start_ms=0, limit=3)
    assert first[0].open_ms == listing.listed_ms
    assert world.klines(listing, MINUTE, end_ms=listing.listed_ms - 1, limit=3) == []
    assert world.klines(listing, 24 * HOUR, start_ms=0, limit=3)[0].open_ms == listing.listed_ms
    assert world.klines(listing, 7 * 24 * HOUR, start_ms=0, limit=3)[0].open_ms <= listing.listed_ms
    assert world.agg_trades(listing, start_ms=0, limit=1)[0].id == 1


def test_it_refuses_what_is_not_there(world: World) -> None:
    with pytest.raises(ConfigError, match="sim-north"):
        World(seed=5, venue="sim-north", origin_ms=ORIGIN)
    with pytest.raises(UsageError, match="2017"):
        World(seed=5, origin_ms=0)
    with pytest.raises(UsageError, match="perpetual"):
        world.premium(named(world, "spot", "BTCUSDT"))


def test_it_trades_faster_at_a_higher_pace() -> None:
    slow = World(seed=5, venue="sim-west", origin_ms=ORIGIN)
    fast = World(seed=5, venue="sim-west", origin_ms=ORIGIN, pace=20.0)
    assert len(run(fast, 0.5)) > 10 * len(run(slow, 0.5))


@pytest.mark.parametrize("ahead_ms", [1_500, -90_250, 60_000])
@pytest.mark.parametrize("interval_ms", [1_000, MINUTE, 5 * MINUTE, HOUR])
@pytest.mark.parametrize("place", [0, -1])
def test_candles_by_a_clock_that_is_wrong_are_of_the_trades_that_it_stamps(
    world: World, ahead_ms: int, interval_ms: int, place: int
) -> None:
    start = ORIGIN + ahead_ms - 2 * max(interval_ms, MINUTE)
    check_candles(world, world.listings[place], start - start % interval_ms, interval_ms, ahead_ms)


def test_a_clock_that_is_right_gives_the_same_candles_by_either_way(world: World) -> None:
    listed = world._of(named(world, "spot", "BTCUSDT"))
    first = ORIGIN - ORIGIN % HOUR - 3 * HOUR
    for interval_ms in (MINUTE, HOUR):
        span = first, world.now_ms - world.now_ms % interval_ms, interval_ms
        assert by_clock(listed.tape, listed.market, *span, 0, world.now_ms) == klines(
            listed.tape, listed.market, *span
        )
