"""The page of charts as a person uses it: each chart its own, one moment under all crosshairs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.calls import call
from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]
OpenCharts = Callable[..., Page]
PATH = "/api/preferences/panes/"
SYMBOLS = ("BTCUSDT-PERP", "ETHUSDT-PERP", "SOLUSDT", "BTCUSDT", "XRPUSDT", "DOGEUSDT")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d$")


def _pane(page: Page, at: int) -> Locator:
    return page.locator(f'[data-pane="{at}"]')


@pytest.fixture
def open_charts(open_page: OpenPage) -> Iterator[OpenCharts]:
    """The page with so many charts of the first symbols, alive; afterwards as nobody had chosen."""
    opened: list[Page] = []

    def open_it(
        shown: int, *, interval: str = "15m", indicators: tuple[str, ...] = (), **options: Any
    ) -> Page:
        page = open_page("/settings/", **options)
        opened.append(page)
        chosen = [
            {"symbol": symbol, "interval": interval, "indicators": [{"key": key} for key in indicators]}
            for symbol in SYMBOLS
        ]
        assert call(page, "PUT", PATH, {"shown": shown, "panes": chosen}).ok
        page.goto("/charts/")
        _alive(page, shown)
        return page

    yield open_it
    if opened:
        call(opened[0], "PUT", PATH, {"shown": 4, "panes": []})


def _alive(page: Page, shown: int) -> None:
    for at in range(shown):
        expect(_pane(page, at)).to_have_attribute("data-state", "live")


def test_as_many_charts_are_shown_as_are_wanted_and_come_back(open_charts: OpenCharts) -> None:
    page = open_charts(2)
    expect(page.locator("[data-pane]:visible")).to_have_count(2)

    with page.expect_response(lambda response: response.url.endswith(PATH)):
        page.get_by_role("group", name="How many charts").get_by_role("button", name="4").click()
    _alive(page, 4)
    page.reload()

    expect(page.locator("[data-pane]:visible")).to_have_count(4)
    _alive(page, 4)


def test_a_chart_that_is_not_shown_asks_the_server_for_nothing(open_charts: OpenCharts) -> None:
    page = open_charts(2, indicators=("ema:20",))
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    page.reload()
    _alive(page, 2)
    layouts = page.get_by_role("group", name="How many charts")

    layouts.get_by_role("button", name="1").click()
    expect(page.locator("[data-pane]:visible")).to_have_count(1)
    while not (left := [each for each in map(json.loads, sent) if each["action"] == "unsubscribe"]):
        page.wait_for_timeout(50)  # channels are told together, a moment later
    assert sorted(channel for each in left for channel in each["channels"]) == [
        "candles:ETHUSDT-PERP:15m",
        "indicators:ETHUSDT-PERP:15m:ema-20",
    ]

    layouts.get_by_role("button", name="2").click()
    _alive(page, 2)
    expect(_pane(page, 1).locator(".study")).to_contain_text(re.compile(r"EMA 20[\d,]"))


def test_each_chart_has_its_own_market_interval_and_indicators(open_charts: OpenCharts) -> None:
    page = open_charts(2)
    first, second = _pane(page, 0), _pane(page, 1)

    first.get_by_role("button", name="BTCUSDT-PERP").click()
    page.keyboard.type("avax")
    page.keyboard.press("Enter")
    expect(first.locator(".symbol-of")).to_have_text(re.compile("^AVAXUSDT"))
    first.get_by_label("Interval of chart 1").select_option("1h")
    second.get_by_role("button", name="Indicators of chart 2").click()
    page.locator("#indicator-search").fill("bollinger")
    expect(page.locator("#indicator-list [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(second.locator(".study")).to_have_count(1)
    page.keyboard.press("Escape")

    expect(first.locator(".study")).to_have_count(0)
    page.reload()
    _alive(page, 2)
    expect(first.locator(".symbol-of")).to_have_text(re.compile("^AVAXUSDT"))
    expect(first.get_by_label("Interval of chart 1")).to_have_value("1h")
    expect(second.locator(".symbol-of")).to_have_text("ETHUSDT-PERP")
    expect(second.locator(".study")).to_contain_text("Bollinger Bands 20 2")


def test_all_crosshairs_stand_at_the_moment_that_is_pointed_at(open_charts: OpenCharts) -> None:
    page = open_charts(4, interval="1h")
    _pane(page, 3).get_by_label("Interval of chart 4").select_option("4h")
    _alive(page, 4)
    times = [_pane(page, at).locator(".legend .time") for at in range(4)]
    now = times[1].inner_text()

    plot = _pane(page, 0).locator(".plot")
    plot.hover(position={"x": 60, "y": 120})

    expect(times[0]).not_to_have_text(now)
    moment = times[0].inner_text()
    assert MOMENT.match(moment)
    for other in times[1:3]:
        expect(other).to_have_text(moment)
    hour = int(moment[11:13]) // 4 * 4
    expect(times[3]).to_have_text(f"{moment[:11]}{hour:02}:00")  # the longer candle that holds the hour

    page.mouse.move(5, 5)
    expect(times[1]).not_to_have_text(moment)


def test_the_trades_of_the_account_are_drawn_when_they_happen(open_charts: OpenCharts) -> None:
    page = open_charts(1)
    asked = lambda response: "/api/fills/marks/" in response.url and "DOGEUSDT" not in response.url  # noqa: E731
    with page.expect_response(asked) as told:
        order = {"symbol": SYMBOLS[0], "side": "buy", "quantity": "0.01", "order_type": "market"}
        assert call(page, "POST", "/api/orders/", order).ok

    while not told.value.json():  # the snapshot's answer came first
        with page.expect_response(asked) as told:
            pass
    assert told.value.json()[-1]["side"] == "buy"


def test_a_chart_leads_to_the_terminal_as_it_is(open_charts: OpenCharts) -> None:
    page = open_charts(1)

    page.get_by_role("link", name="Chart 1 on the terminal").click()

    expect(page.locator("#symbol")).to_have_text(SYMBOLS[0])
    expect(page.locator('#intervals [value="15m"]')).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE])
def test_everybody_can_read_it_at_any_width(open_charts: OpenCharts, size: tuple[int, int]) -> None:
    page = open_charts(6, indicators=("ema:20", "rsi:14"), size=size)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
