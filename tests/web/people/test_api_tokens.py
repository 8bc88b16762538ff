"""API tokens: shown once, kept as digests, bound by scopes, and worthless once revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from candlewick.store.models import ApiToken, Role, User
from candlewick.web.people import api_tokens, identity
from tests.web.conftest import Browser, Person
from tests.web.ground import PASSWORD

PAGE = "/settings/tokens/"


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    """Ann, who has just typed her password again."""
    client = browser(ann)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def make(client: Client, **form: object) -> str:
    """A token that the page made."""
    answer = client.post(PAGE, {"name": "bot", "scopes": ["read"], "days": "30"} | form)
    found = re.search(r"cw_[\w-]{43}", answer.content.decode())
    assert found is not None, answer.content.decode()
    return found[0]


def test_a_token_is_shown_once_and_kept_as_a_digest(client: Client) -> None:
    token = make(client)
    assert token not in client.get(PAGE).content.decode()
    assert token not in str(ApiToken.objects.values())
    assert ApiToken.objects.get().prefix == token[:9]


def test_making_a_token_takes_the_password_once_more(browser: Browser, ann: User) -> None:
    client = browser(ann)
    answer = client.post(PAGE, {"name": "bot", "scopes": ["read"]})
    assert answer.url.startswith("/accounts/reauthenticate/?next=")  # type: ignore[attr-defined]
    assert not ApiToken.objects.exists()


def test_a_token_reads_where_it_may_and_is_told_where_it_may_not(browser: Browser, client: Client) -> None:
    header = {"Authorization": f"Bearer {make(client)}"}
    program = browser()
    assert program.get("/api/watchlist/", headers=header).status_code == 200
    refused = program.put("/api/watchlist/", {"symbols": []}, content_type="application/json", headers=header)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This token may not do that: it lacks the scope 'write'."


def test_a_token_without_read_sees_nothing(browser: Browser, client: Client) -> None:
    header = {"Authorization": f"Bearer {make(client, scopes=['write'])}"}
    assert browser().get("/api/watchlist/", headers=header).status_code == 403


def test_a_revoked_token_is_worthless_at_once(client: Client) -> None:
    token = make(client)
    person = identity.by_bearer(token)
    assert person is not None
    client.post(f"{PAGE}{ApiToken.objects.get().pk}/revoke/")
    assert identity.by_bearer(token) is None
    assert identity.still_signed_in([person]) == set()


def test_nobody_revokes_anothers(browser: Browser, client: Client, person: Person) -> None:
    make(client)
    number = ApiToken.objects.get().pk
    assert browser(person(Role.OWNER)).post(f"{PAGE}{number}/revoke/").status_code == 404
    assert ApiToken.objects.exists()


def test_a_token_ends_with_time(client: Client) -> None:
    token = make(client)
    person = identity.by_bearer(token)
    assert person is not None
    assert person.expires_at is not None
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert identity.by_bearer(token) is None
    assert identity.still_signed_in([person]) == set()


def test_a_token_that_lasts_ends_when_its_person_may_not_sign_in(client: Client, ann: User) -> None:
    token = make(client, days="")
    assert identity.by_bearer(token) is not None
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert identity.by_bearer(token) is None


def test_scopes_that_the_role_does_not_have_cannot_be_ticked(client: Client) -> None:
    answer = client.post(PAGE, {"name": "bot", "scopes": ["admin"]})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_anothers_account_cannot_be_chosen(client: Client, person: Person) -> None:
    foreign = person(Role.TRADER).accounts.get()
    assert client.post(PAGE, {"name": "b", "scopes": ["read"], "account": foreign.pk}).status_code == 422
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("token", ["cw_", "cw_" + "a" * 43, "cw_\x00", "cw_" + "é" * 9])
def test_a_token_that_nobody_made_is_nobodys(token: str) -> None:
    assert identity.by_bearer(token) is None


def test_its_use_is_noted_and_not_at_each_request(ann: User) -> None:
    row, token = api_tokens.issue(ann, "bot", ["read"])
    identity.by_bearer(token)
    row.refresh_from_db()
    first = row.last_used_at
    assert first is not None
    identity.by_bearer(token)
    row.refresh_from_db()
    assert row.last_used_at == first


def test_a_ticket_carries_the_tokens_bounds_on(browser: Browser, client: Client) -> None:
    token = make(client, account="")
    header = {"Authorization": f"Bearer {token}"}
    ticket = browser().post("/api/ws-ticket/", headers=header).json()["ticket"]
    bearer = identity.by_ticket(ticket)
    assert bearer is not None
    assert bearer.granted == frozenset({"read"})
    ApiToken.objects.all().delete()
    assert identity.still_signed_in([bearer]) == set()
