"""The portfolio page: what is held and asked for, in words; cancelling, and what is said if it cannot be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.errors import Conflict, EngineAway, UnknownOrder
from candlewick.store.models import Role
from candlewick.web.people import ownership
from tests.web.components import shapes
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink


def order(**more: Any) -> dict[str, Any]:
    """A limit order that rests."""
    return (
        shapes.order(order_type="limit", status="OPEN", filled_quantity=Decimal("0.05"), price=None)
        | {
            "limit_price": Decimal("67000"), "trail": None, "trail_percent": None, "time_in_force": "GTC",
            "post_only": True, "reduce_only": False, "leg": None, "created_at": "2026-01-26T12:00:00.123Z",
        }
        | more
    )  # fmt: skip


def balance(currency: str, total: str, value: str | None, locked: str = "0") -> dict[str, Any]:
    return {
        "currency": currency, "total": Decimal(total), "free": Decimal(total) - Decimal(locked),
        "locked": Decimal(locked), "value": None if value is None else Decimal(value),
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _engine(link: FakeLink) -> None:
    whole = shapes.snapshot(shapes.position()) | {
        "orders": [order()],
        "balances": [balance("BTC", "0.12345678", "8000"), balance("USDT", "92000.5", "92000.5", "5000")],
    }
    link.answers["account.snapshot"] = lambda account: whole
    link.answers["account.orders"] = lambda account: [order()]
    link.answers["order.cancel"] = lambda **arguments: order(status="CANCEL_IN_FLIGHT")
    link.answers["order.cancel_all"] = lambda **arguments: [order(), order(id="02j")]


def test_it_shows_what_is_owned_to_the_last_place_and_what_it_is_made_of(
    browser: Browser, person: Person
) -> None:
    page = browser(person(Role.TRADER)).get("/portfolio/").content.decode()
    assert ">100,223.65</strong>" in page
    assert '<td class="num">0.12345678</td>' in page
    assert '<td class="num">87,000.50</td><td class="num">5,000.00</td>' in page  # free, locked
    assert '<td class="num">92,000.50</td><td class="num">92.0%</td>' in page
    assert '<rect width="92.0%"' in page
    assert '<td class="num">28,313.25</td><td class="num">28.3%</td>' in page  # the perpetual, beside


def test_it_shows_a_working_order_with_a_way_to_cancel_it(browser: Browser, person: Person) -> None:
    page = browser(person(Role.TRADER)).get("/portfolio/orders/")
    text = page.content.decode()
    assert page["X-Component"] == "portfolio_orders"
    assert "Limit, post" in text
    assert '<td class="num limit">67,000.0</td>' in text
    assert 'name="order_id" value="01j"' in text


def test_an_order_whose_cancellation_is_on_its_way_cannot_be_cancelled_again(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    link.answers["account.orders"] = lambda account: [order(status="CANCEL_IN_FLIGHT")]
    page = browser(person(Role.TRADER)).get("/portfolio/orders/").content.decode()
    assert "Cancelling" in page
    assert 'name="order_id"' not in page


def test_it_cancels_an_order_in_the_name_of_who_asked(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    ann = person(Role.TRADER)
    answer = browser(ann).post("/portfolio/cancel/", {"event": "cancel", "order_id": "01j"})
    verb, asked = next(each for each in link.asked if each[0] == "order.cancel")
    assert (verb, asked["order_id"], asked["actor"]) == ("order.cancel", "01j", ann.username)
    assert b"Cancellation of the buy order for BTCUSDT-PERP sent." in answer.content


def test_it_cancels_all(browser: Browser, person: Person) -> None:
    answer = browser(person(Role.TRADER)).post("/portfolio/cancel/", {"event": "cancel_all"})
    assert b"Cancellation of 2 orders sent." in answer.content


@pytest.mark.parametrize("error", [UnknownOrder("01j"), Conflict("It has been filled meanwhile.")])
def test_it_says_why_an_order_cannot_be_cancelled_and_shows_what_works(
    browser: Browser, person: Person, link: FakeLink, error: Exception
) -> None:
    def refuse(**arguments: Any) -> Any:
        raise error

    link.answers["order.cancel"] = refuse
    answer = browser(person(Role.TRADER)).post("/portfolio/cancel/", {"order_id": "01j"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert str(error) in text.replace("&#x27;", "'")
    assert 'class="said warn"' in text


@pytest.mark.parametrize("order_id", ["", "ö" * 3])
def test_an_order_that_cannot_be_is_not_even_asked_for(
    browser: Browser, person: Person, link: FakeLink, order_id: str
) -> None:
    browser(person(Role.TRADER)).post("/portfolio/cancel/", {"order_id": order_id})
    assert "order.cancel" not in [verb for verb, _ in link.asked]


def test_whoever_may_only_look_sees_no_way_to_cancel_and_has_none(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    owner, member = person(Role.TRADER), person(Role.TRADER)
    account = owner.accounts.get()
    ownership.share(account, member, may_trade=False)
    client = browser(member)
    assert b"/portfolio/cancel/" not in client.get(f"/portfolio/orders/?account={account.pk}").content
    assert client.post(f"/portfolio/cancel/?account={account.pk}", {"order_id": "01j"}).status_code == 403
    assert "order.cancel" not in [verb for verb, _ in link.asked]


def test_what_cannot_be_valued_has_no_share_and_a_debt_no_bar(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    balances = [balance("XYZ", "5", None), balance("USDT", "100", "100"), balance("BTC", "-1", "-60000")]
    link.answers["account.snapshot"] = lambda account: shapes.snapshot() | {"balances": balances}
    page = browser(person(Role.TRADER)).get("/portfolio/holdings/").content.decode()
    shares = page[page.index("Coins and cash") :]
    assert shares.index("USDT</th>") < shares.index("BTC <span") < shares.index("XYZ</th>")
    assert '<td class="num">—</td><td class="num">—</td>' in shares
    assert '<td class="num">100.00</td><td class="num">100.0%</td>' in shares
    assert "debt</span>" in shares


def test_a_coin_that_was_sold_is_gone_and_the_accounts_own_money_stays(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    balances = [balance("SOL", "0", "0"), balance("USDT", "0", "0")]
    link.answers["account.snapshot"] = lambda account: shapes.snapshot() | {"balances": balances}
    page = browser(person(Role.TRADER)).get("/portfolio/holdings/").content.decode()
    assert 'data-currency="USDT"' in page
    assert 'data-currency="SOL"' not in page


def test_without_an_engine_it_says_so(browser: Browser, person: Person, link: FakeLink) -> None:
    def away(**arguments: Any) -> Any:
        raise EngineAway("The engine is away.")

    link.answers["account.snapshot"] = away
    answer = browser(person(Role.TRADER)).get("/portfolio/")
    assert answer.status_code == 503
    assert b"The engine is away" in answer.content


def test_a_viewer_without_an_account_is_told_how_to_get_one(browser: Browser, person: Person) -> None:
    assert b"You have no account yet" in browser(person(Role.VIEWER)).get("/portfolio/").content


def test_somebody_elses_account_does_not_exist(browser: Browser, person: Person, link: FakeLink) -> None:
    number = person(Role.TRADER).accounts.get().pk
    stranger = browser(person(Role.TRADER))
    for path in ("/portfolio/", "/portfolio/orders/", "/portfolio/holdings/"):
        assert stranger.get(f"{path}?account={number}").status_code == 404
    assert stranger.post(f"/portfolio/cancel/?account={number}", {"order_id": "01j"}).status_code == 404
    assert not link.asked
