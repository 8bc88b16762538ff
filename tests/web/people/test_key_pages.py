"""Keys of venues on their page: kept encrypted, shown by a few letters, removed by their owner alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from candlewick.store import venue_keys
from candlewick.store.keys import Vault, load
from candlewick.store.models import Account, AccountKind, AuditEvent, Role, User, VenueKey
from tests.web.conftest import Browser, Person
from tests.web.ground import PASSWORD

PAGE = "/settings/keys/"
KEY, SECRET = "AKEY0123456789abcdefWXYZ", "a-secret-that-nobody-sees-again"


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    client = browser(ann)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def keep(client: Client, **form: Any) -> Any:
    given = {"venue": "binance", "label": "main", "key": KEY, "secret": SECRET}
    return client.post(PAGE, given | form, follow=True)


def test_a_key_is_kept_encrypted_and_shown_by_its_first_and_last_letters(client: Client, ann: User) -> None:
    page = keep(client).content.decode()
    assert "AKEY…WXYZ" in page
    assert KEY not in page
    assert SECRET not in page
    row = VenueKey.objects.get(user=ann)
    assert KEY.encode() not in bytes(row.key)
    assert SECRET.encode() not in bytes(row.secret)


def test_what_is_kept_signs_for_its_account(client: Client, ann: User) -> None:
    keep(client, passphrase="a phrase")
    account = Account.objects.get(user=ann)
    VenueKey.objects.filter(user=ann).update(account=account)
    rows = Path(settings.DATABASES["default"]["NAME"])
    found = venue_keys.for_account(rows, Vault(load(settings.DATA_DIR)), account.pk)
    assert found is not None
    assert (found.key, found.secret, found.passphrase) == (KEY, SECRET, "a phrase")


def test_keeping_a_key_takes_the_password_once_more(browser: Browser, ann: User) -> None:
    answer = browser(ann).post(PAGE, {"venue": "binance", "label": "main", "key": KEY, "secret": SECRET})
    assert answer.url.startswith("/accounts/reauthenticate/?next=")  # type: ignore[attr-defined]
    assert not VenueKey.objects.exists()


def test_a_form_that_came_too_late_is_not_kept_in_the_session(browser: Browser, ann: User) -> None:
    client = browser(ann)
    client.post(PAGE, {"venue": "binance", "label": "main", "key": KEY, "secret": SECRET})
    assert SECRET not in str(dict(client.session))


def test_a_key_is_bound_to_a_live_account_of_ones_own(client: Client, ann: User, person: Person) -> None:
    def live(user: User) -> Account:
        return Account.objects.create(user=user, name="Live", kind=AccountKind.LIVE, venue="binance")

    mine, foreign, paper = live(ann), live(person(Role.TRADER)), ann.accounts.get(kind=AccountKind.PAPER)
    for wrong in (foreign, paper):
        assert keep(client, account=wrong.pk).status_code == 422
    keep(client, account=mine.pk)
    assert VenueKey.objects.get().account == mine
    assert keep(client, account=mine.pk, label="second").status_code == 422, "it has one"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"venue": "No Venue!"}, "small letters"),
        ({"key": ""}, "required"),
        ({"secret": ""}, "required"),
        ({"secret": "gehéim"}, "no venue gives"),
        ({"label": "x" * 61}, "at most 60"),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_the_secret_not_sent_back(
    client: Client, wrong: dict[str, str], complaint: str
) -> None:
    answer = keep(client, **wrong)
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert not VenueKey.objects.exists()


def test_a_label_is_taken_once(client: Client) -> None:
    keep(client)
    answer = keep(client)
    assert answer.status_code == 422
    assert "already" in answer.content.decode()
    assert VenueKey.objects.count() == 1


def test_a_key_is_removed_by_its_owner_alone(client: Client, browser: Browser, person: Person) -> None:
    keep(client)
    number = VenueKey.objects.get().pk
    assert browser(person(Role.OWNER)).post(f"{PAGE}{number}/remove/").status_code == 404
    assert VenueKey.objects.exists()
    assert "Delete it at binance too" in client.post(f"{PAGE}{number}/remove/", follow=True).content.decode()
    assert not VenueKey.objects.exists()


def test_both_are_written_down_and_no_secret_with_them(client: Client, ann: User) -> None:
    keep(client)
    client.post(f"{PAGE}{VenueKey.objects.get().pk}/remove/")
    written = AuditEvent.objects.filter(actor=ann.username, action__startswith="key.")
    assert list(written.order_by("seq").values_list("action", flat=True)) == ["key.add", "key.remove"]
    everything = str(list(AuditEvent.objects.values()))
    assert KEY not in everything
    assert SECRET not in everything
