"""The page of a person's accounts: open, rename, archive, share, leave, choose."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from candlewick.store.models import Account, AccountKind, AccountMember, Role, User
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

PAGE = "/settings/accounts/"


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


def said(answer: Any) -> str:
    """The page that a redirect leads to, as text."""
    return str(answer.content.decode())


def post(client: Client, path: str, **form: Any) -> str:
    """The page after a form was sent."""
    return said(client.post(PAGE + path, form, follow=True))


def test_a_paper_account_is_opened_with_what_it_is_given(client: Client, ann: User) -> None:
    page = post(client, "open/", name="Swing", cash="2500.50")
    assert "Swing is open, with 2,500.5" in page
    account = ann.accounts.get(name="Swing")
    assert (str(account.starting_cash.normalize()), account.kind) == ("2500.5", "paper")
    assert client.session["account"] == account.pk, "it is chosen at once"


@pytest.mark.parametrize(
    ("name", "cash", "complaint"),
    [
        ("", "1000", "required"),
        ("  ", "1000", "required"),
        ("1234", "1000", "digits"),
        ("Paper", "1000", "already"),
        ("Rich", "0", "greater than or equal"),
        ("Rich", "1e30", "digits"),
        ("Rich", "NaN", "number"),
        ("x" * 61, "1000", "at most 60"),
    ],
)
def test_what_cannot_be_is_refused_beside_the_form(
    client: Client, ann: User, name: str, cash: str, complaint: str
) -> None:
    answer = client.post(PAGE + "open/", {"name": name, "cash": cash})
    assert answer.status_code == 422
    assert complaint in said(answer)
    assert ann.accounts.count() == 1


def test_an_account_is_renamed(client: Client, ann: User) -> None:
    account = ann.accounts.get()
    assert "is called Scalps now" in post(client, f"{account.pk}/rename/", name="Scalps")
    assert ann.accounts.get().name == "Scalps"


def test_a_live_account_keeps_its_name(client: Client, ann: User) -> None:
    live = Account.objects.create(user=ann, name="Live", kind=AccountKind.LIVE, venue="binance")
    assert "keeps its name" in post(client, f"{live.pk}/rename/", name="Other")
    live.refresh_from_db()
    assert live.name == "Live"


def test_an_account_is_archived_once_its_name_is_typed_and_it_is_flat(
    client: Client, ann: User, link: FakeLink
) -> None:
    account = ann.accounts.get()
    link.answers["account.snapshot"] = lambda **_: {"positions": [], "orders": []}
    assert "Nothing was changed" in post(client, f"{account.pk}/archive/", confirm="paper")
    assert ann.accounts.get().archived_at is None
    assert "is archived" in post(client, f"{account.pk}/archive/", confirm="Paper")
    assert ann.accounts.get().archived_at is not None


def test_an_account_that_still_trades_is_not_archived(client: Client, ann: User, link: FakeLink) -> None:
    account = ann.accounts.get()
    link.answers["account.snapshot"] = lambda **_: {"positions": [{}], "orders": [{}, {}]}
    assert "1 positions and 2 working" in post(client, f"{account.pk}/archive/", confirm="Paper")
    link.go()
    assert "engine is away" in post(client, f"{account.pk}/archive/", confirm="Paper")
    assert ann.accounts.get().archived_at is None


def test_an_account_is_shared_changed_and_taken_back(client: Client, ann: User, person: Person) -> None:
    bob, account = person(Role.TRADER), ann.accounts.get()
    assert f"{bob.username} may see Paper" in post(client, f"{account.pk}/share/", username=bob.username)
    assert AccountMember.objects.get(user=bob).may_trade is False
    page = post(client, f"{account.pk}/share/", username=bob.username, may_trade="on")
    assert "may see and trade with Paper" in page
    member = AccountMember.objects.get(user=bob)
    assert member.may_trade
    assert "has no share" in post(client, f"{account.pk}/share/{member.pk}/end/")
    assert not AccountMember.objects.exists()


def test_a_share_for_nobody_is_refused(client: Client, ann: User) -> None:
    account = ann.accounts.get()
    assert "Nobody who may sign in" in post(client, f"{account.pk}/share/", username="nobody at all")
    assert "your own account" in post(client, f"{account.pk}/share/", username=ann.username)


def test_a_member_leaves_and_takes_nobody_else_out(
    browser: Browser, ann: User, person: Person, client: Client
) -> None:
    bob, cid, account = person(Role.TRADER), person(Role.VIEWER), ann.accounts.get()
    for each in (bob, cid):
        post(client, f"{account.pk}/share/", username=each.username)
    of_bob, of_cid = AccountMember.objects.get(user=bob), AccountMember.objects.get(user=cid)
    assert browser(bob).post(f"{PAGE}{account.pk}/share/{of_cid.pk}/end/").status_code == 404
    assert AccountMember.objects.count() == 2
    assert "You have no share" in post(browser(bob), f"{account.pk}/share/{of_bob.pk}/end/")
    assert AccountMember.objects.get() == of_cid


@pytest.mark.parametrize("verb", ["rename", "archive", "share"])
def test_a_stranger_finds_nothing_to_change_and_a_member_may_not(
    browser: Browser, ann: User, person: Person, client: Client, verb: str
) -> None:
    bob, account = person(Role.TRADER), ann.accounts.get()
    path, form = f"{PAGE}{account.pk}/{verb}/", {"name": "Mine", "confirm": "Paper", "username": bob.username}
    assert browser(bob).post(path, form).status_code == 404
    post(client, f"{account.pk}/share/", username=bob.username, may_trade="on")
    assert browser(bob).post(path, form).status_code == 403
    account.refresh_from_db()
    assert (account.name, account.archived_at) == ("Paper", None)


def test_a_viewer_opens_none(browser: Browser, person: Person) -> None:
    eve = person(Role.VIEWER)
    page = said(browser(eve).get(PAGE))
    assert "You have no account" in page
    assert "Open a paper account" not in page
    assert browser(eve).post(PAGE + "open/", {"name": "Mine", "cash": "1000"}).status_code == 403
    assert not Account.objects.filter(user=eve).exists()


def test_an_account_is_chosen_for_the_session(client: Client, ann: User) -> None:
    post(client, "open/", name="Second", cash="1000")
    first = ann.accounts.get(name="Paper")
    answer = client.post(PAGE + "choose/", {"account": first.pk, "next": "/settings/tokens/"})
    assert answer.url == "/settings/tokens/"  # type: ignore[attr-defined]
    assert client.session["account"] == first.pk


def test_the_switcher_comes_back_to_the_same_page_without_the_account_it_named(
    client: Client, ann: User
) -> None:
    page = said(client.get(f"/audit/?kind=order.&account={ann.accounts.get().pk}"))
    assert '<input type="hidden" name="next" value="/audit/?kind=order.">' in page


def test_choosing_leads_to_no_other_server_and_to_nobody_elses_account(
    client: Client, ann: User, person: Person
) -> None:
    own, foreign = ann.accounts.get().pk, person(Role.TRADER).accounts.get().pk
    answer = client.post(PAGE + "choose/", {"account": own, "next": "//evil.example/"})
    assert answer.url == "/"  # type: ignore[attr-defined]
    assert client.post(PAGE + "choose/", {"account": foreign}).status_code == 404
    assert client.session["account"] == own
