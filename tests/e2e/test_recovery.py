"""What the terminal says and does when a part of it dies, and when a session ends."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Up, violations

OpenPage = Callable[..., Page]
NUMBER = re.compile(r"\d")
PASSWORD = "correct horse battery"


def _live(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#chart")).to_have_attribute("data-state", "live")  # its candles are loaded
    expect(page.locator("#chart")).not_to_have_attribute("data-doubt", re.compile("."))
    expect(page.locator("#bids")).to_have_text(NUMBER)
    before = page.locator("#last").inner_text()
    expect(page.locator("#last")).not_to_have_text(before)


def test_it_reconnects_after_the_web_process_is_killed_and_says_what_it_did(
    up: Up, open_page: OpenPage
) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT&interval=1s", expects_faults=True)
    _live(page)

    with page.expect_response(re.compile("/ohlcv/.*start=")) as missed:
        up.kill("web")
        expect(page.locator("#connection")).to_have_text("disconnected")
        expect(page.locator("#plot .doubt")).to_have_text("Connection lost. Reconnecting…")
        expect(page.locator("#bids")).not_to_have_text(NUMBER)
        expect(page).to_have_title("BTCUSDT (disconnected) — Candlewick")

    times = [candle["time"] for candle in missed.value.json()]
    assert times == sorted(set(times))
    expect(page.locator("#notice-list")).to_contain_text(re.compile(r"Reconnected after \d+ s"))
    _live(page)
    expect(page).to_have_title(re.compile(r"[\d,.]+ BTCUSDT — Candlewick"))


def test_it_shows_nothing_stale_while_the_engine_is_away_and_goes_on_after(
    up: Up, open_page: OpenPage
) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT&interval=1m", expects_faults=True)
    _live(page)

    up.suspend("engine")  # as a machine without breath does; one that is killed is back too soon to look
    try:
        newcomer = open_page("/terminal/?symbol=BTCUSDT&interval=1m", expects_faults=True)
        for each in (page, newcomer):
            expect(each.locator("#connection")).to_have_text("engine away")
            expect(each.locator("#plot .doubt")).to_have_text("The engine is away; it is being restarted.")
            expect(each.locator("#bids")).not_to_have_text(NUMBER)
            expect(each.locator("#feed-rows .state").first).to_have_text("Disconnected")
        assert violations(page) == []  # what is dimmed must still be readable
    finally:
        up.kill("engine")
    _live(page)
    expect(page.locator("#feed-rows .state").first).to_have_text("Live")


def test_it_says_that_the_feed_is_down_while_the_venue_is_away(up: Up, open_page: OpenPage) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT&interval=1m", expects_faults=True)
    _live(page)

    up.kill("sim")

    expect(page.locator("#connection")).not_to_have_text("live")
    expect(page.locator("#plot .doubt")).to_have_text(re.compile("feed is (down|stale)"))
    _live(page)


def test_an_ended_session_is_told_and_leads_back_by_the_sign_in_page(up: Up, chromium: Browser) -> None:
    _add_person(up, "second")
    context = chromium.new_context(base_url=up.url)
    page = context.new_page()
    page.goto("/terminal/?symbol=ETHUSDT")
    _sign_in(page, "second")
    _live(page)

    other = context.new_page()
    other.goto("/terminal/")
    other.get_by_role("button", name="Account of second").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("login"))

    expect(page.locator("#session-ended")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("signed out")
    page.get_by_role("link", name="Sign in again").click()
    _sign_in(page, "second")
    expect(page.locator("#symbol")).to_have_text("ETHUSDT")
    _live(page)
    context.close()


def _add_person(up: Up, name: str) -> None:
    command = [
        sys.executable,
        "-m",
        "candlewick",
        "user",
        "add",
        name,
        "--role",
        "viewer",
        "--password-stdin",
    ]
    subprocess.run(
        [*command, "--data-dir", str(up.data_dir)],
        input=f"{PASSWORD}\n",
        env=up.environment,
        text=True,
        check=True,
        capture_output=True,
    )


def _sign_in(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Username").fill(name)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
