"""Perpetuals: funding follows the premium, open interest and liquidations answer the price."""

from __future__ import annotations

import numpy as np
import pytest

from candlewick.venues.sim.derivatives import INTEREST_8H, Derivative, funding_rate
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.world import World

HOUR = 3_600_000
MINUTE = 60_000
ORIGIN = 490_000 * HOUR + 17 * MINUTE


def start(origin_ms: int = ORIGIN, venue: str = "sim-west") -> World:
    return World(seed=5, venue=venue, origin_ms=origin_ms)


def perp(world: World, symbol: str = "BTCUSDT") -> Listing:
    listing = world.listing("perp", symbol)
    assert listing is not None
    return listing


def run(world: World, minutes: float) -> None:
    end = world.now_ms + round(minutes * MINUTE)
    while world.now_ms < end:
        world.advance(min(world.now_ms + 1000, end))


def derivative(world: World, symbol: str) -> Derivative:
    return world._of(perp(world, symbol)).derivative


@pytest.mark.parametrize(
    ("premium", "hours", "rate"),
    [
        (0.0, 8, 0.0001),  # nothing to say: the interest
        (0.0005, 8, 0.0001),  # within the clamp
        (0.0010, 8, 0.0005),
        (-0.0010, 8, -0.0005),
        (0.0, 4, 0.00005),
        (0.5, 8, 0.02),  # the cap
    ],
)
def test_it_settles_by_the_rule(premium: float, hours: int, rate: float) -> None:
    assert funding_rate(premium, hours) == pytest.approx(rate)


def test_it_settles_at_whole_intervals_of_each_venue() -> None:
    for venue, hours in (("sim-west", 4), ("sim-east", 8)):
        world = start(venue=venue)
        times = [ts_ms for ts_ms, _, _ in world.funding_history(perp(world), limit=6)]
        assert len(times) == 6
        assert all(ts_ms % (hours * HOUR) == 0 for ts_ms in times)
        assert np.diff(times).tolist() == [hours * HOUR] * 5
        assert world.premium(perp(world)).next_funding_ms == times[-1] + hours * HOUR
        assert world.premium(perp(world)).interest_rate == INTEREST_8H * hours / 8


def test_it_finds_settlements_from_a_start_and_to_an_end() -> None:
    world = start()
    whole = world.funding_history(perp(world), limit=20)
    begin = whole[5][0]
    assert world.funding_history(perp(world), start_ms=begin, limit=3) == whole[5:8]
    assert world.funding_history(perp(world), start_ms=begin, end_ms=whole[6][0]) == whole[5:7]
    assert world.funding_history(perp(world), end_ms=whole[6][0], limit=2) == whole[5:7]
    assert all(mark > 0 for _, _, mark in whole)


def test_it_charges_longs_when_the_premium_is_high() -> None:
    world = start()
    rates = np.array([rate for _, rate, _ in world.funding_history(perp(world), limit=600)])
    assert 0 < rates.mean() < 0.0004
    assert len(np.unique(rates)) > 20
    assert rates.min() < INTEREST_8H / 2


def test_it_marks_near_the_index_and_the_book() -> None:
    world = start()
    run(world, 3)
    for listing in (each for each in world.listings if each.market == "perp"):
        premium, best = world.premium(listing), world.best(listing)
        assert premium.mark == pytest.approx(premium.index, rel=0.004)
        assert premium.mark == pytest.approx((best.bid + best.ask) / 2, rel=0.004)


def test_it_estimates_what_it_then_settles() -> None:
    settlement = 490_004 * HOUR
    world = start(settlement - 60_000)
    run(world, 0.9)
    listing = perp(world)
    estimate = world.premium(listing)
    assert estimate.next_funding_ms == settlement
    run(world, 0.3)
    ts_ms, rate, _ = world.funding_history(listing, limit=1)[0]
    assert ts_ms == settlement
    assert rate == pytest.approx(estimate.funding_rate, abs=2e-6)
    assert world.premium(listing).next_funding_ms == settlement + 4 * HOUR


def test_it_loses_open_interest_when_the_price_falls() -> None:
    world = start()
    every = derivative(world, "BTCUSDT")
    at = np.arange(ORIGIN / MINUTE - 900 * 1440, ORIGIN / MINUTE, 480.0)
    lots, moves = np.log(every.open_interest_at(at)), np.diff(every._fair.momentum(at))
    changes = np.diff(lots)
    assert (moves < -0.02).sum() > 20
    assert changes[moves < -0.02].mean() < -0.015
    assert abs(changes[np.abs(moves) < 0.004].mean()) < 0.01
    assert np.exp(lots.max() - lots.min()) < 12


def test_it_repeats_the_open_interest_it_told() -> None:
    world = start(ORIGIN - ORIGIN % (5 * MINUTE) + 4 * MINUTE)
    listing = perp(world)
    run(world, 1.0)
    told = world.open_interest(listing)
    run(world, 2.0)
    ts_ms, lots = world.open_interest_history(listing, 5 * MINUTE, limit=3)[-1]
    assert ts_ms % (5 * MINUTE) == 0
    assert lots == told


def test_it_loses_what_was_liquidated_from_open_interest() -> None:
    world = start()
    listing = perp(world)
    before = world.open_interest(listing)
    market = world._of(listing).market
    order = market.force(True, 1 + before // 100, world.now_ms)
    assert order is not None
    derivative(world, "BTCUSDT").liquidated(order)
    assert world.open_interest(listing) == pytest.approx(before - order.lots, abs=2)
    assert world.forced_orders(listing) == [order]


def test_it_liquidates_longs_in_a_fall_and_seldom_in_calm() -> None:
    calm_world = start()
    closes = np.array([each.close for each in calm_world.klines(perp(calm_world), MINUTE, limit=20_000)])
    moves = np.log(closes[1:] / closes[:-1])
    origin = ORIGIN // MINUTE * MINUTE
    fall_ms = origin - (len(moves) - int(np.argmin(moves))) * MINUTE
    sold = bought = 0
    falling = start(fall_ms - 30_000)
    run(falling, 4)
    run(calm_world, 4)
    for listing in (each for each in falling.listings if each.market == "perp"):
        orders = falling.forced_orders(listing)
        sold += sum(each.sells for each in orders)
        bought += sum(not each.sells for each in orders)
    calm = sum(len(calm_world.forced_orders(each)) for each in calm_world.listings if each.market == "perp")
    assert sold > 2 * bought
    assert sold + bought > 2 * calm
