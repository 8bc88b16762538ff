"""`/api/accounts/` and `/api/preferences/`: a program's own affairs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.people import api_tokens, ownership
from tests.web.conftest import Browser, Person


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


def opened(client: Client, **body: Any) -> Any:
    return client.post("/api/accounts/", body, content_type="application/json")


def test_a_program_learns_which_accounts_it_may_trade_with(
    browser: Browser, ann: User, person: Person
) -> None:
    bob = person(Role.TRADER)
    ownership.share(bob.accounts.get(), ann, may_trade=False)
    _, token = api_tokens.issue(ann, "bot", ["read", "trade"])
    found = browser().get("/api/accounts/", headers={"Authorization": f"Bearer {token}"}).json()
    told = [(each["owner"], each["may_trade"], each["may_manage_risk"]) for each in found]
    assert told == [(ann.username, True, False), (bob.username, False, False)]
    assert found[1]["refusal"].startswith("You may look at the account 'Paper', but not trade with it.")


def test_an_account_is_opened_with_the_sum_that_is_said(client: Client, ann: User) -> None:
    answer = opened(client, name="Grid", cash="2500.5")
    assert answer.status_code == 201
    assert answer.json()["name"] == "Grid"
    assert str(ann.accounts.get(name="Grid").starting_cash.normalize()) == "2500.5"
    assert str(opened(client, name="Plain").json()["id"]) == str(ann.accounts.get(name="Plain").pk)
    assert str(ann.accounts.get(name="Plain").starting_cash.normalize()) == "1E+5"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "   "}, 422),
        ({"name": "77"}, 422),
        ({"name": "Rich", "cash": 0}, 422),
        ({"name": "Rich", "cash": "NaN"}, 422),
        ({"name": "Rich", "money": 5}, 422),
        ({"name": "Paper"}, 409),
    ],
)
def test_what_cannot_be_opened_is_refused(
    client: Client, ann: User, body: dict[str, Any], status: int
) -> None:
    answer = opened(client, **body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert ann.accounts.count() == 1


def test_archived_accounts_are_told_when_asked_for(client: Client, ann: User) -> None:
    ownership.archive(ownership.open_paper_account(ann, "Old"))
    assert [each["name"] for each in client.get("/api/accounts/").json()] == ["Paper"]
    found = client.get("/api/accounts/?archived=true").json()
    assert [(each["name"], each["is_archived"]) for each in found] == [("Paper", False), ("Old", True)]


def test_preferences_begin_with_their_defaults_and_are_kept(
    client: Client, browser: Browser, ann: User
) -> None:
    before = client.get("/api/preferences/").json()
    assert before["confirm_orders"] is True
    changed = client.patch("/api/preferences/", {"confirm_orders": False}, content_type="application/json")
    assert changed.json() == before | {"confirm_orders": False}
    assert browser(ann).get("/api/preferences/").json() == before | {"confirm_orders": False}
    replaced = client.put("/api/preferences/", {"sounds": True}, content_type="application/json")
    assert replaced.json() == before | {"sounds": True}, "what is left out has its default again"


@pytest.mark.parametrize("body", [{"confirm": True}, {"sounds": "loud"}, {"size_by": "weight"}, []])
def test_a_preference_that_is_none_is_refused(client: Client, body: Any) -> None:
    for send in (client.put, client.patch):
        answer = send("/api/preferences/", body, content_type="application/json")
        assert answer.status_code == 422, answer.content
    assert client.get("/api/preferences/").json()["sounds"] is False


def test_a_preference_of_an_older_version_is_forgotten_alone(client: Client, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(preferences={"gone": 1, "sounds": True})
    assert client.get("/api/preferences/").json()["sounds"] is True
