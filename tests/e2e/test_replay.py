"""A recorded day in the browser: what it is called, and that it can be stopped, stepped and hurried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESKTOP, Up, sign_in

NUMBER = re.compile(r"\d")


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Iterator[Up]:
    recording = recordings / "ticks_l2/hftbacktest_binance_raw/spot/ethusdt_20240808.gz"
    running = Up(tmp_path_factory.mktemp("replay"), "replay", recording)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def page(replay: Up, chromium: Browser) -> Iterator[Page]:
    width, height = DESKTOP
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        storage_state=sign_in(replay, chromium),
        base_url=replay.url,
    )
    page = context.new_page()
    page.goto("/terminal/?interval=1s")
    yield page
    context.close()


def test_a_recording_is_played_paused_stepped_and_hurried(page: Page) -> None:
    expect(page.get_by_text("REPLAY", exact=True)).to_be_visible()
    expect(page.get_by_text("SIMULATED", exact=True)).to_be_hidden()
    expect(page.locator("#symbol")).to_have_text("ETHUSDT")
    expect(page.locator("#replay-position")).to_have_text(re.compile(r"^2024-08-08 \d\d:\d\d:\d\d"))
    expect(page.locator("#trades")).to_have_text(NUMBER)

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("paused")
    expect(page.locator("#plot .doubt")).to_be_hidden()  # the recording's moment is no stale feed
    position = page.locator("#replay-position").inner_text()

    step = page.get_by_role("button", name="Step")
    while page.locator("#replay-position").inner_text() == position:  # several messages may share a second
        with page.expect_response("**/api/replay/"):
            step.click()

    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.get_by_label("Speed")).to_have_value("10")
    before = page.locator("#trades").inner_text()
    expect(page.locator("#trades")).not_to_have_text(before)
