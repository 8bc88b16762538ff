"""Dashboard, portfolio and risk as a person uses them: what moves, what acts, and who can read it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Page, expect

from tests.e2e.calls import call
from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]
SYMBOL: Final = "BTCUSDT-PERP"
FAR: Final = {"symbol": SYMBOL, "side": "buy", "order_type": "limit", "quantity": "0.05"}
SCREENS: Final = ("/", "/portfolio/", "/risk/")
FEATURES: Final = {
    "/terminal/", "/charts/", "/portfolio/", "/performance/", "/trades/", "/risk/", "/audit/", "/settings/",
    "/strategies/", "/research/", "/research/new/",
    "/settings/accounts/", "/settings/tokens/", "/settings/people/", "/settings/keys/",
    "/accounts/password/set/", "/accounts/2fa/totp/activate/",
}  # fmt: skip


class Hand:
    """What a person does elsewhere meanwhile: by the API, with the session of a page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def call(self, method: str, path: str, body: Any = None) -> APIResponse:
        return call(self._page, method, path, body)

    def done(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.ok, answer.text()
        return json.loads(answer.text(), parse_float=Decimal, parse_int=Decimal)

    def buys(self, quantity: str = "0.1") -> Any:
        order = {"symbol": SYMBOL, "side": "buy", "quantity": quantity, "order_type": "market"}
        return self.done("POST", "/api/orders/", order)

    def rests(self, share: str = "0.95") -> Any:
        """A buy order that the market is far from."""
        tickers = self.done("GET", "/api/market/tickers/?limit=1000")["items"]
        last = next(each["last"] for each in tickers if each["symbol"] == SYMBOL)
        price = (last * Decimal(share)).quantize(Decimal(1))
        return self.done("POST", "/api/orders/", FAR | {"limit_price": str(price)})

    def leaves(self) -> None:
        """Nothing is held, nothing works, and everything is allowed again."""
        self.done("POST", "/api/risk/state/", {"state": "ACTIVE"})
        self.done("DELETE", "/api/orders/")
        self.done("POST", "/api/positions/close/", {})


@pytest.fixture
def open_screen(open_page: OpenPage) -> Iterator[Callable[..., tuple[Page, Hand]]]:
    """Opens a page, and lends a hand. Afterwards the account is flat and may trade."""
    hands: list[Hand] = []

    def open_it(path: str, **options: Any) -> tuple[Page, Hand]:
        page = open_page(path, **options)
        hand = Hand(page)
        if not hands:
            hand.leaves()
        hands.append(hand)
        page.evaluate("window.isTheSamePage = true")
        return page, hand

    yield open_it
    if hands:
        hands[0].leaves()


OpenScreen = Callable[..., tuple[Page, Hand]]


def _row(page: Page) -> Any:
    return page.locator(f'#c-portfolio [data-row="{SYMBOL}"]')


def test_the_dashboard_follows_the_market_and_the_account_without_being_loaded_again(
    open_screen: OpenScreen,
) -> None:
    page, hand = open_screen("/")
    expect(page.locator("#c-portfolio .empty")).to_have_text("No open positions.")
    newest = page.locator("#recent-trades tbody tr").first
    before = newest.locator("time").get_attribute("datetime") if newest.count() else ""

    hand.buys()

    expect(_row(page).locator("[data-cell=quantity]")).to_have_text("0.100")
    value = page.locator("[data-cell=total_value]")
    for _ in range(2):  # a fill moves it once; ticks move it on
        shown = value.inner_text()
        expect(value).not_to_have_text(shown)
    hand.done("POST", "/api/positions/close/", {})
    expect(page.locator("#c-portfolio .empty")).to_have_text("No open positions.")
    expect(newest).to_contain_text(SYMBOL)
    expect(newest.locator("time")).not_to_have_attribute("datetime", before or "")
    assert page.evaluate("window.isTheSamePage")


def test_the_watchlist_on_the_dashboard_moves_and_is_changed_there(open_screen: OpenScreen) -> None:
    page, _ = open_screen("/")
    row = page.locator('#c-watchlist [data-row="BTCUSDT"]')
    for cell in ("bid", "ask", "last"):
        shown = row.locator(f"[data-cell={cell}]")
        expect(shown).not_to_have_text(shown.inner_text())
    page.get_by_label("Symbol to watch").fill("sim-east:BTC/USDT")
    page.get_by_role("button", name="Add", exact=True).click()
    added = page.locator('#c-watchlist [data-row="sim-east:BTCUSDT"]')
    expect(added.locator("[data-cell=last]")).to_have_text(re.compile(r"\d"))
    added.get_by_role("button", name="Remove").click()
    expect(added).to_have_count(0)
    assert page.evaluate("window.isTheSamePage")


def test_a_limit_set_on_the_page_refuses_the_next_order(open_screen: OpenScreen) -> None:
    page, hand = open_screen("/risk/")
    field = page.get_by_label(re.compile("^One order"))
    before = field.input_value()

    field.fill("100")
    page.get_by_role("button", name="Set limits").click()

    expect(page.get_by_role("status").filter(has_text="The limits are set")).to_be_visible()
    order = {"symbol": SYMBOL, "side": "buy", "quantity": "0.1", "order_type": "market"}
    answer = hand.call("POST", "/api/orders/", order)
    assert answer.status == 422
    assert (answer.json()["code"], answer.json()["limit"]) == ("max_order_notional", 100)
    assert hand.done("GET", "/api/dashboard/portfolio/positions/") == []
    field.fill(before)
    page.get_by_role("button", name="Set limits").click()
    hand.buys()  # as it was allowed before


def test_a_limit_that_cannot_be_is_told_in_its_place(open_screen: OpenScreen) -> None:
    page, _ = open_screen("/risk/", expects_faults=True)  # the browser logs the answer of 422
    page.get_by_label(re.compile("^One order")).fill("much")

    page.get_by_role("button", name="Set limits").click()

    expect(page.get_by_label(re.compile("^One order"))).to_have_attribute("aria-invalid", "true")
    assert violations(page) == []


def test_the_kill_switch_is_two_clicks_away_leaves_nothing_and_says_so(open_screen: OpenScreen) -> None:
    page, hand = open_screen("/")
    hand.buys()
    hand.rests()

    page.get_by_role("link", name="Kill switch").click()
    expect(page.get_by_role("button", name="Kill switch")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Close every position").check()
    page.get_by_role("button", name="Halt now").click()

    expect(page.locator("[data-trading-state]")).to_have_text("HALTED")
    expect(page.locator("[data-kill]")).to_contain_text("No order is working, no position is open.")
    expect(page.locator(".feed")).to_contain_text("no order is working and no position is open")
    assert hand.done("GET", "/api/dashboard/portfolio/positions/") == []
    assert hand.done("GET", "/api/dashboard/portfolio/orders/") == []
    assert hand.call("POST", "/api/orders/", FAR | {"limit_price": "1000"}).status == 422
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Resume trading").click()
    expect(page.locator("[data-trading-state]")).to_have_text("ACTIVE")


def test_a_pending_order_appears_and_is_cancelled(open_screen: OpenScreen) -> None:
    page, hand = open_screen("/portfolio/")
    orders = page.locator("#working-orders tbody tr")
    expect(page.locator("#working-orders .empty")).to_be_visible()
    kept, unwanted = hand.rests("0.95"), hand.rests("0.96")
    expect(orders).to_have_count(2)
    locked = page.locator("[data-currency=USDT] td").nth(2)
    expect(locked).not_to_have_text("0.00")

    page.locator(f'[data-order="{unwanted["id"]}"]').get_by_role("button").click()

    expect(orders).to_have_count(1)
    expect(page.locator(f'[data-order="{kept["id"]}"]')).to_be_visible()
    assert [each["id"] for each in hand.done("GET", "/api/dashboard/portfolio/orders/")] == [kept["id"]]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator("#working-orders .empty")).to_be_visible()
    expect(locked).to_have_text("0.00")
    assert page.evaluate("window.isTheSamePage")


def test_an_order_that_was_filled_meanwhile_leaves_and_its_coins_appear(open_screen: OpenScreen) -> None:
    page, hand = open_screen("/portfolio/")
    expect(page.locator("[data-currency=ETH]")).to_have_count(0)

    hand.done(
        "POST", "/api/orders/", {"symbol": "ETHUSDT", "side": "buy", "quantity": "1", "order_type": "market"}
    )

    expect(page.locator("[data-currency=ETH]")).to_contain_text("ETH")
    expect(page.locator(".allocation tbody tr", has_text="ETH")).to_be_visible()
    expect(page.locator("#working-orders .empty")).to_be_visible()


def test_what_is_downloaded_is_what_the_api_says(open_screen: OpenScreen) -> None:
    page, hand = open_screen("/portfolio/")
    hand.buys("0.05")
    hand.done("POST", "/api/positions/close/", {})  # nothing moves from here on
    resting = hand.rests()

    page.get_by_role("button", name="Download CSV").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Balances").click()

    told = hand.done("GET", "/api/dashboard/portfolio/balance/")
    assert _same(_rows(downloading.value.path().read_text()), told)
    for name, path in (("orders", "/api/orders/?limit=1000"), ("fills", "/api/fills/?limit=1000")):
        found = _rows(hand.call("GET", f"/portfolio/export/{name}.csv").text())
        assert _same(found, hand.done("GET", path)["items"])
    assert resting["id"] in hand.call("GET", "/portfolio/export/orders.csv").text()
    postings = _rows(hand.call("GET", "/portfolio/export/postings.csv").text())
    assert sum(Decimal(each["amount"]) for each in postings) == 0
    cash = sum(Decimal(each["amount"]) for each in postings if each["book"] == "cash:USDT")
    assert cash == next(each["total"] for each in told if each["currency"] == "USDT")


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _same(found: list[dict[str, str]], told: list[dict[str, Any]]) -> bool:
    """Whether each cell says what the API says, numbers by their value to the last place."""
    return len(found) == len(told) > 0 and all(
        _cell(cell, said[name]) for row, said in zip(found, told, strict=True) for name, cell in row.items()
    )


def _cell(cell: str, said: Any) -> bool:
    if isinstance(said, Decimal):
        return Decimal(cell) == said
    return cell == ("" if said is None else str(said).lower() if isinstance(said, bool) else said)


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE])
@pytest.mark.parametrize("path", SCREENS)
def test_a_screen_is_readable_by_all_at_every_width(
    open_screen: OpenScreen, path: str, size: tuple[int, int]
) -> None:
    page, hand = open_screen(path, size=size)
    hand.buys()
    hand.rests()
    page.reload()
    for part in page.locator("[hx-trigger^=load]").all():
        expect(part).to_have_count(0)
    if path != "/risk/":
        expect(_row(page)).to_be_visible()
    if path == "/risk/":
        expect(page.locator(".losses")).to_be_visible()

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_any_feature_is_at_most_three_clicks_away(open_page: OpenPage) -> None:
    page = open_page("/")
    clicks = {"/": 0}
    seen: set[str] = set()
    while todo := [path for path, far in clicks.items() if path not in seen and far < 3]:
        here = min(todo, key=clicks.__getitem__)
        seen.add(here)
        page.goto(here)
        # what stands in a menu takes a click to open it
        links = page.evaluate(
            "[...document.querySelectorAll('a[href]:not([download])')]"
            ".map((a) => [a.href, a.closest('[popover]') ? 2 : 1])"
        )
        for address, cost in links:
            parts = urlsplit(address)
            if parts.netloc == urlsplit(page.url).netloc and not parts.path.startswith("/api/"):
                clicks[parts.path] = min(clicks.get(parts.path, 9), clicks[here] + cost)
    assert {path for path in FEATURES if clicks.get(path, 9) > 3} == set()
