"""Candles of index and mark price: they join, hold the prices of their time and know no future."""

from __future__ import annotations

from itertools import pairwise

import pytest

from candlewick.core.errors import UsageError
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.references import ReferenceKline
from candlewick.venues.sim.world import World

HOUR = 3_600_000
MINUTE = 60_000
ORIGIN = 490_000 * HOUR + 17 * MINUTE + 23_456


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=5, venue="sim-west", origin_ms=ORIGIN)


@pytest.fixture(scope="module")
def perp(world: World) -> Listing:
    listing = world.listing("perp", "ETHUSDT")
    assert listing is not None
    return listing


def test_it_opens_every_candle_where_the_one_before_closed(world: World, perp: Listing) -> None:
    candles = world.mark_klines(perp, MINUTE, limit=3000)
    assert len(candles) == 3000
    assert candles[-1].open_ms == ORIGIN - ORIGIN % MINUTE
    for before, after in pairwise(candles):
        assert after.open_ms == before.open_ms + MINUTE
        assert after.open == pytest.approx(before.close, rel=1e-12)
        assert before.low <= min(before.open, before.close) <= max(before.open, before.close) <= before.high


def test_it_folds_hours_from_minutes(world: World, perp: Listing) -> None:
    start = (ORIGIN // HOUR - 30) * HOUR
    minutes = world.index_klines(perp, MINUTE, start_ms=start, limit=10_000)
    hours = world.index_klines(perp, HOUR, start_ms=start, limit=1000)
    assert len(hours) == 31
    for n, hour in enumerate(hours):
        part = minutes[n * 60 : (n + 1) * 60]
        folded = ReferenceKline(
            part[0].open_ms,
            part[0].open,
            max(each.high for each in part),
            min(each.low for each in part),
            part[-1].close,
        )
        assert hour == pytest.approx(folded, rel=1e-12)


def test_it_ends_at_the_price_of_now(world: World, perp: Listing) -> None:
    premium = world.premium(perp)
    (index,) = world.index_klines(perp, HOUR, limit=1)
    (mark,) = world.mark_klines(perp, HOUR, limit=1)
    assert index.close == pytest.approx(premium.index, rel=3e-4)
    assert mark.close == pytest.approx(premium.mark, rel=1.5e-3)


def test_it_knows_no_future(perp: Listing) -> None:
    early, late = (World(seed=5, venue="sim-west", origin_ms=ORIGIN + more) for more in (0, 30_000))
    before, after = (each.index_klines(perp, MINUTE, limit=1)[0] for each in (early, late))
    assert before.open_ms == after.open_ms
    assert before.open == after.open
    assert before.high <= after.high
    assert before.low >= after.low
    assert before.close != after.close


def test_it_follows_what_trades(world: World, perp: Listing) -> None:
    marks = world.mark_klines(perp, HOUR, limit=200)
    traded = world.klines(perp, HOUR, limit=200)
    for mark, kline in zip(marks, traded, strict=True):
        assert mark.open_ms == kline.open_ms
        assert mark.close == pytest.approx(kline.close, rel=0.004)


def test_it_marks_perpetuals_only(world: World) -> None:
    spot = world.listing("spot", "ETHUSDT")
    assert spot is not None
    with pytest.raises(UsageError, match="spot listing"):
        world.mark_klines(spot, MINUTE)
