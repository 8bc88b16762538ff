"""The spot desk: what orders hold back, what fills move, and lists of which one order cancels the other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.venues.sim.desk.orders import Order, amount, quantity
from candlewick.venues.sim.desk.spot import BalancesChanged, ListReported, OrderList, SpotTrader
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.refusal import Refusal
from tests.examples import examples
from tests.venues.sim.desk.conftest import SpotPit, make_world

ZERO = Decimal(0)


def held(trader: SpotTrader, asset: str) -> tuple[Decimal, Decimal]:
    balance = trader.balance(asset)
    return balance.free, balance.locked


def stop(spot: SpotPit, trader: SpotTrader, side: str, lots: int, at: int, limit: int = 0) -> Order:
    """A stop-loss order, not sent yet."""
    return spot.order(
        trader,
        side,
        lots,
        limit,
        type="STOP_LOSS_LIMIT" if limit else "STOP_LOSS",
        stop_ticks=at,
        trigger=Trigger(rises=side == "buy", stop=at),
    )


def pair_of(spot: SpotPit, trader: SpotTrader, lots: int, target: int, at: int, limit: int = 0) -> OrderList:
    working = spot.order(trader, "sell", lots, target, type="LIMIT_MAKER")
    return spot.desk.place_pair("pair", working, stop(spot, trader, "sell", lots, at, limit))


def test_an_open_bid_holds_back_its_price_and_an_ask_its_quantity(spot: SpotPit) -> None:
    alice = spot.trader(USDT="1000", SOL="5")
    bid = spot.send(alice, "buy", 1000, spot.bid // 2)
    locked = amount(spot.listing, 1000 * bid.ticks)
    assert held(alice, "USDT") == (1000 - locked, locked)
    ask = spot.send(alice, "sell", 2000, spot.ask * 2)
    assert held(alice, "SOL") == (Decimal(3), Decimal(2))
    spot.desk.cancel(bid)
    spot.desk.cancel(ask)
    assert held(alice, "USDT") == (Decimal(1000), ZERO)
    assert held(alice, "SOL") == (Decimal(5), ZERO)


def test_a_fill_below_the_limit_gives_the_rest_back(spot: SpotPit) -> None:
    alice = spot.trader(USDT="10000")
    order = spot.send(alice, "buy", 1000, spot.ask * 11 // 10)
    (fill,) = order.fills
    assert held(alice, "USDT") == (10_000 - amount(spot.listing, fill.ticks * 1000), ZERO)
    assert alice.balance("SOL").free == 1 - fill.commission
    assert (fill.commission, fill.asset) == (Decimal("0.0012"), "SOL")  # 12 bp of one SOL, a taker's


def test_a_seller_pays_its_commission_in_quote(spot: SpotPit) -> None:
    alice = spot.trader(SOL="0.1")
    (fill,) = spot.send(alice, "sell", 100).fills
    value = amount(spot.listing, fill.ticks * fill.lots)
    assert alice.balance("USDT").free == value - fill.commission
    assert fill.commission == (value * Decimal("0.0012")).quantize(Decimal("0.00000001"))


@pytest.mark.parametrize("kind", ["market", "limit", "stop"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_nobody_sends_more_than_there_is(spot: SpotPit, side: str, kind: str) -> None:
    poor = spot.trader(USDT="1", SOL="0.001")
    at = spot.ask * 2 if side == "buy" else spot.bid // 2
    order = {
        "market": spot.order(poor, side, 1000),
        "limit": spot.order(poor, side, 1000, spot.bid),
        "stop": stop(spot, poor, side, 1000, at),
    }[kind]
    with pytest.raises(Refusal) as refused:
        spot.desk.place(order)
    assert refused.value.code == -2010
    assert "insufficient" in refused.value.message
    assert poor.orders == {}
    assert (poor.balance("USDT").locked, poor.balance("SOL").locked) == (ZERO, ZERO)


def test_a_maker_only_order_that_would_take_is_refused(spot: SpotPit) -> None:
    with pytest.raises(Refusal) as refused:
        spot.send(spot.trader(), "buy", 100, spot.ask, type="LIMIT_MAKER")
    assert refused.value.message == "Order would immediately match and take."


def test_what_a_market_order_costs_leaves_out_what_it_will_not_meet(spot: SpotPit) -> None:
    inside = spot.make_room()
    alice = spot.trader(SOL="1", USDT=str(amount(spot.listing, inside * 1000)))
    spot.send(alice, "sell", 1000, inside)  # the best ask is her own, which will end instead of trading
    with pytest.raises(Refusal) as refused:
        spot.send(alice, "buy", 1000)
    assert refused.value.code == -2010
    assert alice.balance("USDT").free >= 0


def test_a_quote_amount_buys_whole_lots_for_no_more(spot: SpotPit) -> None:
    alice = spot.trader(USDT="1000")
    order = spot.order(alice, "buy", 0, asked_quote=Decimal(500))
    order.lots = spot.desk.lots_for(order)
    spot.desk.place(order)
    spent = amount(spot.listing, order.value)
    assert 500 - amount(spot.listing, spot.ask) < spent <= 500


def test_a_stop_sleeps_until_the_market_trades_at_its_price(spot: SpotPit) -> None:
    alice, bob = spot.trader(), spot.trader(USDT=10**9, SOL=10**7)
    order = spot.desk.place(stop(spot, alice, "sell", 1000, spot.bid - 10))
    assert held(alice, "SOL") == (Decimal(9999), Decimal(1))
    spot.desk.step(spot.world.collect().prints)
    spot.send(bob, "sell", 10**7, spot.bid - 10, time_in_force="IOC")
    assert spot.executions(order) == ["NEW"]  # it hears of it when the market moves on
    spot.run(50)
    assert spot.executions(order)[-1] == "TRADE"
    assert order.left == 0
    assert all(fill.ticks <= spot.world.klines(spot.listing, 60_000, limit=1)[0].high for fill in order.fills)
    assert alice.balance("SOL").locked == 0


def test_a_stop_that_can_no_longer_be_paid_expires(spot: SpotPit) -> None:
    alice, bob = spot.trader(USDT="3000"), spot.trader(USDT=10**9, SOL=10**7)
    at = spot.ask + 5
    need = amount(spot.listing, at * 1000)
    order = spot.desk.place(stop(spot, alice, "buy", 1000, at))
    assert alice.balance("USDT").locked == need
    spot.desk.deposit(alice, "USDT", -alice.balance("USDT").free)
    spot.send(bob, "buy", 10**7, at + 20, time_in_force="IOC")
    spot.desk.step(spot.world.collect().prints)
    assert order.status == "EXPIRED"
    assert held(alice, "USDT") == (need, ZERO)


def test_a_pair_holds_back_once_and_its_target_knocks_out_the_stop(spot: SpotPit) -> None:
    alice, bob = spot.trader(SOL="10"), spot.trader()
    inside = spot.make_room()
    pair = pair_of(spot, alice, 10_000, inside, spot.bid - 500)
    stopping, target = pair.orders
    assert held(alice, "SOL") == (ZERO, Decimal(10))
    spot.send(bob, "buy", 4000, inside)
    assert (target.status, target.filled, stopping.status) == ("PARTIALLY_FILLED", 4000, "EXPIRED")
    assert held(alice, "SOL") == (ZERO, Decimal(6))
    assert pair.state == "EXECUTING"
    spot.send(bob, "buy", 6000, inside)
    assert (target.status, pair.state) == ("FILLED", "ALL_DONE")
    assert held(alice, "SOL") == (ZERO, ZERO)
    lists = [each.list.state for each in spot.told if isinstance(each, ListReported)]
    assert len(lists) == 2


def test_a_stop_that_wakes_knocks_out_the_target(spot: SpotPit) -> None:
    alice, bob = spot.trader(SOL="10"), spot.trader(USDT=10**9, SOL=10**7)
    pair = pair_of(spot, alice, 10_000, spot.ask + 500, spot.bid - 5)
    stopping, target = pair.orders
    spot.send(bob, "sell", 10**7, spot.bid - 5, time_in_force="IOC")
    spot.run(50)
    assert (stopping.status, target.status, pair.state) == ("FILLED", "EXPIRED", "ALL_DONE")
    assert held(alice, "SOL") == (ZERO, ZERO)


def test_cancelling_one_of_a_pair_cancels_both(spot: SpotPit) -> None:
    alice = spot.trader(SOL="10")
    pair = pair_of(spot, alice, 10_000, spot.ask + 500, spot.bid - 500, spot.bid - 600)
    spot.desk.cancel(pair.orders[1])
    assert [order.status for order in pair.orders] == ["CANCELED", "CANCELED"]
    assert held(alice, "SOL") == (Decimal(10), ZERO)
    assert pair.state == "ALL_DONE"


def test_amending_one_of_a_pair_amends_both(spot: SpotPit) -> None:
    alice = spot.trader(SOL="10")
    pair = pair_of(spot, alice, 10_000, spot.ask + 500, spot.bid - 500, spot.bid - 600)
    spot.desk.amend(pair.orders[0], 4000, "smaller")
    assert [order.lots for order in pair.orders] == [4000, 4000]
    assert held(alice, "SOL") == (Decimal(6), Decimal(4))


def test_money_is_told_whenever_it_moves(spot: SpotPit) -> None:
    alice = spot.trader(USDT="1000")
    spot.told.clear()
    order = spot.send(alice, "buy", 1000, spot.bid // 2)
    spot.desk.cancel(order)
    changes = [each for each in spot.told if isinstance(each, BalancesChanged)]
    assert [each.assets for each in changes] == [("SOL", "USDT"), ("SOL", "USDT")]


@pytest.fixture(scope="module")
def pit() -> Iterator[SpotPit]:
    """A market that all examples share; each begins where the one before has ended."""
    world = make_world()
    yield SpotPit(world)
    world.close()


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["market", "limit", "ioc", "fok", "maker", "stop", "pair", "shrink", "cancel", "wait"]
        ),
        st.sampled_from(["buy", "sell"]),
        st.integers(0, 2),  # who
        st.integers(1, 4000),  # lots
        st.integers(-6, 6),  # from the best price, in ticks
        st.sampled_from(["EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"]),
    ),
    max_size=25,
)


@settings(max_examples=examples(60))
@given(actions=ACTIONS)
def test_balances_are_deposits_and_fills_whatever_is_sent(
    pit: SpotPit, actions: list[tuple[str, str, int, int, int, str]]
) -> None:
    spot = SpotPit(pit.world)
    first = {"USDT": Decimal(5000), "SOL": Decimal(20)}
    traders = [spot.trader(USDT="5000", SOL="20") for _ in range(3)]
    refused: set[int] = set()
    for kind, side, who, lots, away, prevention in actions:
        trader = traders[who]
        price = (spot.ask if side == "buy" else spot.bid) + away
        try:
            if kind == "market":
                spot.send(trader, side, lots, prevention=prevention)
            elif kind == "limit":
                spot.send(trader, side, lots, price, prevention=prevention)
            elif kind in ("ioc", "fok"):
                spot.send(trader, side, lots, price, time_in_force=kind.upper(), prevention=prevention)
            elif kind == "maker":
                spot.send(trader, side, lots, price, type="LIMIT_MAKER")
            elif kind == "stop":
                at = spot.ask + 1 + abs(away) if side == "buy" else spot.bid - 1 - abs(away)
                spot.desk.place(stop(spot, trader, side, lots, at, at if away % 2 else 0))
            elif kind == "pair":
                pair_of(spot, trader, lots, spot.ask + 1 + abs(away), spot.bid - 1 - abs(away))
            elif kind == "wait":
                spot.run(lots)
            elif trader.open:
                order = list(trader.open.values())[lots % len(trader.open)]
                if kind == "cancel":
                    spot.desk.cancel(order)
                elif order.left > 1:
                    spot.desk.amend(order, order.lots - 1, order.client_id)
        except Refusal as refusal:
            refused.add(refusal.code)
        check(spot, traders, first)
    assert refused <= {-2010}
    for trader in traders:
        for order in list(trader.open.values()):
            spot.desk.cancel(order)
        assert all(balance.locked == 0 for balance in trader.balances.values())
    check(spot, traders, first)


def check(spot: SpotPit, traders: list[SpotTrader], first: dict[str, Decimal]) -> None:
    """The slow and obvious account of each trader equals what the desk says."""
    spot.desk.hear()
    for trader in traders:
        total = dict(first)
        for fill in trader.fills:
            sign = -1 if fill.order.sells else 1
            total["SOL"] += sign * quantity(spot.listing, fill.lots)
            total["USDT"] -= sign * amount(spot.listing, fill.ticks * fill.lots)
            total[fill.asset] -= fill.commission
            if fill.order.ticks:
                assert (fill.ticks - fill.order.ticks) * sign <= 0, "a fill beyond its limit"
        assert {name: sum(held(trader, name)) for name in first} == total
        locked = {"USDT": ZERO, "SOL": ZERO}
        for order in trader.open.values():
            locked["SOL" if order.sells else "USDT"] += order.locked
            assert order.filled == sum(fill.lots for fill in order.fills)
        assert {name: held(trader, name)[1] for name in first} == locked
        assert all(balance.free >= 0 for balance in trader.balances.values())
        ids = [fill.id for fill in trader.fills]
        assert len(ids) == len(set(ids))
    best = spot.world.best(spot.listing)
    assert best.bid < best.ask
