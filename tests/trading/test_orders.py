"""The life of an order: every step, from every state."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.order import (
    CancelInFlight,
    Cancelled,
    Expired,
    Filled,
    InFlight,
    Open,
    Order,
    OrderState,
    PartlyFilled,
    Rejected,
    Terms,
)
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    Fill,
    Gone,
    Refused,
    Triggered,
)
from candlewick.trading import orders
from tests.trading.ground import D

TERMS = Terms(
    instrument="sim:BTCUSDT", side="buy", quantity=D(10), order_type="stop_limit", limit_price=D(100)
)
MORE = replace(TERMS, quantity=D(12))

STATES: dict[str, OrderState] = {
    "in_flight": InFlight(),
    "open": Open(),
    "partly_filled": PartlyFilled(),
    "cancel_in_flight": CancelInFlight(),
    "filled": Filled(),
    "cancelled": Cancelled(),
    "rejected": Rejected("code", "reason"),
    "expired": Expired(),
}


def order(state: str, **changes: Any) -> Order:
    filled = D(4) if state == "partly_filled" else D(10) if state == "filled" else D(0)
    made = Order(
        id="o1",
        account=1,
        terms=TERMS,
        state=STATES[state],
        origin="manual",
        filled=filled,
        average_price=D(100) if filled else None,
        venue_id=None if state == "in_flight" else "v1",
        created_at=1,
        updated_at=1,
    )
    return replace(made, **changes)


def fill(quantity: str, price: str = "100", ts: int = 9) -> Fill:
    return Fill(
        account=1,
        id="f1",
        order_id="o1",
        instrument="sim:BTCUSDT",
        side="buy",
        price=D(price),
        quantity=D(quantity),
        fee=D(0),
        fee_currency="USDT",
        liquidity="taker",
        ts=ts,
    )


Step = Callable[[Order], Order | None]
STEPS: dict[str, tuple[Step, dict[str, str]]] = {
    # step → where it leads to, from each state from which it exists
    "accept": (lambda o: orders.accept(o, Accepted(1, "o1", "v1", 9)), {"in_flight": "OPEN"}),
    "refuse": (
        lambda o: orders.refuse(o, Refused(1, "o1", "no", "not today", 9)),
        {"in_flight": "REJECTED", "cancel_in_flight": "REJECTED"},
    ),
    "trigger": (
        lambda o: orders.trigger(o, Triggered(1, "o1", D(99), 9)),
        {
            "in_flight": "OPEN",
            "open": "OPEN",
            "partly_filled": "PARTLY_FILLED",
            "cancel_in_flight": "CANCEL_IN_FLIGHT",
        },
    ),
    "ask_cancel": (
        lambda o: orders.ask_cancel(o, 9),
        dict.fromkeys(("in_flight", "open", "partly_filled"), "CANCEL_IN_FLIGHT"),
    ),
    "end": (
        lambda o: orders.end(o, Gone(1, "o1", "gone", 9)),
        dict.fromkeys(("in_flight", "open", "partly_filled", "cancel_in_flight"), "CANCELLED"),
    ),
    "expire": (
        lambda o: orders.end(o, Gone(1, "o1", "gone", 9, expired=True)),
        dict.fromkeys(("in_flight", "open", "partly_filled", "cancel_in_flight"), "EXPIRED"),
    ),
    "keep": (
        lambda o: orders.keep(o, CancelRefused(1, "o1", "no", "too late", 9)),
        {"cancel_in_flight": "OPEN"},
    ),
    "ask_amend": (
        lambda o: orders.ask_amend(o, MORE, 9),
        {"open": "OPEN", "partly_filled": "PARTLY_FILLED"},
    ),
    "amend": (
        lambda o: orders.amend(o, Amended(1, "o1", MORE, 9)),
        {
            "in_flight": "OPEN",
            "open": "OPEN",
            "partly_filled": "PARTLY_FILLED",
            "cancel_in_flight": "CANCEL_IN_FLIGHT",
        },
    ),
    "fill a part": (
        lambda o: orders.fill(o, fill("1")),
        {
            "in_flight": "PARTLY_FILLED",
            "open": "PARTLY_FILLED",
            "partly_filled": "PARTLY_FILLED",
            "cancel_in_flight": "CANCEL_IN_FLIGHT",
            "cancelled": "CANCELLED",
            "rejected": "REJECTED",
            "expired": "EXPIRED",
            "filled": "FILLED",
        },
    ),
    "fill all": (lambda o: orders.fill(o, fill("10")), dict.fromkeys(STATES, "FILLED")),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_it_takes_each_step_only_from_where_it_exists(step: str, state: str) -> None:
    take, exists_from = STEPS[step]
    after = take(order(state))
    assert (after.status if after is not None else None) == exists_from.get(state)


@pytest.mark.parametrize("step", [each for each in STEPS if not each.startswith("fill")])
def test_it_takes_no_step_twice(step: str) -> None:
    take, exists_from = STEPS[step]
    for state in exists_from:
        once = take(order(state))
        assert once is not None
        if step == "trigger":
            assert once.triggered_at == 9
        assert take(once) is None


def test_it_goes_back_to_partly_filled_when_its_cancellation_is_refused() -> None:
    cancelling = order("cancel_in_flight", filled=D(4), average_price=D(100))
    kept = orders.keep(cancelling, CancelRefused(1, "o1", "no", "too late", 9))
    assert kept is not None
    assert kept.status == "PARTLY_FILLED"


def test_it_is_not_rejected_any_more_once_a_part_is_filled() -> None:
    cancelling = order("cancel_in_flight", filled=D(4), average_price=D(100))
    assert orders.refuse(cancelling, Refused(1, "o1", "no", "never seen", 9)) is None


def test_it_takes_the_venues_id_from_an_acceptance_that_a_fill_overtook() -> None:
    filled_first = orders.fill(order("in_flight"), fill("4"))
    accepted = orders.accept(filled_first, Accepted(1, "o1", "v7", 9))
    assert accepted is not None
    assert (accepted.status, accepted.venue_id) == ("PARTLY_FILLED", "v7")


def test_it_weighs_the_average_price_by_quantity() -> None:
    after = orders.fill(orders.fill(order("open"), fill("2", "100")), fill("6", "104"))
    assert after.average_price == D(103)
    assert after.remaining == D(2)


def test_it_keeps_what_an_amendment_says_when_a_fill_comes_in_between() -> None:
    asked = orders.ask_amend(order("open"), replace(TERMS, quantity=D(5)), 9)
    assert asked is not None
    filled = orders.fill(asked, fill("5"))
    assert filled.status == "PARTLY_FILLED"
    amended = orders.amend(filled, Amended(1, "o1", replace(TERMS, quantity=D(5)), 9))
    assert amended is not None
    assert (amended.status, amended.amending) == ("FILLED", None)


def test_it_sends_no_second_amendment_while_one_is_on_its_way() -> None:
    asked = orders.ask_amend(order("open"), MORE, 9)
    assert asked is not None
    assert orders.ask_amend(asked, TERMS, 9) is None


def test_it_takes_the_way_of_a_trailing_stop_for_no_answer_to_an_amendment() -> None:
    asked = orders.ask_amend(order("open"), MORE, 9)
    assert asked is not None
    trailed = orders.amend(asked, Amended(1, "o1", replace(TERMS, trailed=D(101)), 9))
    assert trailed is not None
    assert (trailed.amending, trailed.terms.trailed) == (MORE, D(101))


def test_it_keeps_its_terms_when_the_venue_refuses_new_ones() -> None:
    asked = orders.ask_amend(order("open"), MORE, 9)
    assert asked is not None
    kept = orders.keep_terms(asked, AmendRefused(1, "o1", "no", "not now", 9))
    assert kept is not None
    assert (kept.terms, kept.amending) == (TERMS, None)
    assert orders.keep_terms(kept, AmendRefused(1, "o1", "no", "not now", 9)) is None


def test_it_triggers_no_order_that_waits_for_nothing() -> None:
    plain = order("open", terms=replace(TERMS, order_type="limit"))
    assert orders.trigger(plain, Triggered(1, "o1", D(99), 9)) is None


def test_it_does_not_let_a_late_fill_set_the_clock_back() -> None:
    assert orders.fill(order("open", updated_at=20), fill("1", ts=9)).updated_at == 20


def test_it_books_more_than_was_ordered() -> None:
    assert orders.fill(order("partly_filled"), fill("7")).filled == Decimal(11)
