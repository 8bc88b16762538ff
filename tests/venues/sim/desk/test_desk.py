"""Users' orders in the books of the simulated market."""

from __future__ import annotations

import pytest

from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.tape import fold_trades
from tests.venues.sim.desk.conftest import SpotPit, make_world

MINUTE = 60_000


def test_a_market_order_takes_the_best_prices_and_prints_for_all_to_see(spot: SpotPit) -> None:
    alice = spot.trader()
    depth = spot.world.depth(spot.listing, 3)
    first, second = depth.asks[:2]
    order = spot.send(alice, "buy", first[1] + 1)
    assert [(fill.ticks, fill.lots) for fill in order.fills] == [first, (second[0], 1)]
    printed = spot.world.agg_trades(spot.listing, limit=2)
    assert [(each.id, each.ticks, each.lots) for each in printed] == [
        (fill.id, fill.ticks, fill.lots) for fill in order.fills
    ]
    assert not printed[0].seller_is_taker
    assert order.status == "FILLED"
    assert spot.executions(order) == ["NEW", "TRADE", "TRADE"]


def test_ids_stay_gapless_and_candles_stay_the_fold_of_trades(spot: SpotPit) -> None:
    alice = spot.trader()
    start = spot.world.now_ms - spot.world.now_ms % MINUTE
    for n in range(40):
        spot.send(alice, "buy" if n % 2 else "sell", 50 + n)
        spot.send(alice, "sell", 20, spot.ask + n % 3)
        spot.run(1000)
    end = spot.world.now_ms - spot.world.now_ms % MINUTE
    trades = spot.world.agg_trades(spot.listing, start_ms=start, end_ms=end - 1, limit=10**6)
    assert [each.id for each in trades] == list(range(trades[0].id, trades[-1].id + 1))
    assert [each.ts_ms for each in trades] == sorted(each.ts_ms for each in trades)
    own = {fill.id: fill for fill in alice.fills if fill.ts_ms < end}
    assert own.keys() <= {each.id for each in trades}
    assert any(fill.maker for fill in own.values())
    for candle in spot.world.klines(spot.listing, MINUTE, start, end - 1):
        inside = [each for each in trades if candle.open_ms <= each.ts_ms < candle.open_ms + MINUTE]
        assert list(candle[1:]) == fold_trades(inside)


def test_a_resting_order_waits_behind_what_stands_there_already(spot: SpotPit) -> None:
    alice, bob = spot.trader(), spot.trader()
    bid, before = spot.bid, spot.world.best(spot.listing).bid_lots
    order = spot.send(alice, "buy", 100, bid)
    assert spot.world.best(spot.listing).bid_lots == before + 100
    spot.send(bob, "sell", before)
    assert order.filled == 0
    spot.send(bob, "sell", 40)
    assert (order.filled, order.status) == (40, "PARTIALLY_FILLED")
    assert order.fills[0].maker


def test_the_market_fills_a_resting_order_when_its_price_is_passed(spot: SpotPit) -> None:
    alice = spot.trader()
    bids = [spot.send(alice, "buy", 10, spot.bid - n) for n in range(0, 12, 4)]
    asks = [spot.send(alice, "sell", 10, spot.ask + n) for n in range(0, 12, 4)]
    low, high = spot.bid, spot.ask
    for listing, trade in spot.run(240_000):
        if listing is spot.listing:
            low, high = min(low, trade.ticks), max(high, trade.ticks)
    for order in bids:
        assert low >= order.ticks or order.status == "FILLED"
    for order in asks:
        assert high <= order.ticks or order.status == "FILLED"
    filled = [order for order in bids + asks if order.filled]
    assert filled
    assert {fill.ticks for order in filled for fill in order.fills} <= {order.ticks for order in filled}


def test_a_large_order_does_not_hold_the_market_up(spot: SpotPit) -> None:
    whale = spot.trader(USDT=10**9, SOL=10**7)
    order = spot.send(whale, "buy", 10**6, spot.bid)  # more than the market brings in an hour
    assert order.resting is not None
    before = spot.bid
    spot.run(180_000, 250)
    assert order.status == "FILLED"  # the price has passed it: somebody was quick
    free = SpotPit(make_world())
    free.run(180_000, 250)
    assert free.bid < before * 0.999
    assert spot.bid == pytest.approx(free.bid, rel=0.0003)


def test_two_users_trade_with_each_other_first_come_first_served(spot: SpotPit) -> None:
    alice, bob, carol = spot.trader(), spot.trader(), spot.trader()
    inside = spot.make_room()
    first, second = spot.send(alice, "buy", 30, inside), spot.send(bob, "buy", 30, inside)
    taken = spot.send(carol, "sell", 40, inside, time_in_force="IOC")
    assert (first.filled, second.filled, taken.filled) == (30, 10, 40)
    assert [fill.ticks for fill in taken.fills] == [inside, inside]
    assert {fill.id for fill in taken.fills} == {first.fills[0].id, second.fills[0].id}
    assert not taken.fills[0].maker
    assert first.fills[0].maker


def test_a_better_price_goes_before_an_earlier_order(spot: SpotPit) -> None:
    alice, bob, carol = spot.trader(), spot.trader(), spot.trader()
    inside = spot.make_room()
    early = spot.send(alice, "sell", 10, inside + 1)
    better = spot.send(bob, "sell", 10, inside)
    spot.send(carol, "buy", 10)
    assert (early.filled, better.filled) == (0, 10)


@pytest.mark.parametrize(
    ("prevention", "maker", "taker"),
    [
        ("EXPIRE_MAKER", ("EXPIRED_IN_MATCH", 0), ("FILLED", 50)),
        ("EXPIRE_TAKER", ("NEW", 0), ("EXPIRED_IN_MATCH", 0)),
        ("EXPIRE_BOTH", ("EXPIRED_IN_MATCH", 0), ("EXPIRED_IN_MATCH", 0)),
        ("NONE", ("FILLED", 50), ("FILLED", 50)),
    ],
)
def test_a_trader_meets_itself_only_where_it_allows_that(
    spot: SpotPit, prevention: str, maker: tuple[str, int], taker: tuple[str, int]
) -> None:
    alice = spot.trader()
    resting = spot.send(alice, "buy", 50, spot.make_room())
    order = spot.send(alice, "sell", 50, prevention=prevention)
    assert (resting.status, resting.filled) == maker
    assert (order.status, order.filled) == taker


def test_fill_or_kill_is_all_or_nothing(spot: SpotPit) -> None:
    alice = spot.trader()
    there = spot.world.best(spot.listing).ask_lots
    killed = spot.send(alice, "buy", there + 1, spot.ask, time_in_force="FOK")
    assert (killed.status, killed.filled) == ("EXPIRED", 0)
    filled = spot.send(alice, "buy", there, spot.ask, time_in_force="FOK")
    assert (filled.status, filled.filled) == ("FILLED", there)


def test_immediate_or_cancel_keeps_what_it_got(spot: SpotPit) -> None:
    alice = spot.trader()
    there = spot.world.best(spot.listing).ask_lots
    order = spot.send(alice, "buy", there + 7, spot.ask, time_in_force="IOC")
    assert (order.status, order.filled) == ("EXPIRED", there)
    assert spot.executions(order) == ["NEW", "TRADE", "EXPIRED"]


def test_an_order_of_fewer_lots_keeps_its_place(spot: SpotPit) -> None:
    alice, bob, carol = spot.trader(), spot.trader(), spot.trader()
    inside = spot.make_room()
    first, second = spot.send(alice, "buy", 30, inside), spot.send(bob, "buy", 30, inside)
    spot.desk.amend(first, 20, "renamed")
    assert (alice.named("SOLUSDT", "renamed"), first.client_id) == (first, "renamed")
    spot.send(carol, "sell", 25)
    assert (first.filled, second.filled) == (20, 5)


def test_a_cancelled_order_leaves_the_book(spot: SpotPit) -> None:
    alice = spot.trader()
    inside = spot.make_room()
    before = spot.world.best(spot.listing)[2:]
    order = spot.send(alice, "sell", 30, inside)
    assert spot.world.best(spot.listing)[2:] != before
    spot.desk.cancel(order, "enough")
    assert spot.world.best(spot.listing)[2:] == before
    assert (order.status, alice.open) == ("CANCELED", {})


def test_an_open_orders_name_is_taken(spot: SpotPit) -> None:
    alice = spot.trader()
    order = spot.send(alice, "buy", 30, spot.bid - 100, client_id="mine")
    with pytest.raises(Refusal) as refused:
        spot.send(alice, "buy", 30, spot.bid - 100, client_id="mine")
    assert (refused.value.code, refused.value.message) == (-2010, "Duplicate order sent.")
    spot.desk.cancel(order)
    assert spot.send(alice, "buy", 30, spot.bid - 100, client_id="mine").status == "NEW"


def test_orders_come_back_when_the_book_is_laid_out_anew(spot: SpotPit) -> None:
    alice = spot.trader()
    far = spot.send(alice, "buy", 30, spot.bid // 2)
    crossed = spot.send(alice, "sell", 10, spot.ask + 1)
    spot.world.advance(spot.world.now_ms + 600_000)  # the machine slept
    spot.desk.step(spot.world.collect().prints)
    assert far.status == "NEW"
    assert far.resting is not None
    assert crossed.status in ("NEW", "FILLED")
    spot.desk.cancel(far)
    assert alice.balance("USDT").locked == 0
