"""The plain pages: sign-in, settings, errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, Up, violations

OpenPage = Callable[..., Page]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("path", ["/settings/", "/accounts/password/set/", "/no/such/page/"])
def test_a_page_for_people_is_readable_by_all(open_page: OpenPage, path: str, size: tuple[int, int]) -> None:
    page = open_page(path, size=size, expects_faults=path.startswith("/no/"))

    expect(page.locator("h1")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_sign_in_page_is_readable_by_all_with_its_faults_too(
    up: Up, chromium: Browser, size: tuple[int, int]
) -> None:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, base_url=up.url)
    page = context.new_page()
    page.goto("/terminal/")
    assert violations(page) == []

    page.get_by_role("textbox", name="Username").fill("nobody")
    page.get_by_role("textbox", name="Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator(".errorlist")).to_be_visible()
    assert violations(page) == []
    context.close()


def test_the_menu_of_the_person_leads_to_the_settings(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("#chart")).to_have_attribute("data-state", "live")

    page.get_by_role("button", name="Account of owner").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.get_by_role("link", name="Set a password").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_on_a_narrow_window_the_pages_stand_behind_one_button(open_page: OpenPage) -> None:
    page = open_page("/portfolio/", size=PHONE)
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)

    page.get_by_role("button", name="Pages").click()
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Portfolio")).to_have_attribute("aria-current", "page")
    assert violations(page) == []
    menu.get_by_role("link", name="Risk").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Risk")
