"""Who is let in with a session: it is asked of the rows at each request, whoever changed them meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.people.identity import session_store
from tests.web.conftest import Browser


def status(client: Client, path: str = "/api/preferences/") -> int:
    return int(client.get(path).status_code)


# As another process does it: in the database, past every object that this one holds.
ENDINGS: dict[str, Callable[[User], object]] = {
    "the session is deleted": lambda user: Session.objects.all().delete(),
    "the session has run out": lambda user: Session.objects.update(expire_date="2020-01-01T00:00:00Z"),
    "the session is another's words": lambda user: Session.objects.update(session_data="e30:forged:words"),
    "the password is another": lambda user: User.objects.filter(pk=user.pk).update(password="!other"),
    "the person may not sign in": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "the person is gone": lambda user: User.objects.filter(pk=user.pk).delete(),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_refuses_the_next_request_when(ending: str, client: Client, trader: User) -> None:
    assert status(client) == 200
    ENDINGS[ending](trader)
    assert status(client) == 401


def test_it_goes_by_the_role_of_now(client: Client, trader: User) -> None:
    def placing() -> int:
        return int(client.post("/api/orders/", b"{}", content_type="application/json").status_code)

    assert placing() == 422
    User.objects.filter(pk=trader.pk).update(role=Role.VIEWER)
    assert placing() == 403
    User.objects.filter(pk=trader.pk).update(role=Role.TRADER)
    assert placing() == 422


def test_it_takes_no_session_of_a_way_to_sign_in_that_is_not_ours(client: Client) -> None:
    session = session_store(client.cookies[settings.SESSION_COOKIE_NAME].value)
    session[BACKEND_SESSION_KEY] = "somebody.elses.Backend"
    session.save()
    assert status(client) == 401


def test_a_session_that_was_never_made_is_nobodys(browser: Browser) -> None:
    client = browser()
    client.cookies[settings.SESSION_COOKIE_NAME] = "0123456789abcdefghijklmnopqrstuv"
    assert status(client) == 401
