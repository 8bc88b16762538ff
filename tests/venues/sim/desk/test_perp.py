"""The perpetuals' desk: margin, reduce-only, conditional orders, funding, liquidation."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.venues.sim.desk.algo import AlgoOrder, AlgoReported
from candlewick.venues.sim.desk.cashier import AccountChanged
from candlewick.venues.sim.desk.margin import PerpTrader
from candlewick.venues.sim.desk.orders import ZERO, amount
from candlewick.venues.sim.desk.perp import LeverageChanged
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.desk.upkeep import MarginCalled
from candlewick.venues.sim.refusal import Refusal
from tests.examples import examples
from tests.venues.sim.desk.conftest import PerpPit, make_world

HOUR = 3_600_000


def lots_of(perp: PerpPit, trader: PerpTrader) -> int:
    return trader.position(perp.listing).lots


def conditional(
    perp: PerpPit, trader: PerpTrader, side: str, at: int, lots: int = 0, **terms: Any
) -> AlgoOrder:
    """A stop, sent."""
    terms.setdefault("type", "STOP_MARKET")
    terms.setdefault("trigger", Trigger(rises=terms["type"].startswith("STOP") == (side == "buy"), stop=at))
    return perp.desk.algos.place(
        AlgoOrder(
            id=perp.desk.next_id(),
            client_id=f"algo-{perp.desk.next_id()}",
            trader=trader,
            listing=perp.listing,
            sells=side == "sell",
            time_in_force="GTC",
            lots=lots,
            ticks=terms.pop("ticks", 0),
            stop_ticks=at,
            working_type=terms.pop("working_type", "CONTRACT_PRICE"),
            created_ms=perp.world.now_ms,
            **terms,
        )
    )


def test_a_position_costs_its_margin_and_gives_it_back(perp: PerpPit) -> None:
    alice = perp.trader(1000)
    perp.desk.set_leverage(alice, perp.listing, 10)
    perp.send(alice, "buy", 1000)
    position = alice.position(perp.listing)
    mark = perp.desk.mark(perp.listing)
    assert position.lots == 1000
    free = alice.available("USDT", perp.desk.mark)
    assert free == alice.wallet("USDT") + position.unrealized(mark) - position.initial(mark)
    perp.send(alice, "sell", 1000, reduce_only=True)
    assert position.lots == 0
    assert alice.available("USDT", perp.desk.mark) == alice.wallet("USDT")


def test_open_orders_need_margin_on_their_heavier_side_only(perp: PerpPit) -> None:
    alice = perp.trader(10_000)
    perp.send(alice, "buy", 1000, perp.bid - 50)
    mark = perp.desk.mark(perp.listing)
    one = alice.orders_margin(perp.listing, mark)
    assert one == amount(perp.listing, 1000 * (perp.bid - 50)) / 20
    perp.send(alice, "sell", 900, perp.ask + 50)
    assert alice.orders_margin(perp.listing, mark) == one


def test_an_order_without_the_margin_is_refused(perp: PerpPit) -> None:
    alice = perp.trader(100)
    with pytest.raises(Refusal) as refused:
        perp.send(alice, "buy", 10**5)
    assert (refused.value.code, refused.value.message) == (-2019, "Margin is insufficient.")
    assert alice.orders == {}


def test_a_position_beyond_its_bracket_is_refused(perp: PerpPit) -> None:
    rich = perp.trader(10**9)
    perp.desk.set_leverage(rich, perp.listing, 75)
    with pytest.raises(Refusal) as refused:
        perp.send(rich, "buy", 10**5, perp.bid)
    assert refused.value.code == -2027
    with pytest.raises(Refusal) as refused:
        perp.desk.set_leverage(rich, perp.listing, 76)
    assert refused.value.code == -4028
    assert [type(each) for each in perp.told].count(LeverageChanged) == 1


def test_reduce_only_needs_something_to_reduce(perp: PerpPit) -> None:
    alice = perp.trader()
    for side in ("buy", "sell"):
        with pytest.raises(Refusal) as refused:
            perp.send(alice, side, 10, reduce_only=True)
        assert refused.value.code == -2022
    perp.send(alice, "buy", 500)
    with pytest.raises(Refusal):
        perp.send(alice, "buy", 10, reduce_only=True)
    order = perp.send(alice, "sell", 9000, reduce_only=True)
    assert (order.filled, lots_of(perp, alice)) == (500, 0)


def test_reduce_only_orders_never_add_up_to_more_than_the_position(perp: PerpPit) -> None:
    alice = perp.trader()
    perp.send(alice, "buy", 500)
    near = perp.send(alice, "sell", 300, perp.ask + 20, reduce_only=True)
    far = perp.send(alice, "sell", 200, perp.ask + 90, reduce_only=True)
    assert (near.status, far.status) == ("NEW", "NEW")
    middle = perp.send(alice, "sell", 100, perp.ask + 50, reduce_only=True)
    assert (near.status, middle.status, far.status) == ("NEW", "NEW", "EXPIRED")
    assert far.expiry_reason == 4
    perp.send(alice, "sell", 500)
    assert (near.status, middle.status, lots_of(perp, alice)) == ("EXPIRED", "EXPIRED", 0)


def test_a_post_only_order_that_would_take_is_refused(perp: PerpPit) -> None:
    with pytest.raises(Refusal) as refused:
        perp.send(perp.trader(), "buy", 10, perp.ask, time_in_force="GTX")
    assert refused.value.code == -5022


def test_a_market_order_reaches_five_percent_and_no_further(perp: PerpPit) -> None:
    whale = perp.trader(10**12)
    perp.desk.set_leverage(whale, perp.listing, 1)
    mark = float(perp.desk.mark(perp.listing) / perp.listing.tick)
    deep = sum(lots for _, lots in perp.world.depth(perp.listing, 1000).asks)
    perp.world.rest(perp.listing, True, int(mark * 1.06), 10**6, "somebody far away")
    order = perp.send(whale, "buy", deep + 1000)
    assert order.status == "EXPIRED"
    assert max(fill.ticks for fill in order.fills) <= mark * 1.05


def test_a_modified_order_goes_to_the_end_of_its_queue(perp: PerpPit) -> None:
    alice, bob, carol = perp.trader(), perp.trader(), perp.trader()
    inside = perp.make_room()
    first, second = perp.send(alice, "buy", 30, inside), perp.send(bob, "buy", 30, inside)
    perp.desk.modify(first, inside, 20)
    perp.send(carol, "sell", 35)
    assert (first.filled, second.filled) == (5, 30)
    assert perp.executions(first) == ["NEW", "AMENDMENT", "TRADE"]


def test_a_modification_that_leaves_nothing_cancels(perp: PerpPit) -> None:
    alice, carol = perp.trader(), perp.trader()
    inside = perp.make_room()
    order = perp.send(alice, "buy", 30, inside)
    perp.send(carol, "sell", 10)
    perp.desk.modify(order, inside, 10)
    assert (order.status, order.filled) == ("CANCELED", 10)
    maker = perp.send(alice, "buy", 30, inside, time_in_force="GTX")
    perp.desk.modify(maker, perp.ask, 30)
    assert (maker.status, maker.filled) == ("CANCELED", 0)


def test_a_modification_that_cannot_be_paid_changes_nothing(perp: PerpPit) -> None:
    alice = perp.trader(100)
    order = perp.send(alice, "buy", 1000, perp.bid - 10)
    with pytest.raises(Refusal) as refused:
        perp.desk.modify(order, order.ticks, 10**6)
    assert refused.value.code == -2019
    assert (order.lots, order.status) == (1000, "NEW")
    assert order.resting is not None


def test_a_stop_closes_the_position_when_the_market_trades_there(perp: PerpPit) -> None:
    alice, bob = perp.trader(), perp.trader(10**9)
    perp.send(alice, "buy", 700)
    algo = conditional(perp, alice, "sell", perp.bid - 5, close_position=True)
    perp.desk.set_leverage(bob, perp.listing, 1)
    depth = perp.world.depth(perp.listing, 100).bids
    lots = sum(lots for ticks, lots in depth if ticks >= perp.bid - 6)
    perp.send(bob, "sell", lots, perp.bid - 6, time_in_force="IOC")
    perp.told.clear()
    perp.desk.step(perp.world.collect().prints)
    assert algo.status == "FINISHED"
    assert algo.actual is not None
    assert (algo.actual.status, algo.actual.original_type) == ("FILLED", "STOP_MARKET")
    assert algo.actual.client_id == algo.client_id
    assert lots_of(perp, alice) == 0


def test_a_stop_that_would_trigger_at_once_is_refused(perp: PerpPit) -> None:
    last = perp.world.last(perp.listing)
    for side, at in (("buy", last), ("sell", last)):
        with pytest.raises(Refusal) as refused:
            conditional(perp, perp.trader(), side, at, 10)
        assert refused.value.code == -2021


def test_a_stop_whose_order_is_refused_says_why(perp: PerpPit) -> None:
    poor, bob = perp.trader(1), perp.trader(10**9)
    algo = conditional(perp, poor, "sell", perp.bid - 5, 10**6)
    perp.desk.set_leverage(bob, perp.listing, 1)
    perp.send(bob, "sell", 10**5, perp.bid - 6, time_in_force="IOC")
    perp.desk.step(perp.world.collect().prints)
    assert (algo.status, algo.why) == ("REJECTED", "Margin is insufficient.")


def test_a_stop_by_mark_looks_at_the_mark(perp: PerpPit) -> None:
    alice = perp.trader()
    perp.send(alice, "buy", 100)
    mark = perp.world.premium(perp.listing).mark
    above = Trigger(rises=True, stop=mark + 0.01)
    algo = conditional(
        perp,
        alice,
        "sell",
        int(mark) + 1,
        100,
        type="TAKE_PROFIT_MARKET",
        working_type="MARK_PRICE",
        trigger=above,
    )
    for _ in range(600):
        perp.run(500, 500)
        if perp.world.premium(perp.listing).mark > mark + 0.01:
            break
    perp.run(500, 500)
    assert algo.status == "FINISHED"


def test_a_good_till_date_ends(perp: PerpPit) -> None:
    alice = perp.trader()
    until = perp.world.now_ms + 2000
    order = perp.send(alice, "buy", 10, perp.bid - 900, time_in_force="GTD", good_till_ms=until)
    algo = conditional(perp, alice, "buy", perp.ask + 900, 10, good_till_ms=until)
    perp.run(1900)
    assert (order.status, algo.status) == ("NEW", "NEW")
    perp.run(150)
    assert (order.status, algo.status) == ("EXPIRED", "EXPIRED")


def test_margin_type_changes_only_without_orders_and_position(perp: PerpPit) -> None:
    alice = perp.trader()
    order = perp.send(alice, "buy", 10, perp.bid - 900)
    codes = []
    for isolated in (False, True):
        with pytest.raises(Refusal) as refused:
            perp.desk.set_isolated(alice, perp.listing, isolated)
        codes.append(refused.value.code)
    perp.desk.cancel(order)
    perp.desk.set_isolated(alice, perp.listing, True)
    perp.send(alice, "buy", 10)
    with pytest.raises(Refusal) as refused:
        perp.desk.set_isolated(alice, perp.listing, False)
    assert [*codes, refused.value.code] == [-4046, -4047, -4048]


def test_an_isolated_position_takes_its_margin_along(perp: PerpPit) -> None:
    alice = perp.trader(1000)
    perp.desk.set_isolated(alice, perp.listing, True)
    perp.desk.set_leverage(alice, perp.listing, 10)
    perp.send(alice, "buy", 100)
    position = alice.position(perp.listing)
    assert position.wallet == (position.cost / 10).quantize(Decimal("0.00000001"))
    assert alice.cross_wallet("USDT") == alice.wallet("USDT") - position.wallet
    before = position.wallet
    perp.desk.move_margin(alice, perp.listing, Decimal(5))
    assert position.wallet == before + 5
    with pytest.raises(Refusal) as refused:
        perp.desk.move_margin(alice, perp.listing, Decimal(-50))
    assert refused.value.code == -4051
    perp.send(alice, "sell", 50)
    assert position.wallet == pytest.approx((before + 5) / 2, abs=Decimal("0.00000001"))
    perp.send(alice, "sell", 50)
    assert position.wallet == 0


def test_funding_is_paid_at_the_mark_of_the_settlement(perp: PerpPit) -> None:
    long, short = perp.trader(10**6), perp.trader(10**6)
    perp.send(long, "buy", 1000)
    perp.send(short, "sell", 1000)
    before = long.wallet("USDT"), short.wallet("USDT")
    length = perp.world.funding_hours * HOUR
    due = perp.world.now_ms - perp.world.now_ms % length + length
    while perp.world.now_ms < due - 4000:  # no market would sit through hours in a test: it sleeps
        perp.world.advance(min(perp.world.now_ms + HOUR, due - 4000))
        perp.desk.step(perp.world.collect().prints)
    perp.run(6000, 500)
    ((_, rate, ticks),) = perp.world.funding_history(perp.listing, due, due, 1)
    paid = amount(perp.listing, 1000) * Decimal(ticks) * Decimal(str(rate))
    assert float(before[0] - long.wallet("USDT")) == pytest.approx(float(paid), abs=1e-6)
    assert float(short.wallet("USDT") - before[1]) == pytest.approx(float(paid), abs=1e-6)
    assert [each.kind for each in perp.desk.cashier.incomes[long]].count("FUNDING_FEE") == 1
    changes = [each for each in perp.told if isinstance(each, AccountChanged)]
    assert sum(each.reason == "FUNDING_FEE" for each in changes) == 2


@pytest.mark.parametrize("isolated", [True, False])
def test_a_position_without_margin_is_liquidated_and_never_owes(perp: PerpPit, isolated: bool) -> None:
    alice = perp.trader(100)
    perp.desk.set_leverage(alice, perp.listing, 50)
    if isolated:
        perp.desk.set_isolated(alice, perp.listing, True)
    perp.send(alice, "buy", 2000)
    resting = perp.send(alice, "buy", 1, perp.bid - 500)
    position = alice.position(perp.listing)
    if isolated:
        position.wallet = position.maintenance(perp.desk.mark(perp.listing)) / 2
    else:
        alice.pay("USDT", -alice.wallet("USDT") + Decimal(10))
    perp.run(1100)
    assert position.lots == 0
    assert resting.status == "EXPIRED"
    assert alice.wallet("USDT") >= 0
    liquidation = next(order for order in alice.orders.values() if order.liquidation)
    assert liquidation.client_id.startswith("autoclose-")
    assert liquidation.status == "FILLED"
    forced = perp.world.forced_orders(perp.listing)
    assert forced[-1].lots == 2000
    assert "INSURANCE_CLEAR" in {each.kind for each in perp.desk.cashier.incomes[alice]}


def test_margin_is_called_for_once_before_that(perp: PerpPit) -> None:
    alice = perp.trader(1000)
    perp.send(alice, "buy", 2000)
    need = alice.maintenance("USDT", perp.desk.mark)
    unrealized = alice.unrealized("USDT", perp.desk.mark)
    alice.pay("USDT", need / Decimal("0.9") - unrealized - alice.wallet("USDT"))
    perp.run(3000, 500)
    assert sum(isinstance(each, MarginCalled) for each in perp.told) == 1


def test_no_more_is_taken_out_than_is_available(perp: PerpPit) -> None:
    alice = perp.trader(100)
    perp.send(alice, "buy", 1000)
    with pytest.raises(Refusal):
        perp.desk.cashier.deposit(alice, "USDT", Decimal(-100))
    perp.desk.cashier.deposit(alice, "USDT", Decimal(-1))


@pytest.fixture(scope="module")
def pit() -> Iterator[PerpPit]:
    """A market that all examples share."""
    world = make_world()
    yield PerpPit(world)
    world.close()


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["market", "limit", "ioc", "post", "reduce", "modify", "cancel", "stop", "wait"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(0, 2),
        st.integers(1, 3000),
        st.integers(-6, 6),
    ),
    max_size=25,
)


@settings(max_examples=examples(60))
@given(actions=ACTIONS, isolated=st.booleans())
def test_wallets_and_positions_are_fills_whatever_is_sent(
    pit: PerpPit, actions: list[tuple[str, str, int, int, int]], isolated: bool
) -> None:
    perp = PerpPit(pit.world)
    traders = [perp.trader(20_000) for _ in range(3)]
    refused: set[int] = set()
    if isolated:
        perp.desk.set_isolated(traders[0], perp.listing, True)
    for kind, side, who, lots, away in actions:
        trader = traders[who]
        price = (perp.ask if side == "buy" else perp.bid) + away
        held = lots_of(perp, trader)
        try:
            if kind == "market":
                perp.send(trader, side, lots)
            elif kind in ("limit", "ioc", "post"):
                force = {"limit": "GTC", "ioc": "IOC", "post": "GTX"}[kind]
                perp.send(trader, side, lots, price, time_in_force=force)
            elif kind == "reduce":
                perp.send(trader, side, lots, price if away % 2 else 0, reduce_only=True)
                assert held * lots_of(perp, trader) >= 0, "reduce-only turned the position round"
            elif kind == "stop":
                at = perp.ask + 1 + abs(away) if side == "buy" else perp.bid - 1 - abs(away)
                conditional(perp, trader, side, at, lots)
            elif kind == "wait":
                perp.run(lots)
            elif trader.open:
                order = list(trader.open.values())[lots % len(trader.open)]
                if kind == "cancel":
                    perp.desk.cancel(order)
                else:
                    perp.desk.modify(order, max(order.ticks + away, 1), order.filled + lots)
        except Refusal as refusal:
            refused.add(refusal.code)
        check(perp, traders)
    assert refused <= {-2019, -2021, -2022, -2027, -5022}
    for trader in traders:
        for order in list(trader.open.values()):
            perp.desk.cancel(order)


def check(perp: PerpPit, traders: list[PerpTrader]) -> None:
    """The slow and obvious account of each trader equals what the desk says."""
    perp.desk.hear()
    for trader in traders:
        position = trader.position(perp.listing)
        lots, paid, commission = 0, ZERO, ZERO
        for fill in trader.fills:
            signed = -fill.lots if fill.order.sells else fill.lots
            lots += signed
            paid += amount(perp.listing, signed * fill.ticks)
            commission += fill.commission
        assert position.lots == lots
        # the wallet without what is in the open position is the deposit less all that was paid
        assert trader.wallet("USDT") - position.cost == 20_000 - paid - commission
        assert sum(each.change for each in perp.desk.cashier.incomes[trader]) == trader.wallet("USDT")
        reducing = sum(each.left for each in trader.open.values() if each.reduce_only)
        assert reducing <= abs(position.lots)
        assert position.wallet >= 0
        assert bool(position.wallet) == (position.isolated and bool(position.lots))
    told = [each for each in perp.told if isinstance(each, AlgoReported)]
    assert all(each.algo.status != "TRIGGERING" for each in told)
