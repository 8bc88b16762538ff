"""The settings and the audit log in a real browser: readable by all, and doing what they say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]


def code_of(secret: str, *, steps: int = 0) -> str:
    """What an authenticator shows (RFC 6238), now or some half minutes on."""
    counter = (int(time.time()) // 30 + steps).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE])
@pytest.mark.parametrize(
    "path",
    [
        "/settings/",
        "/settings/accounts/",
        "/settings/tokens/",
        "/settings/keys/",
        "/settings/people/",
        "/accounts/2fa/totp/activate/",
        "/audit/",
    ],
)
def test_the_settings_are_readable_by_all(open_page: OpenPage, path: str, size: tuple[int, int]) -> None:
    page = open_page(path, size=size)

    expect(page.locator("h1")).to_be_visible()
    for details in page.locator("summary").all():
        details.click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_an_account_is_opened_and_chosen_in_the_bar(open_page: OpenPage) -> None:
    page = open_page("/settings/accounts/")
    page.get_by_label("Name", exact=True).last.fill("Swing")
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("The account Swing is open")).to_be_visible()

    switcher = page.get_by_role("button", name="Trading account: Swing")
    switcher.click()
    page.locator("#account-menu").get_by_role("button", name="Paper").click()
    expect(page.get_by_role("button", name="Trading account: Paper")).to_be_visible()


def test_a_token_is_shown_once_and_reads(open_page: OpenPage) -> None:
    page = open_page("/settings/tokens/")
    page.get_by_label("What it is for").fill("my bot")
    page.get_by_role("button", name="Make it").click()
    token = page.locator(".secret").inner_text()

    answer = page.context.request.get("/api/accounts/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200
    assert answer.json()[0]["name"] == "Paper"
    page.goto("/settings/tokens/")
    expect(page.get_by_text(token)).to_have_count(0)


def test_two_factor_sign_in_is_turned_on_and_off(open_page: OpenPage) -> None:
    page = open_page("/accounts/2fa/totp/activate/")
    expect(page.get_by_role("img", name="A QR code")).to_be_visible()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert violations(page) == []

    page.goto("/accounts/2fa/totp/deactivate/")
    page.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_text("Two-factor sign-in is off")).to_be_visible()
