"""Indicators on the terminal's chart, as a person chooses, changes and reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.e2e.calls import call
from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]
SIZES: Final = [DESKTOP, TABLET, PHONE]
KEPT: Final = "/api/preferences/indicators/"
FIGURES: Final = r"[\d,.−]+"


@pytest.fixture
def open_chart(open_page: OpenPage) -> Callable[..., Page]:
    """Opens the terminal with these indicators."""

    def open_it(*keys: str, path: str = "/terminal/?symbol=BTCUSDT&interval=1m", **options: Any) -> Page:
        page = open_page(path, **options)
        answer = call(page, "PUT", KEPT, {"indicators": [{"key": key} for key in keys]})
        assert answer.ok, answer.text()
        page.reload()
        expect(page.locator("#chart")).to_have_attribute("data-state", "live")
        return page

    return open_it


OpenChart = Callable[..., Page]


def _legend(page: Page, key: str) -> Locator:
    return page.locator(f'.study[data-key="{key}"]')


def _shown(page: Page) -> list[str]:
    rows = page.locator(".study[data-key]")
    keys: list[str] = rows.evaluate_all("rows => rows.map(row => row.dataset.key)")
    return sorted(keys)


def _is_kept(response: Response) -> bool:
    return response.url.endswith(KEPT) and response.request.method == "PUT"


def _pick(page: Page, words: str) -> None:
    page.keyboard.press("i")
    expect(page.locator("#indicator-search")).to_be_focused()
    expect(page.locator("#indicator-count")).to_have_text(re.compile(r"^\d\d"))
    page.keyboard.type(words)
    with page.expect_response(_is_kept):
        page.keyboard.press("Enter")


def _row(page: Page, key: str) -> Locator:
    return page.locator(f'#indicator-chosen li[data-key="{key}"]')


def _tops(page: Page, *keys: str) -> list[float]:
    boxes = [_legend(page, key).bounding_box() for key in keys]
    assert None not in boxes
    return [box["y"] for box in boxes if box]


def test_an_indicator_is_found_and_added_by_keyboard_alone_and_stays(open_chart: OpenChart) -> None:
    page = open_chart("ema:20")

    _pick(page, "macd")

    expect(page.locator("#indicator-said")).to_have_text("MACD is on the chart.")
    page.keyboard.press("Escape")
    expect(_legend(page, "macd:12:26:9")).to_have_text(re.compile(rf"MACD 12 26 9({FIGURES}){{3}}"))
    assert _tops(page, "ema:20")[0] < _tops(page, "macd:12:26:9")[0], "below the prices, in its own pane"
    page.goto("/terminal/?symbol=ETHUSDT&interval=5m")
    expect(_legend(page, "macd:12:26:9")).to_have_text(re.compile(rf"MACD 12 26 9({FIGURES}){{3}}"))


def test_what_is_typed_before_the_dialog_is_loaded_is_searched_and_trades_nothing(
    open_chart: OpenChart,
) -> None:
    page = open_chart("ema:20")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/orders" in request.url else None)
    with page.expect_request("**/js/terminal/picker.js"):
        page.keyboard.type("icmf")  # `c` cancels orders elsewhere

    expect(page.locator("#indicator-search")).to_have_value("cmf")
    expect(page.locator("#indicator-list [aria-selected=true]")).to_contain_text("Chaikin money flow")
    assert asked == []


def test_indicators_are_found_by_group_and_by_part_of_a_name(open_chart: OpenChart) -> None:
    page = open_chart()
    page.get_by_role("button", name="Indicators").click()
    options = page.get_by_role("listbox", name="Indicators to add").get_by_role("option")
    expect(page.locator("#indicator-count")).to_have_text(re.compile(r"^\d\d"))
    assert options.count() > 90

    page.locator("#indicator-search").fill("candle hammer")

    assert options.locator("b").all_inner_texts() == ["Hammer", "Inverted hammer"]
    for asked in ("linear", "linreg", "regression"):
        page.locator("#indicator-search").fill(asked)
        expect(options.locator("b")).to_have_text(["Linear regression slope", "Linear regression channel"])
    page.locator("#indicator-search").fill("nothing at all")
    expect(page.locator("#indicator-count")).to_have_text("none that is called so")


def test_what_an_indicator_is_about_names_its_numbers_as_code(open_chart: OpenChart) -> None:
    page = open_chart()

    _pick(page, "volume_profile")

    about = page.locator("li[data-key^='volume_profile'] p.dim")
    expect(about.locator("code").first).to_have_text("period")
    expect(about).not_to_contain_text("`")


def test_a_second_of_a_kind_gets_other_numbers_and_another_colour(open_chart: OpenChart) -> None:
    page = open_chart("ema:20")

    _pick(page, "ema")

    expect(_row(page, "ema:50")).to_be_visible()
    color = _legend(page, "ema:20").locator(".value").evaluate("value => value.style.color")
    expect(_legend(page, "ema:50").locator(".value")).not_to_have_css("color", color)


def test_other_numbers_are_computed_by_the_server_and_kept(open_chart: OpenChart) -> None:
    page = open_chart("ema:20")
    _legend(page, "ema:20").get_by_role("button", name="EMA 20", exact=True).click()
    period = _row(page, "ema:20").get_by_label("Period")
    expect(period).to_be_focused()

    with page.expect_response(lambda response: "indicators=ema%3A34&" in response.url):
        period.fill("34")
        period.press("Tab")

    expect(_legend(page, "ema:34")).to_have_text(re.compile(rf"EMA 34{FIGURES}"))
    page.reload()
    expect(_legend(page, "ema:34")).to_have_text(re.compile(rf"EMA 34{FIGURES}"))
    assert _shown(page) == ["ema:34"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("Fast", "5000", "1000"), ("Fast", "2.5", "Fast:"), ("Fast", "30", "macd"), ("Slow", "", "Slow:")],
)
def test_numbers_that_cannot_be_are_refused_with_a_sentence(
    open_chart: OpenChart, field: str, value: str, said: str
) -> None:
    page = open_chart("macd", expects_faults=True)  # the browser reports the refused request
    _legend(page, "macd:12:26:9").get_by_role("button", name="MACD 12 26 9", exact=True).click()

    _row(page, "macd:12:26:9").get_by_label(field).fill(value)
    page.keyboard.press("Tab")

    expect(page.locator("#indicator-said")).to_contain_text(said)
    assert _shown(page) == ["macd:12:26:9"]


def test_looks_are_changed_and_kept(open_chart: OpenChart) -> None:
    page = open_chart("ema:20")
    _legend(page, "ema:20").get_by_role("button", name="EMA 20", exact=True).click()

    with page.expect_response(_is_kept):
        _row(page, "ema:20").get_by_label("Colour").fill("#00ff00")
    with page.expect_response(_is_kept):
        _row(page, "ema:20").get_by_label("Style").select_option("dashed")
    with page.expect_response(_is_kept) as kept:
        _row(page, "ema:20").get_by_label("Width").select_option("3")

    assert kept.value.json()["indicators"] == [
        {"key": "ema:20", "colors": {"ema": "#00ff00"}, "width": 3, "style": "dashed", "hidden": False}
    ]
    page.reload()
    expect(_legend(page, "ema:20").locator(".value")).to_have_css("color", "rgb(0, 255, 0)")


def test_indicators_are_hidden_moved_and_removed(open_chart: OpenChart) -> None:
    page = open_chart("ema:20", "rsi:14", "atr:14")
    expect(_legend(page, "atr:14")).to_have_text(re.compile(rf"ATR 14{FIGURES}"))
    before = _tops(page, "rsi:14", "atr:14")
    assert before[0] < before[1]

    page.keyboard.press("i")
    with page.expect_response(_is_kept):
        page.get_by_role("button", name="Move ATR 14 up").click()
    expect(page.get_by_role("button", name="Move ATR 14 up")).to_be_focused()
    with page.expect_response(_is_kept):
        page.get_by_role("button", name="Hide EMA 20").click()
    page.keyboard.press("Escape")

    expect(_legend(page, "ema:20")).to_have_count(0)
    page.wait_for_function(
        "() => document.querySelector(`.study[data-key='atr:14']`).getBoundingClientRect().y"
        " < document.querySelector(`.study[data-key='rsi:14']`).getBoundingClientRect().y"
    )
    with page.expect_response(_is_kept) as kept:
        _legend(page, "rsi:14").get_by_role("button", name="RSI 14", exact=True).hover()
        _legend(page, "rsi:14").get_by_role("button", name="Remove RSI 14").click()
    assert [(each["key"], each["hidden"]) for each in kept.value.json()["indicators"]] == [
        ("ema:20", True),
        ("atr:14", False),
    ]
    expect(_legend(page, "rsi:14")).to_have_count(0)


def test_another_browser_of_the_same_person_shows_the_same(
    open_chart: OpenChart, open_page: OpenPage
) -> None:
    open_chart("sma:9", "cmf:20")

    other = open_page("/terminal/?symbol=SOLUSDT-PERP&interval=15m")

    expect(_legend(other, "cmf:20").locator(".value")).to_have_text(re.compile(rf"^{FIGURES}$"))
    assert _shown(other) == ["cmf:20", "sma:9"]


def test_figures_of_several_lines_follow_the_open_bar(open_chart: OpenChart) -> None:
    page = open_chart("macd", "obv", path="/terminal/?symbol=BTCUSDT&interval=1s")

    for key in ("macd:12:26:9", "obv"):
        expect(_legend(page, key)).to_have_text(re.compile(rf"({FIGURES})+"))
        shown = _legend(page, key).inner_text()
        expect(_legend(page, key)).not_to_have_text(shown)


def test_all_ways_of_drawing_stand_side_by_side(open_chart: OpenChart) -> None:
    keys = (
        "bollinger:20:2", "ichimoku:9:26:52:26", "parabolic_sar:0.02:0.2", "volume_profile:100:24:0.7",
        "heikin_ashi", "cdl_doji", "supertrend:10:3", "macd:12:26:9", "adl",
    )  # fmt: skip
    page = open_chart(*keys, path="/terminal/?symbol=BTCUSDT-PERP&interval=5m")

    for key in keys:
        expect(_legend(page, key).locator(".value").first).to_have_text(re.compile(r"\d"))
    assert _shown(page) == sorted(keys)


def test_scrolling_left_fills_the_lines_without_a_hole(open_chart: OpenChart) -> None:
    page = open_chart("ema:20", "obv")
    answers: list[Response] = []
    page.on(
        "response", lambda answer: answers.append(answer) if "/charts/indicators/?" in answer.url else None
    )
    page.locator("#plot").focus()
    with page.expect_response(lambda answer: "/charts/indicators/?" in answer.url):
        for _ in range(3):
            page.keyboard.press("Home")

    times = sorted({point["time"] for answer in answers for point in answer.json()["ema:20"]})
    assert times == list(range(times[0], times[-1] + 60, 60))


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_while_indicators_are_chosen(open_chart: OpenChart, size: tuple[int, int]) -> None:
    page = open_chart("ema:20", "bollinger", "macd", size=size)
    _legend(page, "bollinger:20:2").get_by_role("button", name="Bollinger Bands 20 2", exact=True).click()
    expect(page.locator("#indicator-count")).to_have_text(re.compile(r"^\d\d"))

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    dialog = page.locator("#indicators")
    assert dialog.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_change_that_cannot_be_kept_is_told_and_nothing_is_changed(open_chart: OpenChart) -> None:
    page = open_chart("ema:20", expects_faults=True)
    page.route(f"**{KEPT}", lambda route: route.abort())

    page.keyboard.press("i")
    page.locator("#indicators").get_by_role("button", name="Remove EMA 20").click()

    expect(page.locator("#indicator-said")).to_have_text("The server cannot be reached.")
    assert _shown(page) == ["ema:20"]
