"""Programs sign in with a name and password: JWTs that end soon, refresh tokens that work once."""

from __future__ import annotations

import base64
import json
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import OctKey

from candlewick.store.models import ProgramSession, Role, User
from candlewick.web.people import identity, programs, tokens
from tests.web.conftest import Browser, Person
from tests.web.ground import PASSWORD


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser) -> Client:
    return browser()


def body_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/token/{path}", body, content_type="application/json")


def test_a_token_carries_the_claims_that_others_know(ann: User) -> None:
    access, refresh = programs.begin(ann)
    claims = body_of(access)
    assert claims["iss"] == "candlewick"
    assert claims["aud"] == tokens.ACCESS
    assert claims["sub"] == str(ann.pk)
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["jti"] != body_of(refresh)["jti"]
    assert claims["sid"] == body_of(refresh)["sid"] == ProgramSession.objects.get().pk


def test_a_refresh_token_brings_the_next_two_and_is_spent(client: Client, ann: User) -> None:
    first = post(client, "", username=ann.username, password=PASSWORD).json()
    second = post(client, "refresh/", refresh=first["refresh"])
    assert second.status_code == 200
    assert second.json()["refresh"] != first["refresh"]
    header = {"Authorization": f"Bearer {second.json()['access']}"}
    assert client.get("/api/watchlist/", headers=header).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_session_for_both(client: Client, ann: User) -> None:
    first = post(client, "", username=ann.username, password=PASSWORD).json()
    second = post(client, "refresh/", refresh=first["refresh"]).json()
    assert post(client, "refresh/", refresh=first["refresh"]).status_code == 401
    assert post(client, "refresh/", refresh=second["refresh"]).status_code == 401
    assert identity.by_bearer(second["access"]) is None, "the access token ends with it"
    assert not ProgramSession.objects.exists()


def test_one_program_that_ends_leaves_the_others(ann: User) -> None:
    one, _ = programs.begin(ann)
    other, _ = programs.begin(ann)
    ProgramSession.objects.filter(pk=body_of(one)["sid"]).delete()
    assert identity.by_bearer(one) is None
    assert identity.by_bearer(other) is not None


def test_a_new_password_ends_refresh_tokens(ann: User) -> None:
    _, refresh = programs.begin(ann)
    ann.set_password("something else entirely")
    ann.save()
    assert programs.go_on(refresh) is None


def test_a_closed_person_gets_no_next_token(ann: User) -> None:
    _, refresh = programs.begin(ann)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert programs.go_on(refresh) is None


def test_an_access_token_is_no_refresh_token(ann: User) -> None:
    access, refresh = programs.begin(ann)
    assert programs.go_on(access) is None
    assert identity.by_bearer(refresh) is None


def test_the_oldest_of_too_many_programs_makes_room(ann: User) -> None:
    first, _ = programs.begin(ann)
    for _ in range(20):
        programs.begin(ann)
    assert identity.by_bearer(first) is None
    assert ann.program_sessions.count() == 20


def test_sessions_that_have_ended_are_swept_away(ann: User) -> None:
    programs.begin(ann)
    ProgramSession.objects.update(expires_at=timezone.now())
    programs.begin(ann)
    assert ann.program_sessions.count() == 1


def forged(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    return jwt.encode(header, claims, OctKey.import_key(key), [header["alg"]])


def unsigned(claims: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': tokens.ACCESS})}.{part(claims)}."


@pytest.mark.parametrize("key", [b"x" * 32, b"candlewick" * 4])
def test_a_token_under_another_key_or_none_is_nobodys(ann: User, key: bytes) -> None:
    claims = body_of(programs.begin(ann)[0])
    assert identity.by_bearer(forged({"alg": "HS256", "typ": tokens.ACCESS}, claims, key)) is None
    assert identity.by_bearer(unsigned(claims)) is None


def test_our_own_key_with_another_algorithm_or_claims_is_nobodys(ann: User) -> None:
    from django.conf import settings

    key = tokens._key(settings.SECRET_KEY).raw_value
    claims = body_of(programs.begin(ann)[0])
    header = {"alg": "HS256", "typ": tokens.ACCESS}
    assert identity.by_bearer(forged(header, claims, key)) is not None, "the forger of these tests can forge"
    assert identity.by_bearer(forged(header | {"alg": "HS512"}, claims, key * 2)) is None
    for changed in ({"iss": "evil"}, {"aud": "other"}, {"sub": "me"}, {"exp": 1}, {"pwd": "x"}):
        assert identity.by_bearer(forged(header, claims | changed, key)) is None, changed
    for missing in ("iss", "aud", "sub", "exp", "iat", "jti", "pwd"):
        left = {name: value for name, value in claims.items() if name != missing}
        assert identity.by_bearer(forged(header, left, key)) is None, missing


def test_an_access_token_ends_after_a_quarter_of_an_hour(ann: User) -> None:
    access, _ = programs.begin(ann)
    claims = body_of(access)
    with mock.patch("time.time", return_value=claims["exp"] - 1):
        assert identity.by_bearer(access) is not None
    with mock.patch("time.time", return_value=claims["exp"]):
        assert identity.by_bearer(access) is None
