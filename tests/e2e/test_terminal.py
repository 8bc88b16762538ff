"""The terminal in a browser, as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]
SIZES = [DESKTOP, TABLET, PHONE]
NUMBER = re.compile(r"\d")


def _wait_until_live(page: Page) -> None:
    expect(page.locator("#chart")).to_have_attribute("data-state", "live")
    expect(page.locator("#last")).to_have_text(NUMBER)


def _changes(page: Page, selector: str) -> None:
    """Wait until the text of the element is another one."""
    before = page.locator(selector).inner_text()
    expect(page.locator(selector)).not_to_have_text(before)


def _keep_watchlist(page: Page, symbols: list[str]) -> None:
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    answer = page.request.put(
        "/api/watchlist/", data={"symbols": symbols}, headers={"X-CSRFToken": token, "Origin": _origin(page)}
    )
    assert answer.ok, answer.text()
    page.reload()
    _wait_until_live(page)


def _origin(page: Page) -> str:
    origin: str = page.evaluate("location.origin")
    return origin


def _watched(page: Page) -> list[str]:
    symbols: list[str] = page.locator("#watch-rows tr").evaluate_all(
        "rows => rows.map(r => r.dataset.symbol)"
    )
    return symbols


def _option(page: Page, *, selected: bool | None = None) -> Locator:
    return page.get_by_role("listbox").get_by_role("option", selected=selected)


def _saved(page: Page) -> Callable[[Response], bool]:
    return lambda response: response.url.endswith("/api/watchlist/") and response.request.method == "PUT"


def test_prices_book_and_tape_move_before_ones_eyes(open_page: OpenPage) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT")
    _wait_until_live(page)

    for moving in ("#last", "#asks", "#bids", "#trades", "#legend"):
        _changes(page, moving)
    expect(page).to_have_title(re.compile(r"^[\d,.]+ BTCUSDT — Candlewick$"))


def test_every_feed_is_shown_with_its_state_and_figures(open_page: OpenPage) -> None:
    page = open_page()

    rows = page.locator("#feed-rows tr")
    expect(rows).to_have_count(3)
    for row in rows.all():
        expect(row.locator(".state")).to_have_text("Live")
        expect(row.locator("td").nth(1)).to_have_text(re.compile(r"[\d.]+ ms"))
    expect(page.locator("#feed-summary")).to_have_text(re.compile(r"[\d.]+ ms"))


def test_the_simulation_is_called_one(open_page: OpenPage) -> None:
    page = open_page()

    expect(page.get_by_text("SIMULATED", exact=True)).to_be_visible()
    expect(page.get_by_text("Every price on this page is simulated.")).to_be_visible()


def test_a_symbol_of_the_watchlist_opens_everywhere_and_the_back_button_returns(open_page: OpenPage) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT")
    _keep_watchlist(page, ["BTCUSDT", "ETHUSDT-PERP"])

    page.locator("[data-symbol='ETHUSDT-PERP'] .symbol").click()

    expect(page.locator("#symbol")).to_have_text("ETHUSDT-PERP")
    expect(page).to_have_url(re.compile("symbol=ETHUSDT-PERP"))
    expect(page.locator("#f-funding")).to_have_text(NUMBER)
    expect(page).to_have_title(re.compile(r"[\d,.]+ ETHUSDT-PERP — Candlewick"))
    _wait_until_live(page)
    page.go_back()
    expect(page.locator("#symbol")).to_have_text("BTCUSDT")
    expect(page.locator("#f-funding")).to_be_hidden()
    _wait_until_live(page)


@pytest.mark.parametrize(("key", "interval"), [("5", "1h"), ("]", "3m"), ("[", "1s")])
def test_keys_choose_the_interval(open_page: OpenPage, key: str, interval: str) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT&interval=1m")
    _wait_until_live(page)

    with page.expect_response(lambda response: f"interval={interval}&limit" in response.url) as answer:
        page.keyboard.press(key)

    assert len(answer.value.json()) > 100
    _wait_until_live(page)
    expect(page).to_have_url(re.compile(f"interval={interval}"))
    expect(page.locator("#plot")).to_have_attribute("aria-label", re.compile(f"BTCUSDT, {interval} candles"))


def test_scrolling_left_loads_the_candles_before_without_a_seam(open_page: OpenPage) -> None:
    with_first: list[Response] = []
    page = open_page("about:blank")
    page.on(
        "response", lambda r: with_first.append(r) if "/ohlcv/" in r.url and "end=" not in r.url else None
    )
    page.goto("/terminal/?symbol=BTCUSDT&interval=1m")
    _wait_until_live(page)
    newest = with_first[-1].json()

    page.locator("#plot").focus()
    with page.expect_response(
        lambda response: "/ohlcv/" in response.url and "end=" in response.url
    ) as answer:
        page.keyboard.press("Home")
    older = answer.value.json()

    times = [candle["time"] for candle in older + newest]
    assert times == list(range(times[0], times[-1] + 60, 60))
    expect(page.locator("#to-now")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#to-now")).to_be_hidden()


def test_the_search_opens_a_symbol_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    _wait_until_live(page)

    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Open a symbol")).to_be_focused()
    expect(_option(page).first).to_be_visible()
    page.keyboard.type("solusdt")
    expect(_option(page, selected=True)).to_contain_text("SOLUSDT")
    page.keyboard.press("ArrowDown")
    expect(_option(page, selected=True)).to_contain_text("SOLUSDT-PERP")
    page.keyboard.press("Enter")

    expect(page.locator("#symbol")).to_have_text("SOLUSDT-PERP")


def test_the_search_says_when_nothing_is_called_so_and_escape_closes_it(open_page: OpenPage) -> None:
    page = open_page()
    _wait_until_live(page)

    page.keyboard.press("Control+k")
    page.keyboard.type("zzzzzz")
    expect(page.locator("#search-said")).to_have_text("No instrument is called that.")
    page.keyboard.press("Escape")

    expect(page.locator("#search")).to_be_hidden()


def test_the_watchlist_is_changed_by_keyboard_and_kept(open_page: OpenPage) -> None:
    page = open_page()
    _keep_watchlist(page, ["BTCUSDT", "ETHUSDT", "SOLUSDT"])

    page.get_by_role("button", name="Add a symbol").click()
    page.keyboard.type("AAPL")
    with page.expect_response(_saved(page)):
        page.keyboard.press("Enter")
    expect(page.locator("#watch-said")).to_have_text("AAPL added to the watchlist.")
    page.keyboard.press("w")
    page.keyboard.press("Home")
    with page.expect_response(_saved(page)):
        page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#watch-said")).to_have_text("BTCUSDT is number 2 of 4.")
    page.keyboard.press("ArrowDown")
    with page.expect_response(_saved(page)):
        page.keyboard.press("Delete")
    expect(page.locator("#watch-said")).to_have_text("SOLUSDT removed from the watchlist.")

    assert _watched(page) == ["ETHUSDT", "BTCUSDT", "AAPL"]
    assert _watched(_reloaded(page)) == ["ETHUSDT", "BTCUSDT", "AAPL"]


def test_the_watchlist_is_reordered_by_dragging_and_kept(open_page: OpenPage) -> None:
    page = open_page()
    _keep_watchlist(page, ["BTCUSDT", "ETHUSDT", "SOLUSDT"])

    with page.expect_response(_saved(page)):
        page.locator("[data-symbol=BTCUSDT]", has=page.locator(".symbol")).drag_to(
            page.locator("tr[data-symbol=SOLUSDT]"), target_position={"x": 40, "y": 20}
        )

    assert _watched(page) == ["ETHUSDT", "SOLUSDT", "BTCUSDT"]
    assert _watched(_reloaded(page)) == ["ETHUSDT", "SOLUSDT", "BTCUSDT"]


def test_the_watchlist_is_changed_by_buttons_where_there_is_no_keyboard(open_page: OpenPage) -> None:
    page = open_page(size=PHONE, has_touch=True, is_mobile=True)
    _keep_watchlist(page, ["BTCUSDT", "ETHUSDT", "SOLUSDT"])

    page.get_by_role("button", name="Edit").tap()
    for button in page.locator("[data-action]").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE[0]
    with page.expect_response(_saved(page)):
        page.get_by_role("button", name="Move SOLUSDT up").tap()
    with page.expect_response(_saved(page)):
        page.get_by_role("button", name="Remove BTCUSDT from the watchlist").tap()

    assert _watched(_reloaded(page)) == ["SOLUSDT", "ETHUSDT"]


def test_an_empty_watchlist_says_how_to_fill_it(open_page: OpenPage) -> None:
    page = open_page()

    _keep_watchlist(page, [])

    expect(page.get_by_text("No symbols yet. Press + to add one.")).to_be_visible()


def test_the_chart_is_saved_as_a_picture(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT&interval=5m")
    _wait_until_live(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="Save the chart as PNG").click()

    assert re.fullmatch(r"BTCUSDT-5m-\d{4}-\d\d-\d\dT\d{6}Z\.png", download.value.suggested_filename)
    picture = tmp_path / "chart.png"
    download.value.save_as(picture)
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    box = page.locator("#plot").bounding_box()
    assert box is not None
    assert abs(width - box["width"]) <= 1
    assert height > box["height"]  # a caption above, the credit below


def test_an_unknown_symbol_in_the_address_shows_one_that_exists(open_page: OpenPage) -> None:
    page = open_page("/terminal/?symbol=NOSUCHUSDT&interval=9w")
    _wait_until_live(page)

    expect(page.locator("#symbol")).not_to_have_text("NOSUCHUSDT")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_window(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page("/terminal/?symbol=BTCUSDT-PERP", size=size)
    _wait_until_live(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page(size=size)
    _wait_until_live(page)

    assert violations(page) == []


@pytest.mark.parametrize("opener", ["/", "?"])
def test_axe_finds_nothing_in_the_dialogs(open_page: OpenPage, opener: str) -> None:
    page = open_page()
    _wait_until_live(page)

    page.keyboard.press(opener)
    expect(page.locator("dialog[open]")).to_be_visible()

    assert violations(page) == []


def test_the_first_stop_of_the_tab_key_skips_to_the_chart(open_page: OpenPage) -> None:
    page = open_page()
    _wait_until_live(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the chart")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#plot")).to_be_focused()


def test_nothing_flashes_for_one_who_asks_for_calm(open_page: OpenPage) -> None:
    page = open_page(reduced_motion="reduce")
    _wait_until_live(page)
    page.evaluate(
        """() => {
            window.flashes = 0;
            const animate = Element.prototype.animate;
            Element.prototype.animate = function (...how) {
                window.flashes++;
                return animate.apply(this, how);
            };
        }"""
    )

    _changes(page, "#last")
    _changes(page, "#strip-list")

    assert page.evaluate("window.flashes") == 0


def test_the_page_weighs_no_more_than_promised(open_page: OpenPage) -> None:
    page = open_page("about:blank")
    network = page.context.new_cdp_session(page)
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")

    page.goto("/terminal/?symbol=BTCUSDT&interval=1m")
    _wait_until_live(page)
    page.wait_for_load_state("networkidle")

    assert sum(sizes) <= 250_000


def _reloaded(page: Page) -> Page:
    page.reload()
    _wait_until_live(page)
    return page
