"""Components over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from candlewick.core.errors import UnknownAccount
from candlewick.store.models import AccountMember, Role, User
from tests.web import ground
from tests.web.components import shapes

Browser = Callable[..., Client]
Person = Callable[[Role], User]


@pytest.fixture(autouse=True)
def _engine(link: ground.FakeLink) -> None:
    link.answers |= {
        "account.snapshot": lambda account: shapes.snapshot(),
        "account.risk": lambda account: shapes.risk(),
        "order.place": lambda **order: shapes.order(),
        "order.preview": lambda **order: shapes.preview(),
        "tickers": list,
    }


def _account_of(user: User) -> int:
    return user.accounts.get().pk


SUBMIT = {"event": "submit", "side": "buy", "order_type": "market", "size": "1", "key": "a-key-of-mine"}


@pytest.mark.parametrize("name", ["portfolio", "order", "watchlist", "risk_metrics"])
def test_each_is_a_piece_of_html_for_its_place(browser: Browser, person: Person, name: str) -> None:
    answer = browser(person(Role.TRADER)).get(f"/components/{name}/")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
    assert "no-store" in answer["Cache-Control"]
    html = answer.content.decode()
    assert html.startswith("<div")
    assert f'data-component="{name}"' in html


@pytest.mark.parametrize("name", ["portfolio", "order", "watchlist", "risk_metrics"])
def test_whoever_is_signed_out_is_told_so(browser: Browser, name: str) -> None:
    for answer in (browser().get(f"/components/{name}/"), browser().post(f"/components/{name}/", SUBMIT)):
        assert answer.status_code == 401
        assert "Your session has ended." in answer.content.decode()


def test_there_is_no_component_of_another_name(browser: Browser, person: Person) -> None:
    assert browser(person(Role.TRADER)).get("/components/nothing/").status_code == 404


def test_an_event_needs_the_pages_token(browser: Browser, person: Person, link: ground.FakeLink) -> None:
    answer = browser(person(Role.TRADER), checks_csrf=True).post("/components/order/", SUBMIT)

    assert answer.status_code == 403
    assert link.asked == []


def test_an_event_is_sent_by_post_alone(browser: Browser, person: Person, link: ground.FakeLink) -> None:
    browser(person(Role.TRADER)).get("/components/order/", SUBMIT)

    assert all(verb != "order.place" for verb, _ in link.asked)


def test_an_order_is_told_by_whom_it_came_and_from_where(
    browser: Browser, person: Person, link: ground.FakeLink
) -> None:
    trader = person(Role.TRADER)

    answer = browser(trader).post("/components/order/?symbol=BTCUSDT", SUBMIT)

    assert answer.status_code == 200, answer.content
    ((_, order),) = [each for each in link.asked if each[0] == "order.place"]
    assert order["account"] == _account_of(trader)
    assert order["actor"] == trader.username
    assert order["source"] == "127.0.0.1"


def test_it_opens_the_account_for_an_engine_that_does_not_know_it(
    browser: Browser, person: Person, link: ground.FakeLink
) -> None:
    known: list[int] = []

    def snapshot(account: int) -> Any:
        if account not in known:
            raise UnknownAccount(account)
        return shapes.snapshot()

    def open_account(account: int, **more: Any) -> Any:
        known.append(account)
        assert more["cash"] == "100000.00000000"
        return {}

    link.answers |= {"account.snapshot": snapshot, "account.open": open_account}

    assert browser(person(Role.TRADER)).get("/components/portfolio/").status_code == 200


def test_the_account_can_be_named_and_a_strangers_does_not_exist(browser: Browser, person: Person) -> None:
    owner, stranger = person(Role.TRADER), person(Role.TRADER)
    address = f"/components/portfolio/?account={_account_of(owner)}"

    assert browser(owner).get(address).status_code == 200
    answer = browser(stranger).get(address)
    assert answer.status_code == 404
    assert "data-component" not in answer.content.decode()


@pytest.mark.parametrize(("may_trade", "status"), [(False, 403), (True, 200)])
def test_a_member_sees_and_trades_only_if_let(
    browser: Browser, person: Person, link: ground.FakeLink, may_trade: bool, status: int
) -> None:
    owner, member = person(Role.TRADER), person(Role.TRADER)
    account = owner.accounts.get()
    AccountMember.objects.create(account=account, user=member, may_trade=may_trade)

    shown = browser(member).get(f"/components/portfolio/?account={account.pk}")
    sent = browser(member).post(f"/components/order/?symbol=BTCUSDT&account={account.pk}", SUBMIT)

    assert shown.status_code == 200
    assert sent.status_code == status
    assert ("order.place" in [verb for verb, _ in link.asked]) is may_trade


def test_a_viewer_never_trades_even_as_a_member_who_may(
    browser: Browser, person: Person, link: ground.FakeLink
) -> None:
    owner, viewer = person(Role.TRADER), person(Role.VIEWER)
    account = owner.accounts.get()
    AccountMember.objects.create(account=account, user=viewer, may_trade=True)

    answer = browser(viewer).post(f"/components/order/?account={account.pk}", SUBMIT)

    assert answer.status_code == 403
    assert link.asked == []


def test_words_from_outside_come_back_as_no_markup(browser: Browser, person: Person) -> None:
    hostile = '"><img src=x onerror=alert(1)>'

    answer = browser(person(Role.TRADER)).post(
        "/components/order/?symbol=BTCUSDT", SUBMIT | {"size": hostile, "key": hostile}
    )

    assert answer.status_code == 422
    assert hostile not in answer.content.decode()


def test_while_the_engine_is_away_it_says_so(browser: Browser, person: Person, link: ground.FakeLink) -> None:
    link.connected = False

    answer = browser(person(Role.TRADER)).get("/components/portfolio/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert "away" in answer.content.decode()
