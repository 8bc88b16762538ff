"""Live connections rest on what somebody may see: whose account, with which token, for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.core.cache.backends.locmem import LocMemCache
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from candlewick.store.models import ApiToken, ProgramSession, Role, User
from candlewick.web.live import access
from candlewick.web.people import accounts, api_tokens, identity, ownership, programs
from candlewick.web.shared import RedisAway
from tests.web.conftest import Person, Serve, Served, session_of


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def bob(person: Person) -> User:
    return person(Role.TRADER)


def hear(ws: ClientConnection, type: str) -> Any:
    """The next message of a type; others before it are passed over."""
    while True:
        message = orjson.loads(ws.recv(timeout=60))
        if message["type"] == type:
            return message


def subscribe(ws: ClientConnection, channel: str) -> None:
    ws.send(orjson.dumps({"action": "subscribe", "channels": [channel]}).decode())


def bearer(token: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


def close_code(ws: ClientConnection) -> int | None:
    try:
        while True:
            ws.recv(timeout=60)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@pytest.mark.parametrize("channel", ["portfolio", "positions", "orders", "alerts", "risk"])
def test_a_stranger_follows_nobody_elses_account(serve: Serve, ann: User, bob: User, channel: str) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(bob))) as ws:
        subscribe(ws, f"{channel}:{ann.accounts.get().pk}")
        assert hear(ws, "error")["code"] == "forbidden"


def test_a_member_follows_the_account_until_their_share_ends(serve: Serve, ann: User, bob: User) -> None:
    served = serve(recheck_s=0.2)
    account = ann.accounts.get()
    member = ownership.share(account, bob, may_trade=False)
    with connect(**served.as_browser(session_of(bob))) as ws:
        subscribe(ws, f"orders:{account.pk}")
        hear(ws, "subscribed")
        member.delete()
        assert close_code(ws) is not None
    with connect(**served.as_browser(session_of(bob))) as ws:
        subscribe(ws, f"orders:{account.pk}")
        assert hear(ws, "error")["code"] == "forbidden"


def test_a_share_taken_back_on_the_page_ends_the_connection_at_once(
    serve: Serve, ann: User, bob: User
) -> None:
    served = serve(recheck_s=3_600)  # nobody looks by themselves
    account = ann.accounts.get()
    member = ownership.share(account, bob, may_trade=True)
    session = session_of(ann)
    page = served.fetch("/settings/accounts/", session=session)
    with connect(**served.as_browser(session_of(bob))) as ws:
        subscribe(ws, f"orders:{account.pk}")
        hear(ws, "subscribed")
        path = f"/settings/accounts/{account.pk}/share/{member.pk}/end/"
        form = {"csrfmiddlewaretoken": page.csrf}
        assert served.fetch(path, session=session, csrf=page.csrf, form=form).status == 302
        assert close_code(ws) == 1012, "they may connect again, and see what they still may"


def test_choosing_another_account_ends_no_connection(ann: User) -> None:
    other = ownership.open_paper_account(ann, "Other")
    session = session_of(ann)
    store = identity.session_store(session)
    person = identity.by_cookie(f"candlewick_session={session}")
    assert person is not None
    found = replace(person, accounts=accounts.numbers_of(person))
    assert found.accounts == (ann.accounts.get(name="Paper").pk, other.pk)
    store[accounts.SESSION_KEY] = other.pk
    store.save()
    assert access.still_admitted([found]) == {found}
    assert accounts.numbers_of(person) == (other.pk, ann.accounts.get(name="Paper").pk)


def test_a_token_follows_its_one_account_alone(serve: Serve, ann: User) -> None:
    served = serve()
    first, second = ann.accounts.get(), ownership.open_paper_account(ann, "Other")
    _, token = api_tokens.issue(ann, "bot", ["read"], account=second)
    with connect(served.ws, **bearer(token)) as ws:
        subscribe(ws, f"orders:{first.pk}")
        assert hear(ws, "error")["code"] == "forbidden"
        subscribe(ws, f"orders:{second.pk}")
        hear(ws, "subscribed")


def test_a_token_that_may_not_read_does_not_get_in(serve: Serve, ann: User) -> None:
    served = serve()
    _, token = api_tokens.issue(ann, "bot", ["trade"])
    with pytest.raises(InvalidStatus) as refusal:
        connect(served.ws, **bearer(token))
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("kind", ["api token", "program"])
def test_a_token_that_ends_takes_its_connection_with_it(serve: Serve, ann: User, kind: str) -> None:
    served = serve(recheck_s=0.2)
    token = api_tokens.issue(ann, "bot", ["read"])[1] if kind == "api token" else programs.begin(ann)[0]
    with connect(served.ws, **bearer(token)) as ws:
        subscribe(ws, "prices")
        hear(ws, "subscribed")
        (ApiToken if kind == "api token" else ProgramSession).objects.all().delete()
        assert close_code(ws) == 4401


def test_a_ticket_that_cannot_be_looked_up_is_asked_to_come_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: Served = serve()

    def away(*_: Any) -> None:
        raise RedisAway("Redis does not answer.")

    monkeypatch.setattr(LocMemCache, "get", away)
    answer = served.fetch("/stream/?channels=prices&ticket=x")
    assert answer.status == 503
    assert "cannot be looked up now" in answer.body
