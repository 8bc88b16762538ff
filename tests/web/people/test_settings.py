"""The page about oneself: where one is signed in, ending it elsewhere, and what one prefers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from candlewick.store.models import LoginLink, Role, User
from candlewick.web.people import api_tokens, identity, preferences, programs
from candlewick.web.people.views import browser_of
from tests.web.conftest import Browser, Person, Serve, session_of
from tests.web.ground import PASSWORD


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


def signed_in(browser: Browser, user: User, agent: str = "") -> Client:
    """Somebody who has signed in by the page, with a browser of a name."""
    client = browser()
    form = {"login": user.username, "password": PASSWORD}
    client.post("/accounts/login/", form, headers={"User-Agent": agent})
    return client


def page_of(client: Client) -> str:
    return str(client.get("/settings/").content.decode())


def hear_all(ws: ClientConnection) -> None:
    """Whatever comes, until it ends."""
    while True:
        ws.recv(timeout=60)


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Safari/604"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.0", "curl/8.0"),
        ("", "A browser without a name"),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent: str, name: str) -> None:
    assert browser_of(agent) == name


def test_it_lists_where_somebody_is_signed_in(browser: Browser, ann: User) -> None:
    here = signed_in(browser, ann, FIREFOX)
    signed_in(browser, ann, SAFARI)
    programs.begin(ann, agent="bot/1", origin_ip="10.1.2.3")
    page = page_of(here)
    assert "Firefox on Linux <strong>(this one)</strong>" in page
    assert "Safari on iPhone</td>" in page
    assert "bot/1" in page
    assert "10.1.2.3" in page


def test_signing_out_elsewhere_ends_browsers_and_programs_and_not_this_one(
    browser: Browser, ann: User, person: Person
) -> None:
    here, elsewhere = signed_in(browser, ann), signed_in(browser, ann)
    other = signed_in(browser, person(Role.TRADER))
    access, refresh = programs.begin(ann)
    _, token = api_tokens.issue(ann, "bot", ["read"])
    here.post("/settings/sessions/end/")
    assert here.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
    assert other.get("/settings/").status_code == 200
    assert identity.by_bearer(access) is None
    assert programs.go_on(refresh) is None
    assert identity.by_bearer(token) is not None, "an API token stays until it is revoked"


def test_what_was_opened_elsewhere_is_closed_at_once(serve: Serve, ann: User, browser: Browser) -> None:
    served = serve(recheck_s=3_600)
    elsewhere = signed_in(browser, ann).session.session_key
    assert elsewhere is not None
    here = session_of(ann)
    page = served.fetch("/settings/", session=here)
    with connect(**served.as_browser(elsewhere)) as ws:
        ws.send('{"action":"subscribe","channels":["prices"]}')
        ws.recv(timeout=60)
        form = {"csrfmiddlewaretoken": page.csrf}
        assert served.fetch("/settings/sessions/end/", session=here, csrf=page.csrf, form=form).status == 302
        with pytest.raises(ConnectionClosed) as closed:
            hear_all(ws)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_session_that_has_ended_is_not_listed(browser: Browser, ann: User) -> None:
    here, elsewhere = signed_in(browser, ann, FIREFOX), signed_in(browser, ann, SAFARI)
    elsewhere.post("/accounts/logout/")
    assert "Safari" not in page_of(here)


def test_a_link_begins_a_session_that_is_listed(browser: Browser, ann: User) -> None:
    client = browser()
    client.get(f"/login/{LoginLink.issue(ann)}/", headers={"User-Agent": FIREFOX})
    assert "Firefox on Linux <strong>(this one)</strong>" in page_of(client)


def test_preferences_are_kept_by_the_form(browser: Browser, ann: User) -> None:
    client = browser(ann)
    form: dict[str, Any] = {"sounds": "on", "size_by": "notional"}
    assert "Your preferences are kept" in client.post("/settings/", form, follow=True).content.decode()
    kept = preferences.of(ann.pk)
    assert (kept.sounds, kept.size_by, kept.confirm_orders) == (True, "notional", False)
    client.post("/settings/", form | {"size_by": "weight"})
    assert preferences.of(ann.pk).size_by == "quantity", "what is no choice is not taken"


def test_too_many_sign_ins_from_one_address_are_told_when_to_come_again(browser: Browser) -> None:
    with override_settings(ACCOUNT_RATE_LIMITS={"login": "2/m/ip"}):
        answers = [browser().post("/accounts/login/", {"login": "x", "password": "y"}) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "60"
    assert "Too many requests" in answers[2].content.decode()
