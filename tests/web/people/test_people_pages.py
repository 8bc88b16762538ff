"""People on the owner's page: added, given roles, closed and reset; there is always an owner left."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from candlewick.store.models import AuditEvent, Role, User
from candlewick.web.people import identity, two_factor
from candlewick.web.people.identity import of_user
from tests.web.conftest import Browser, Person, session_of
from tests.web.ground import PASSWORD, unique

PAGE = "/settings/people/"


@pytest.fixture
def boss(person: Person) -> User:
    return person(Role.OWNER)


@pytest.fixture
def client(browser: Browser, boss: User) -> Client:
    """The owner, who has just typed their password again."""
    client = browser(boss)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def said(answer: Any) -> str:
    return str(answer.content.decode())


def link_in(page: str) -> str:
    found = re.search(r"http://testserver(/login/[\w-]+/)", page)
    assert found is not None, page
    return found[1]


@pytest.mark.parametrize("role", ["viewer", "trader"])
def test_somebody_is_added_and_comes_in_by_their_link(client: Client, browser: Browser, role: str) -> None:
    name = unique("new")
    page = said(client.post(PAGE, {"username": name, "role": role}))
    visitor = browser()
    visitor.get(link_in(page))
    assert name in said(visitor.get("/settings/"))
    user = User.objects.get(username=name)
    assert user.role == role
    assert user.accounts.exists() is (role == "trader")


@pytest.mark.parametrize("name", ["", "bad name!", "n" * 151])
def test_what_cannot_be_a_name_is_refused(client: Client, name: str) -> None:
    before = User.objects.count()
    assert client.post(PAGE, {"username": name, "role": "viewer"}).status_code == 422
    assert User.objects.count() == before


def test_a_name_is_taken_whatever_its_case(client: Client, boss: User) -> None:
    answer = client.post(PAGE, {"username": boss.username.upper(), "role": "viewer"})
    assert answer.status_code == 422
    assert "already" in said(answer)


def test_a_role_changes_at_once_and_ends_what_rested_on_it(client: Client, person: Person) -> None:
    ann = person(Role.TRADER)
    there = of_user(ann, session=session_of(ann))
    assert "is viewer now" in said(client.post(f"{PAGE}{ann.pk}/role/", {"role": "viewer"}, follow=True))
    ann.refresh_from_db()
    assert ann.role == "viewer"
    assert identity.still_signed_in([there]) == set()


def test_who_becomes_a_trader_gets_an_account(client: Client, person: Person) -> None:
    eve = person(Role.VIEWER)
    client.post(f"{PAGE}{eve.pk}/role/", {"role": "trader"})
    assert eve.accounts.get().name == "Paper"


@pytest.mark.parametrize(("path", "form"), [("role/", {"role": "viewer"}), ("close/", {"active": "no"})])
def test_the_last_owner_stays_one(client: Client, boss: User, path: str, form: dict[str, str]) -> None:
    assert "is the only owner" in said(client.post(f"{PAGE}{boss.pk}/{path}", form, follow=True))
    boss.refresh_from_db()
    assert (boss.role, boss.is_active) == ("owner", True)


def test_of_two_owners_one_may_go(client: Client, boss: User, person: Person) -> None:
    other = person(Role.OWNER)
    client.post(f"{PAGE}{other.pk}/close/", {"active": "no"})
    other.refresh_from_db()
    assert not other.is_active
    client.post(f"{PAGE}{boss.pk}/role/", {"role": "trader"})
    boss.refresh_from_db()
    assert boss.role == "owner", "a closed owner does not count"


def test_who_is_closed_is_out_and_their_account_stays(
    client: Client, browser: Browser, person: Person
) -> None:
    ann = person(Role.TRADER)
    there = browser(ann)
    client.post(f"{PAGE}{ann.pk}/close/", {"active": "no"})
    assert there.get("/settings/").status_code == 302
    assert ann.accounts.exists()
    client.post(f"{PAGE}{ann.pk}/close/", {"active": "yes"})
    ann.refresh_from_db()
    assert ann.is_active


def test_a_reset_takes_password_and_second_factor_and_gives_a_link(
    client: Client, browser: Browser, person: Person
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    ann = person(Role.TRADER)
    TOTP.activate(ann, generate_totp_secret())
    there = browser(ann)
    page = said(client.post(f"{PAGE}{ann.pk}/reset/"))
    assert there.get("/settings/").status_code == 302
    ann.refresh_from_db()
    assert not ann.has_usable_password()
    assert not two_factor.is_on(ann.pk)
    visitor = browser()
    visitor.get(link_in(page))
    assert ann.username in said(visitor.get("/settings/"))


def test_nobody_resets_themselves(client: Client, boss: User) -> None:
    client.post(f"{PAGE}{boss.pk}/reset/")
    boss.refresh_from_db()
    assert boss.has_usable_password()


def test_what_is_done_here_is_written_down(client: Client, boss: User, person: Person) -> None:
    ann = person(Role.TRADER)
    client.post(f"{PAGE}{ann.pk}/role/", {"role": "viewer"})
    client.post(f"{PAGE}{ann.pk}/close/", {"active": "no"})
    client.post(f"{PAGE}{ann.pk}/reset/")
    written = AuditEvent.objects.filter(actor=boss.username, subject=ann.username).order_by("seq")
    assert list(written.values_list("action", "before", "after")) == [
        ("user.role", '"trader"', '"viewer"'),
        ("user.close", "null", "null"),
        ("user.reset", "null", '{"two_factor_off":true}'),
    ]


def test_it_takes_the_password_once_more(browser: Browser, boss: User, person: Person) -> None:
    ann, client = person(Role.TRADER), browser(boss)
    answer = client.post(f"{PAGE}{ann.pk}/role/", {"role": "owner"})
    assert answer.url == "/accounts/reauthenticate/?next=%2Fsettings%2Fpeople%2F"  # type: ignore[attr-defined]
    ann.refresh_from_db()
    assert ann.role == "trader"
