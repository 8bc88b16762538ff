"""Liquidation on the mark: once the margin is used up, through the book, for no more than there was."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from candlewick.core.reports import Fill
from candlewick.venues.paper.views import Holding
from tests.venues.paper.ground import PERP, SPOT, House, told

OTHER = replace(PERP, id="sim:AB-PERP", symbol="AB-PERP")


def deep(price: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    return [(price - 0.1, 1000.0)], [(price, 1000.0)]


def isolated(margin: str = "20", quantity: str = "2") -> House:
    """Two bought at 100 with a margin of 20 for them alone: ten times."""
    house = House(SPOT, PERP, OTHER)
    house.accounts.margins[PERP.id] = Decimal(margin)
    house.book(*deep(100.0), instrument=PERP)
    house.mark(100.0)
    house.place("buy", quantity, instrument=PERP)
    return house


def test_an_isolated_position_is_liquidated_at_its_maintenance_margin() -> None:
    house = isolated()
    house.place("sell", "2", "take_profit", stop_price="120", instrument=PERP, reduce_only=True)
    house.book(*deep(91.0), instrument=PERP)
    assert house.mark(90.91) == []  # 20 − 2 × 9.09 = 1.82 > 1 % of 181.82
    reports = house.mark(90.90)  # 20 − 2 × 9.10 = 1.80 ≤ 1 % of 181.80 … the fee takes what is left
    assert told(reports) == [("o2", "gone"), ("liq-XY-PERP-1760000000000", "90.9", "2.00", "taker")]
    fill = reports[-1]
    assert isinstance(fill, Fill)
    assert fill.liquidation
    assert fill.side == "sell"
    assert fill.fee == Decimal("1.8")  # 1.25 % of 181.8 would be 2.27: there is no more than 1.80
    assert house.accounts.position(1, PERP.id) is None


def test_what_the_book_cannot_take_is_taken_over_where_nothing_is_left() -> None:
    house = isolated()
    house.book([(90.5, 0.5), (89.0, 50.0)], [(91.0, 1.0)], instrument=PERP)
    reports = house.mark(90.5)  # bankrupt at 90: no bid between
    assert [(str(each.price), str(each.quantity)) for each in reports if isinstance(each, Fill)] == [
        ("90.5", "0.50"),
        ("90.0", "1.50"),
    ]


def test_a_gap_beyond_the_margin_costs_no_more_than_the_margin() -> None:
    house = isolated()
    before = house.accounts.cash
    house.book(*deep(50.0), instrument=PERP)
    (fill,) = house.mark(50.0)
    assert isinstance(fill, Fill)
    assert (fill.price, fill.fee) == (Decimal(90), Decimal(0))
    assert before - house.accounts.cash == 20


def test_a_gap_past_both_stop_and_margin_is_the_liquidations() -> None:
    house = isolated()
    house.place("sell", "2", "stop", stop_price="95", instrument=PERP, reduce_only=True)
    house.book(*deep(50.0), instrument=PERP)
    assert told(house.mark(50.0)) == [("o2", "gone"), ("liq-XY-PERP-1760000000000", "90.0", "2.00", "taker")]


@given(
    st.sampled_from(["buy", "sell"]),
    st.integers(3, 60),
    st.lists(
        st.tuples(st.integers(500, 1500), st.integers(1, 40), st.integers(1, 60)), min_size=1, max_size=8
    ),
)
def test_no_isolated_position_loses_more_than_its_margin(
    side: str, margin: int, moves: list[tuple[int, int, int]]
) -> None:
    house = House(SPOT, PERP)
    house.accounts.margins[PERP.id] = Decimal(margin)
    house.book(*deep(100.0), instrument=PERP)
    house.mark(100.0)
    house.place(side, "2", instrument=PERP)  # type: ignore[arg-type]
    before = house.accounts.cash
    for price, spread, size in moves:
        mark = price / 10
        bids, asks = [(mark - spread / 10, size / 100)], [(mark + spread / 10, size / 100)]
        house.book([level for level in bids if level[0] > 0], asks, instrument=PERP)
        house.mark(mark)
    assert before - house.accounts.cash <= margin


def test_a_cross_account_is_liquidated_by_all_it_has_the_worst_position_first() -> None:
    house = House(SPOT, PERP, OTHER, cash=100)
    for instrument in (PERP, OTHER):
        house.book(*deep(100.0), instrument=instrument)
        house.mark(100.0, instrument=instrument)
    house.place("buy", "4", instrument=PERP)
    house.place("buy", "2", instrument=OTHER)
    house.place("buy", "1", "limit", limit_price="50", instrument=OTHER)
    house.book(*deep(78.0), instrument=PERP)
    assert house.mark(78.0) == []  # 99.7 − 88 = 11.7; maintenance is 1 % of 312 + 200
    house.book(*deep(76.0), instrument=PERP)
    reports = house.mark(76.0)  # 99.7 − 96 = 3.7 ≤ 5.04
    assert told(reports)[0] == ("o3", "gone")
    assert {each.instrument for each in reports if isinstance(each, Fill)} == {PERP.id}
    assert house.accounts.position(1, PERP.id) is None
    assert house.accounts.position(1, OTHER.id) is not None
    assert house.accounts.cash >= 0


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-40, 40), st.integers(0, 400)), min_size=1, max_size=30),
    st.integers(1, 9),
)
def test_no_mark_that_uses_a_margin_up_is_overlooked(moves: list[tuple[bool, int, int]], size: int) -> None:
    house = House(SPOT, PERP, OTHER, cash=60)
    prices = {PERP: 1000, OTHER: 1000}
    for instrument in prices:
        house.book(*deep(100.0), instrument=instrument)
        house.mark(100.0, instrument=instrument)
    house.place("buy", str(size), instrument=PERP)
    house.place("sell", "3", instrument=OTHER)
    for on_other, tenths, wait_ms in moves:
        instrument = OTHER if on_other else PERP
        prices[instrument] = max(prices[instrument] + tenths, 10)
        house.wait(wait_ms / 1000)
        reports = house.mark(prices[instrument] / 10, instrument=instrument)
        equity, maintenance = house.accounts.cross(1, "Y")
        is_lost = maintenance > 0.0 and equity <= maintenance
        assert reports or not is_lost


def test_a_position_that_is_lost_as_it_begins_is_liquidated_without_waiting_for_another_mark() -> None:
    house = House(SPOT, PERP, cash=20)
    house.book(*deep(100.0), instrument=PERP)
    house.mark(80.0)
    house.place("buy", "2", instrument=PERP)  # at 100, worth 80, and 20 to lose
    (fill,) = house.trade(100.0, 0.01, "buy", instrument=PERP)
    assert isinstance(fill, Fill)
    assert fill.liquidation
    assert fill.price == Decimal("99.9")  # the mark says lost, the book gives more: it is the account's
    assert house.accounts.cash == 20 - Decimal("0.1") - Decimal("0.2") - Decimal("2.4975")


def test_margin_set_aside_for_one_position_does_not_answer_for_another() -> None:
    house = isolated()
    house.accounts.margins.clear()
    house.accounts.cash = Decimal(1_000)
    house.book(*deep(100.0), instrument=OTHER)
    house.mark(100.0, instrument=OTHER)
    house.place("buy", "2", instrument=OTHER)
    house.book(*deep(91.0), instrument=PERP)
    house.mark(90.0)
    assert house.accounts.position(1, PERP.id) is None
    assert house.accounts.position(1, OTHER.id) is not None


def test_spot_is_never_liquidated() -> None:
    house = House(cash=10)
    house.book(*deep(100.0))
    house.place("buy", "2")
    house.book(*deep(1.0))
    assert house.trade(1.0, 1.0, "sell") == []
    assert isinstance(house.accounts.position(1, SPOT.id), Holding)


def test_nothing_is_liquidated_on_a_mark_that_may_be_old() -> None:
    house = isolated()
    house.disconnect()
    assert house.mark(10.0) == []
    assert house.accounts.position(1, PERP.id) is not None
