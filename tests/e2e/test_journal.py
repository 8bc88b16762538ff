"""Performance and journal in a browser, over trades that were made from the terminal's own account."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.calls import call
from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]
SYMBOL: Final = "BTCUSDT-PERP"
PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WIDTHS: Final = pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE], ids=["1440", "1024", "390"])


def api(page: Page, method: str, path: str, body: Any = None) -> Any:
    """As a program would, with the page's session."""
    answer = call(page, method, path, body)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.fixture
def traded(open_page: OpenPage) -> Callable[..., Page]:
    """Opens a page of somebody who has closed at least two trades."""

    def open_it(path: str, **options: Any) -> Page:
        page = open_page("/settings/", **options)
        while len(api(page, "GET", "/api/dashboard/trades/?status=closed")["items"]) < 2:
            order = {"symbol": SYMBOL, "side": "buy", "quantity": 0.05, "order_type": "market"}
            assert api(page, "POST", "/api/orders/", order)["status"] in {"FILLED", "IN_FLIGHT", "OPEN"}
            page.wait_for_function(_holds(1))
            api(page, "POST", "/api/positions/close/", {})
            page.wait_for_function(_holds(0))
        page.goto(path)
        return page

    return open_it


def _holds(count: int) -> str:
    return (
        "() => fetch('/api/dashboard/portfolio/positions/').then((answer) => answer.json())"
        f".then((held) => held.length === {count})"
    )


def trades_of(page: Page) -> Locator:
    return page.locator(".trades .chunk [role=row]")


def is_wider_than_the_screen(page: Page) -> bool:
    wider: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return wider


@WIDTHS
def test_the_performance_page_shows_what_was_made(traded: Callable[..., Page], size: tuple[int, int]) -> None:
    page = traded("/performance/", size=size)
    expect(page.locator("#equity canvas")).to_be_visible()
    told = api_metrics(page)
    expect(page.locator(".headline li").filter(has_text="Win rate")).to_contain_text(
        f"{told['trades']} trades"
    )
    expect(page.get_by_role("heading", name="Symbol")).to_be_visible()
    expect(page.get_by_role("heading", name="Trend at entry")).to_be_visible()  # it comes after the page
    assert not is_wider_than_the_screen(page)
    assert violations(page) == []


def api_metrics(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = api(page, "GET", "/api/dashboard/performance/metrics/")
    return told


def test_a_range_is_chosen_by_keyboard(traded: Callable[..., Page]) -> None:
    page = traded("/performance/")
    page.get_by_role("link", name="7 days").press("Enter")
    page.wait_for_url(re.compile("start="))
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    page.goto("/performance/?start=2001-01-01&end=2001-01-31")
    expect(page.get_by_role("heading", name="Nothing happened in these days")).to_be_visible()


@WIDTHS
def test_a_trade_is_found_opened_and_written_about(
    traded: Callable[..., Page], size: tuple[int, int], tmp_path: Path
) -> None:
    page = traded("/trades/", size=size)
    expect(trades_of(page).first).to_contain_text(SYMBOL)
    assert not is_wider_than_the_screen(page)
    assert violations(page) == []
    trades_of(page).first.get_by_role("link").press("Enter")
    expect(page.locator("#trade-chart")).to_have_attribute("data-state", "shown")
    expect(page.locator("#trade-chart canvas").first).to_be_visible()
    word = f"patience{size[0]}"
    page.get_by_label("What was this trade like?").fill(f"Took {word}.")
    page.get_by_label("Tags, with commas between").fill(f"plan, w{size[0]}")
    page.get_by_role("radio", name="4 of 5").check()
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url(re.compile("#note"))
    picture = tmp_path / "chart.png"
    picture.write_bytes(PIXEL)
    page.get_by_label("PNG, JPEG or WebP, at most 2 MB").set_input_files(picture)
    page.get_by_label("What it shows").fill("The entry")
    page.get_by_role("button", name="Add").click()
    image = page.get_by_role("img", name="The entry").first
    expect(image).to_be_visible()
    assert image.evaluate("(image) => image.naturalWidth") == 1
    assert not is_wider_than_the_screen(page)
    assert violations(page) == []
    page.goto(f"/trades/?q={word}")
    expect(trades_of(page)).to_have_count(1)
    expect(trades_of(page).first).to_contain_text(f"w{size[0]}")
    page.goto("/trades/?q=nowhere")
    expect(page.get_by_role("heading", name="No trade is like that")).to_be_visible()


def test_a_picture_goes_only_when_asked_twice(traded: Callable[..., Page], tmp_path: Path) -> None:
    page = traded("/trades/")
    trades_of(page).nth(1).get_by_role("link").click()
    picture = tmp_path / "chart.png"
    picture.write_bytes(PIXEL)
    page.get_by_label("PNG, JPEG or WebP, at most 2 MB").set_input_files(picture)
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".pictures img")).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".pictures img")).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".pictures img")).to_have_count(0)


def test_an_export_is_a_file_with_every_trade(traded: Callable[..., Page]) -> None:
    page = traded("/trades/")
    shown = trades_of(page).count()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    text = downloading.value.path().read_text()
    assert downloading.value.suggested_filename == "candlewick-trades.csv"
    assert len(text.splitlines()) == shown + 1


def test_rows_far_out_of_sight_leave_the_page_and_come_back(modules: Page) -> None:
    """The list's own script, over pages of rows that a stand-in for the server gives."""
    modules.route(
        "**/page/*", lambda route: route.fulfill(body=_chunk(route.request.url), content_type="text/html")
    )
    modules.set_content(
        "<style>.r { block-size: 20px }</style><div class='trades'>"
        + "".join(_chunk(f"http://modules.test/page/{number}") for number in range(30))
        + "</div>"
    )
    modules.evaluate(
        "import('http://modules.test/js/journal/shelf.js')"
        ".then(({ Shelf }) => { new Shelf(document.querySelector('.trades')) })"
    )
    first, last = modules.locator(".chunk").first, modules.locator(".chunk").last
    expect(last.locator(".r")).to_have_count(0)
    expect(first.locator(".r")).to_have_count(100)
    height = modules.evaluate("document.documentElement.scrollHeight")
    modules.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(last.locator(".r")).to_have_count(100)
    expect(first.locator(".r")).to_have_count(0)
    assert modules.evaluate("document.documentElement.scrollHeight") == height
    modules.evaluate("scrollTo(0, 0)")
    expect(first.locator(".r").first).to_have_text("row 0 of 0")


def _chunk(address: str) -> str:
    number = address.rpartition("/")[2]
    rows = "".join(f"<div class='r'>row {row} of {number}</div>" for row in range(100))
    return f"<div class='chunk' data-from='{address}'>{rows}</div>"
