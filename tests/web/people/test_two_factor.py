"""Two-factor sign-in: a code besides the password, everywhere that a password lets somebody in."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from candlewick.core.errors import StoreError
from candlewick.store.models import Account, AccountKind, LoginLink, Role, User
from candlewick.web.people import sealing, two_factor
from tests.web.conftest import Browser, Person
from tests.web.ground import PASSWORD


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def confirm(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def turn_on(client: Client) -> tuple[str, list[str]]:
    """Go through the page as a person does; the secret, and the recovery codes."""
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'class="secret">([A-Z2-7]+)<', page)
    assert secret is not None
    assert "data:image/svg+xml;base64," in page
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret[1])}, follow=True)
    codes = re.findall(r"<code>(\d{8})</code>", answer.content.decode())
    assert len(codes) == 10
    return secret[1], codes


def is_signed_in(client: Client) -> bool:
    return bool(client.get("/settings/").status_code == 200)


def sign_in(client: Client, user: User) -> Any:
    return client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})


def test_turning_it_on_takes_the_password_and_a_code(browser: Browser, ann: User) -> None:
    client = browser(ann)
    answer = client.get("/accounts/2fa/totp/activate/")
    assert answer.url.startswith("/accounts/reauthenticate/")  # type: ignore[attr-defined]
    confirm(client)
    client.get("/accounts/2fa/totp/activate/")
    assert "not right" in client.post("/accounts/2fa/totp/activate/", {"code": "000000"}).content.decode()
    assert not two_factor.is_on(ann.pk)


def test_who_has_no_password_sees_the_recovery_codes_as_soon_as_it_is_on(browser: Browser, ann: User) -> None:
    ann.set_unusable_password()
    ann.save()
    _, codes = turn_on(browser(ann))
    assert len(codes) == 10


def test_the_password_alone_lets_nobody_in(browser: Browser, ann: User) -> None:
    secret, _ = turn_on(browser(ann))
    client = browser()
    assert sign_in(client, ann).url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret, steps=1)})
    assert is_signed_in(client)


def test_a_code_works_once(browser: Browser, ann: User) -> None:
    secret, _ = turn_on(browser(ann))
    code = code_of(secret, steps=1)
    first, second = browser(), browser()
    for client in (first, second):
        sign_in(client, ann)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_a_recovery_code_lets_in_once(browser: Browser, ann: User) -> None:
    _, codes = turn_on(browser(ann))
    first, second = browser(), browser()
    for client in (first, second):
        sign_in(client, ann)
        client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_recovery_codes_are_shown_once(browser: Browser, ann: User) -> None:
    client = browser(ann)
    _, codes = turn_on(client)
    assert codes[0] not in client.get("/accounts/2fa/recovery-codes/").content.decode()


def test_guessing_codes_locks_the_name(browser: Browser, ann: User) -> None:
    secret, _ = turn_on(browser(ann))
    client = browser()
    sign_in(client, ann)
    for guess in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": f"00000{guess}"})
    page = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret, steps=1)})
    assert "Too many failed" in page.content.decode()
    assert not is_signed_in(client)


def test_a_login_link_asks_for_the_code_too(browser: Browser, ann: User) -> None:
    secret, _ = turn_on(browser(ann))
    client = browser()
    assert client.get(f"/login/{LoginLink.issue(ann)}/").url == "/accounts/2fa/authenticate/"  # type: ignore[attr-defined]
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret, steps=1)})
    assert is_signed_in(client)


def test_a_program_gives_the_code_with_the_password(browser: Browser, ann: User) -> None:
    secret, _ = turn_on(browser(ann))

    def ask(**code: str) -> Any:
        body = {"username": ann.username, "password": PASSWORD} | code
        return browser().post("/api/token/", body, content_type="application/json")

    assert ask().status_code == 401
    assert "'code'" in ask().json()["detail"]
    assert ask(code="000000").status_code == 401
    assert ask(code=code_of(secret, steps=1)).status_code == 200


def test_secrets_are_sealed_at_rest(browser: Browser, ann: User) -> None:
    secret, codes = turn_on(browser(ann))
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert codes[0] not in kept
    totp = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert two_factor.TwoFactorAdapter().decrypt(totp.data["secret"]) == secret


def test_it_is_turned_off_with_the_password(browser: Browser, ann: User) -> None:
    client = browser(ann)
    turn_on(client)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not two_factor.is_on(ann.pk)
    assert not Authenticator.objects.exists(), "the recovery codes go with it"


def test_whoever_has_lost_their_phone_has_it_turned_off_at_the_machine(browser: Browser, ann: User) -> None:
    turn_on(browser(ann))
    two_factor.turn_off(ann)
    client = browser()
    sign_in(client, ann)
    assert is_signed_in(client)


def test_whoever_has_a_live_account_keeps_it_on(browser: Browser, ann: User) -> None:
    client = browser(ann)
    turn_on(client)
    Account.objects.create(user=ann, name="Live", kind=AccountKind.LIVE, venue="binance")
    page = client.post("/accounts/2fa/totp/deactivate/").content.decode()
    assert "You have a live account" in page
    assert two_factor.is_on(ann.pk)


@pytest.mark.parametrize("changed", ["", "v1.", "v1.AAAA", "x" * 80])
def test_what_was_changed_is_not_unsealed(changed: str) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        sealing.unseal(changed, "a purpose")


def test_what_was_sealed_for_one_purpose_is_unsealed_for_no_other() -> None:
    sealed = sealing.seal("secret", "one")
    assert sealing.unseal(sealed, "one") == "secret"
    assert sealing.seal("secret", "one") != sealed
    with pytest.raises(StoreError):
        sealing.unseal(sealed, "other")
