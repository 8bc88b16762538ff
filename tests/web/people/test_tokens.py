"""Tokens: only ours, only of their kind, only in time, only while the password stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from candlewick.store.models import Role, User
from candlewick.web.people import identity, tokens
from tests.web.conftest import Person


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


def test_a_token_says_whose_it_is(ann: User) -> None:
    found = identity.by_bearer(tokens.issue(ann, tokens.ACCESS))
    assert found is not None
    assert (found.id, found.name, found.role) == (ann.pk, ann.username, "trader")
    assert found.expires_at is not None


@pytest.mark.parametrize("change", ["", "x", "a:b:c"])
def test_a_foreign_or_changed_token_says_nothing(ann: User, change: str) -> None:
    assert identity.by_bearer(change) is None
    assert identity.by_bearer(tokens.issue(ann, tokens.ACCESS) + "x") is None


def test_a_token_of_one_kind_is_none_of_the_other(ann: User) -> None:
    assert tokens.read(tokens.issue(ann, tokens.REFRESH), tokens.ACCESS) is None
    assert tokens.read(tokens.issue(ann, tokens.ACCESS), tokens.REFRESH) is None


def test_a_token_ends_with_time(ann: User) -> None:
    token = tokens.issue(ann, tokens.ACCESS)
    later = datetime.now(UTC) + timedelta(seconds=tokens.LIFETIME_S[tokens.ACCESS] + 1)
    with mock.patch("time.time", return_value=later.timestamp()):
        assert tokens.read(token, tokens.ACCESS) is None
        assert not identity.still_signed_in([identity.of_user(ann, expires_at=later.timestamp() - 1)])


def test_a_new_password_makes_tokens_worthless(ann: User) -> None:
    token = tokens.issue(ann, tokens.ACCESS)
    ann.set_password("something else entirely")
    ann.save()
    assert identity.by_bearer(token) is None


def test_a_closed_account_makes_tokens_worthless(ann: User) -> None:
    token, person = tokens.issue(ann, tokens.ACCESS), identity.of_user(ann)
    assert identity.still_signed_in([person]) == {person}
    ann.is_active = False
    ann.save()
    assert identity.by_bearer(token) is None
    assert identity.still_signed_in([person]) == set()


def test_a_ticket_works_once(ann: User) -> None:
    ticket = tokens.issue_ticket(tokens.Claim(ann.pk, tokens.fingerprint(ann), None))
    assert identity.by_ticket(ticket) is not None
    assert identity.by_ticket(ticket) is None


def test_a_session_cookie_says_whose_it_is_until_the_session_ends(ann: User) -> None:
    from tests.web.conftest import session_of

    key = session_of(ann)
    found = identity.by_cookie(f"other=1; candlewick_session={key}")
    assert found is not None
    assert found.session == key
    from django.contrib.sessions.backends.db import SessionStore

    SessionStore(key).delete()
    assert identity.by_cookie(f"candlewick_session={key}") is None
    assert identity.still_signed_in([found]) == set()


@pytest.mark.parametrize(
    "header", ["", "x", "candlewick_session=", "candlewick_session=nope", 'a="', "\x00=\x01"]
)
def test_a_cookie_that_says_nothing_is_nobodys(header: str) -> None:
    assert identity.by_cookie(header) is None


def test_a_change_of_role_ends_live_connections(ann: User) -> None:
    person = identity.of_user(ann)
    from tests.web.conftest import session_of

    of_session = identity.of_user(ann, session=session_of(ann))
    ann.role = Role.VIEWER
    ann.save()
    assert identity.still_signed_in([of_session]) == set()
    assert identity.still_signed_in([person]) == {person}, "a token's role is read anew with each request"
