"""The live book: it stays around the fair price, and its trades come out of it."""

from __future__ import annotations

import numpy as np
import pytest

from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.world import World

MINUTE = 60_000
ORIGIN = 490_000 * 3_600_000 + 17 * MINUTE


@pytest.fixture
def world() -> World:
    return World(seed=9, venue="sim-west", origin_ms=ORIGIN)


def run(world: World, minutes: float) -> None:
    end = world.now_ms + round(minutes * MINUTE)
    while world.now_ms < end:
        world.advance(min(world.now_ms + 1000, end))


def distance(world: World, listing: Listing) -> float:
    """How far the middle of the book is from the fair price, in half spreads."""
    market = world._of(listing).market
    best = world.best(listing)
    return float(abs((best.bid + best.ask) / 2 - market.fair(world.now_ms)) / market.half)


def test_it_keeps_the_book_at_the_fair_price(world: World) -> None:
    run(world, 7)  # by then the last generated trade is forgotten
    away = []
    for _ in range(40):
        run(world, 0.1)
        away += [distance(world, listing) for listing in world.listings]
    assert np.median(away) < 2.0
    assert np.quantile(away, 0.99) < 12.0


def test_it_keeps_books_of_a_constant_size(world: World) -> None:
    def sizes() -> list[int]:
        depths = [world.depth(listing, 10_000) for listing in world.listings]
        return [min(len(each.bids), len(each.asks)) for each in depths]

    before = sizes()
    run(world, 25)
    after = sizes()
    assert min(after) >= 12
    assert max(after) <= 110
    assert 0.6 < np.mean(after) / np.mean(before) < 1.5


def test_no_price_gathers_orders_without_end() -> None:
    world = World(seed=9, venue="sim-west", origin_ms=ORIGIN, pace=40.0)
    run(world, 1)
    for listing in world.listings:
        book = world._of(listing).market.book
        depth = book.depth(10_000, 0)
        for sells, side in ((False, depth.bids), (True, depth.asks)):
            assert not any(book.oldest_of(sells, ticks, 13) for ticks, _ in side)


def test_it_shows_more_size_away_from_the_touch(world: World) -> None:
    run(world, 2)
    near, far = [], []
    for listing in world.listings:
        lots = [each for _, each in world.depth(listing, 10_000).bids]
        near.append(np.mean(lots[:3]) / np.mean(lots))
        far.append(np.mean(lots[-10:]) / np.mean(lots))
    assert np.mean(far) > 1.5 * np.mean(near)


def test_it_prints_only_prices_that_were_in_the_book(world: World) -> None:
    for _ in range(400):
        before = {listing: world.depth(listing, 10_000) for listing in world.listings}
        world.advance(world.now_ms + 20)
        news = world.collect()
        touched = {listing for listing, _ in news.prints}
        for listing in touched:
            prints = [each for which, each in news.prints if which is listing]
            first = prints[0]
            side = before[listing].bids if first.seller_is_taker else before[listing].asks
            changes = [each for which, each in news.bests if which is listing]
            if len(prints) == 1 and len(changes) <= 1:
                assert first.ticks in dict(side)
                assert first.lots <= dict(side)[first.ticks]


def test_it_takes_bids_with_sells_and_asks_with_buys(world: World) -> None:
    prices: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(600):
        best = {listing: world.best(listing) for listing in world.listings}
        world.advance(world.now_ms + 50)
        for listing, each in world.collect().prints:
            middle = (best[listing].bid + best[listing].ask) / 2
            prices[each.seller_is_taker].append(each.ticks / middle - 1)
    assert np.mean(prices[True]) < 0 < np.mean(prices[False])


def test_it_liquidates_into_the_book(world: World) -> None:
    listing = next(each for each in world.listings if each.market == "perp")
    market = world._of(listing).market
    bids = dict(world.depth(listing, 10_000).bids)
    lots = int(sum(bids.values()) * 0.3)
    order = market.force(True, lots, world.now_ms)
    assert order is not None
    assert order.lots == lots
    news = world.collect()
    prints = [each for which, each in news.prints if which is listing]
    assert news.forced == [(listing, order)]
    assert sum(each.lots for each in prints) == lots
    assert order.average == pytest.approx(sum(each.lots * each.ticks for each in prints) / lots)
    assert order.ticks == prints[-1].ticks == min(each.ticks for each in prints)
    assert all(each.seller_is_taker and each.ticks in bids for each in prints)


def test_it_quotes_a_side_again_that_was_emptied(world: World) -> None:
    for listing in world.listings:
        market = world._of(listing).market
        for sells in (True, False):
            assert market.force(sells, 10**15, world.now_ms) is not None
            best = world.best(listing)
            assert 0 < best.bid < best.ask
