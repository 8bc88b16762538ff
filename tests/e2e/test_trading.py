"""Trading from the terminal, on a paper account against the live book."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.e2e.calls import call
from tests.e2e.conftest import DESKTOP, PHONE, TABLET, violations

OpenPage = Callable[..., Page]
SYMBOL: Final = "BTCUSDT-PERP"
PATH: Final = f"/terminal/?symbol={SYMBOL}&interval=1m"
SIGNED: Final = re.compile(r"^[+−][\d,]+\.\d\d$")


@pytest.fixture
def terminal(open_page: OpenPage) -> Iterator[Callable[..., Page]]:
    """Opens the terminal on one perpetual; afterwards the account is flat, and asks again before it sends."""
    pages: list[Page] = []

    def open_it(path: str = PATH, *, asks: bool = False, **options: Any) -> Page:
        page = open_page(path, **options)
        expect(page.locator("#chart")).to_have_attribute("data-state", "live")
        expect(page.locator("#c-portfolio")).to_be_attached()
        expect(page.locator("#kpi-equity")).to_have_text(re.compile(r"\d"))
        if not asks:
            _prefer(page, confirm_orders=False, confirm_closes=False, confirm_drags=False)
            page.reload()
            expect(page.locator("#chart")).to_have_attribute("data-state", "live")
            expect(page.locator("#c-portfolio")).to_be_attached()
            expect(page.locator("#kpi-equity")).to_have_text(re.compile(r"\d"))
        pages.append(page)
        return page

    yield open_it
    for page in pages[:1]:
        call(page, "POST", "/api/risk/state/", {"state": "ACTIVE"})
        call(page, "DELETE", "/api/orders/")
        call(page, "POST", "/api/positions/close/", {})
        _prefer(page, confirm_orders=True, confirm_closes=True, confirm_drags=True, hotkeys=True)


def _prefer(page: Page, **choices: bool) -> None:
    answer = call(page, "PATCH", "/api/preferences/", choices)
    assert answer.ok, answer.text()


def _working(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(page, "GET", "/api/orders/?status=working").json()["items"]
    return found


def _place(page: Page, **order: Any) -> dict[str, Any]:
    answer = call(page, "POST", "/api/orders/", {"symbol": SYMBOL} | order)
    assert answer.status == 201, answer.text()
    placed: dict[str, Any] = answer.json()
    return placed


def _last(page: Page) -> float:
    expect(page.locator("#last")).to_have_text(re.compile(r"\d"))
    return float(page.locator("#last").inner_text().replace(",", ""))


def _said(page: Page) -> Locator:
    return page.locator("#c-order [data-slot=notice]")


def _position(page: Page) -> Locator:
    return page.locator(f'#c-portfolio [data-row="{SYMBOL}"]')


def _rest_below(page: Page, share: float = 0.9985, quantity: str = "0.050") -> dict[str, Any]:
    """A buy order that rests on the chart, below the market and within its view."""
    return _place(
        page, side="buy", quantity=quantity, order_type="limit", limit_price=f"{_last(page) * share:.1f}"
    )


def _line_of_an_order(page: Page) -> tuple[float, float]:
    """Where on the screen the line of an order can be taken hold of: felt for, as a hand does."""
    plot = page.locator("#plot").bounding_box()
    assert plot is not None
    x = plot["x"] + plot["width"] / 3
    for y in range(int(plot["y"]) + 60, int(plot["y"] + plot["height"]), 4):
        page.mouse.move(x, y)
        if "on-line" in (page.locator("#plot").get_attribute("class") or ""):
            return x, y
    raise AssertionError("no order's line on the chart")


def test_a_market_order_becomes_a_position_that_moves_and_is_closed_by_a_key(
    terminal: Callable[..., Page],
) -> None:
    page = terminal()

    page.locator("#ticket-size").fill("0.15")
    page.locator("#ticket-go").click()

    expect(_said(page)).to_have_text(re.compile(rf"^Buy 0\.150 {SYMBOL}: filled at [\d,.]+\.$"))
    row = _position(page)
    expect(row.locator("[data-cell=side]")).to_have_text("Long")
    expect(row.locator("[data-cell=quantity]")).to_have_text("0.150")
    expect(page.locator("#count-positions")).to_have_text("(1)")
    profit = row.locator("[data-cell=unrealized_pnl]")
    expect(profit).to_have_text(SIGNED)
    before = profit.inner_text()
    expect(profit).not_to_have_text(before)  # it moves with the market
    expect(page.locator("#c-portfolio tfoot [data-cell=unrealized_pnl]")).to_have_text(SIGNED)

    page.locator("#plot").focus()
    page.keyboard.press("x")

    expect(page.locator("#c-portfolio .empty")).to_have_text("No open positions.")
    page.keyboard.press("f")
    sold = page.locator("#fill-rows tr", has_text="Sell").first
    expect(sold.locator("td").last).to_have_text(SIGNED)  # what it closed


def test_the_ticket_says_what_an_order_would_cost_and_risk_before_it_is_sent(
    terminal: Callable[..., Page],
) -> None:
    page = terminal()
    last = _last(page)

    page.locator("#ticket-size").fill("0.1")
    page.locator("#ticket-stop-loss").fill(f"{last * 0.98:.1f}")
    page.locator("#ticket-take-profit").fill(f"{last * 1.04:.1f}")

    shown = page.locator("#c-order-preview")
    expect(shown.locator("dt", has_text="Margin")).to_have_text("Margin (5×)")
    expect(shown).to_contain_text(re.compile(r"Risk to stop\s*−[\d,]+\.\d\d \(\d\.\d\d%\)"))
    expect(shown).to_contain_text(re.compile(r"Reward : risk\s*[12]\.\d\d"))
    assert _working(page) == []


def test_an_order_is_asked_about_first_until_that_is_turned_off(terminal: Callable[..., Page]) -> None:
    page = terminal(asks=True)
    page.locator("#ticket-size").fill("0.01")
    page.locator("#ticket-go").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text(f"Buy 0.01 BTC of {SYMBOL}, market?")
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(_said(page)).to_have_text("")

    page.locator("#ticket-go").click()
    asked.get_by_label("Do not ask this again").check()
    asked.get_by_role("button", name=f"Buy {SYMBOL}").click()
    expect(_said(page)).to_contain_text("filled")
    key = page.locator("#ticket-form [name=key]").input_value()
    page.locator("#ticket-go").click()  # nothing asks any more

    expect(page.locator("#ticket-form [name=key]")).not_to_have_value(key)
    expect(_position(page).locator("[data-cell=quantity]")).to_have_text("0.020")


def test_two_quick_clicks_make_one_order(terminal: Callable[..., Page]) -> None:
    page = terminal()
    page.locator("#ticket-size").fill("0.03")

    page.evaluate(
        "() => { const go = document.getElementById('ticket-go'); go.click(); go.click(); go.click(); }"
    )

    expect(_said(page)).to_contain_text("filled")
    expect(_position(page).locator("[data-cell=quantity]")).to_have_text("0.030")


def test_a_refusal_stands_in_place_and_what_was_typed_stays(terminal: Callable[..., Page]) -> None:
    page = terminal(expects_faults=True)  # the browser logs each answer of 422
    page.locator("#ticket-size").fill("50")

    page.locator("#ticket-go").click()

    expect(page.locator("#c-order .errorlist, #c-order .said.error")).not_to_have_count(0)
    expect(page.locator("#ticket-size")).to_have_value("50")
    assert page.locator("#c-order").get_attribute("aria-busy") is None
    assert _working(page) == []
    expect(page.locator("#c-portfolio .empty")).to_be_visible()


def test_what_is_missing_is_said_beside_its_field(terminal: Callable[..., Page]) -> None:
    page = terminal(expects_faults=True)
    page.locator("#ticket-form .chip", has_text=re.compile("^Limit$")).click()
    page.locator("#ticket-size").fill("0.01")

    page.locator("#ticket-go").click()

    expect(page.locator("#ticket-limit-price-error")).to_have_text("Fill this in.")
    expect(page.locator("#ticket-limit-price")).to_have_attribute("aria-invalid", "true")


def test_sending_is_shown_at_once_and_taken_back_when_the_network_is_lost(
    terminal: Callable[..., Page],
) -> None:
    page = terminal(expects_faults=True)
    held: list[Route] = []

    def is_submit(request: Request) -> bool:
        return "event=submit" in (request.post_data or "")

    page.route(
        "**/components/order/**",
        lambda route: held.append(route) if is_submit(route.request) else route.continue_(),
    )
    page.locator("#ticket-size").fill("0.01")
    key = page.locator("#ticket-form [name=key]").input_value()
    page.locator("#ticket-go").click()
    expect(_said(page)).to_have_text("Sending order…")
    expect(page.locator("#c-order")).to_have_attribute("aria-busy", "true")

    held.pop().abort()

    expect(_said(page)).to_have_text(re.compile("cannot be reached"))
    assert page.locator("#c-order").get_attribute("aria-busy") is None
    expect(page.locator("#ticket-form [name=key]")).to_have_value(key)  # sent again, it is the same order
    page.unroute("**/components/order/**")
    page.locator("#ticket-go").click()
    expect(_said(page)).to_contain_text("filled")
    expect(_position(page).locator("[data-cell=quantity]")).to_have_text("0.010")


def test_an_order_that_arrived_though_the_answer_was_lost_is_not_sent_twice(
    terminal: Callable[..., Page],
) -> None:
    page = terminal(expects_faults=True)

    def lose_the_answer(route: Route) -> None:
        if "event=submit" in (route.request.post_data or ""):
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/components/order/**", lose_the_answer)
    page.locator("#ticket-size").fill("0.02")
    page.locator("#ticket-go").click()
    expect(_said(page)).to_have_text(re.compile("cannot be reached"))
    expect(_position(page).locator("[data-cell=quantity]")).to_have_text("0.020")
    page.unroute("**/components/order/**")

    page.locator("#ticket-go").click()

    expect(_said(page)).to_contain_text("filled")
    expect(_position(page).locator("[data-cell=quantity]")).to_have_text("0.020")


def test_a_line_is_dragged_to_another_price_and_the_order_follows(terminal: Callable[..., Page]) -> None:
    page = terminal(asks=True)
    order = _rest_below(page)
    price = float(order["limit_price"])
    expect(page.locator("#count-orders")).to_have_text("(1)")
    x, y = _line_of_an_order(page)

    page.mouse.down()
    page.mouse.move(x, y + 15)
    page.mouse.move(x, y + 30)
    page.mouse.up()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("move it to")
    dialog.get_by_role("button", name="Move to").click()

    page.keyboard.press("o")
    cell = page.locator("#order-rows tr td.num").nth(2)
    expect(cell).not_to_have_text(f"{price:,.1f}")
    (amended,) = _working(page)
    assert amended["id"] == order["id"]
    assert amended["limit_price"] < price


def test_escape_lets_go_of_a_line_and_changes_nothing(terminal: Callable[..., Page]) -> None:
    page = terminal()
    order = _rest_below(page)
    expect(page.locator("#count-orders")).to_have_text("(1)")
    x, y = _line_of_an_order(page)

    page.mouse.down()
    page.mouse.move(x, y + 40)
    expect(page.locator("#plot")).to_have_class(re.compile("dragging"))
    page.keyboard.press("Escape")
    page.mouse.up()

    expect(page.locator("#plot")).not_to_have_class(re.compile("dragging"))
    (kept,) = _working(page)
    assert kept["limit_price"] == order["limit_price"]


def test_an_amendment_that_the_door_refuses_says_why_and_changes_nothing(
    terminal: Callable[..., Page],
) -> None:
    page = terminal(expects_faults=True)
    order = _rest_below(page)
    page.keyboard.press("o")
    page.locator("#order-rows").get_by_role("button", name="Amend").click()
    form = page.locator("#amend-form")
    form.locator("[name=limit_price]").fill(f"{float(order['limit_price']) * 3:.1f}")
    form.get_by_role("button", name="Amend").click()

    expect(form.locator("#amend-said")).to_have_class(re.compile("error"))
    (kept,) = _working(page)
    assert kept["limit_price"] == order["limit_price"]


def test_an_order_is_amended_by_keyboard_alone(terminal: Callable[..., Page]) -> None:
    page = terminal()
    order = _rest_below(page)
    page.keyboard.press("o")
    page.locator("#order-rows").get_by_role("button", name="Amend").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#amend")).to_be_visible()
    page.keyboard.type(f"{float(order['limit_price']) - 50:.1f}")
    page.keyboard.press("Enter")

    expect(page.locator("#amend")).to_be_hidden()
    (amended,) = _working(page)
    assert amended["limit_price"] == pytest.approx(float(order["limit_price"]) - 50)


def test_stop_and_target_are_added_to_a_position_and_stand_on_it(terminal: Callable[..., Page]) -> None:
    page = terminal()
    _place(page, side="buy", quantity="0.05", order_type="market")
    row = _position(page)
    expect(row).to_be_visible()
    stop = f"{_last(page) * 0.97:.1f}"

    row.get_by_role("button", name="Protect").click()
    row.locator("input[name=price]").fill(stop)
    row.get_by_role("button", name="Add stop").click()

    expect(page.locator("#count-orders")).to_have_text("(1)")
    expect(row).to_contain_text(f"{float(stop):,.1f}")
    (order,) = _working(page)
    assert (order["order_type"], order["side"], order["reduce_only"]) == ("stop", "sell", True)


def test_a_position_is_turned_round(terminal: Callable[..., Page]) -> None:
    page = terminal()
    _place(page, side="buy", quantity="0.05", order_type="market")
    row = _position(page)

    row.get_by_role("button", name="Reverse").click()

    expect(row.locator("[data-cell=side]")).to_have_text("Short")
    expect(row.locator("[data-cell=quantity]")).to_have_text("0.050")


def test_keys_buy_sell_cancel_and_close_everything(terminal: Callable[..., Page]) -> None:
    page = terminal()
    page.locator("#plot").focus()
    page.keyboard.press("s")
    expect(page.locator("#ticket-size")).to_be_focused()
    expect(page.locator("#ticket-sell")).to_be_checked()
    page.keyboard.type("0.02")
    page.keyboard.press("b")  # in a field it is a letter, and no order
    expect(page.locator("#ticket-size")).to_have_value("0.02b")
    page.locator("#ticket-size").fill("0.02")

    page.locator("#plot").focus()
    page.keyboard.press("Shift+S")
    expect(_position(page).locator("[data-cell=side]")).to_have_text("Short")
    _rest_below(page)
    expect(page.locator("#count-orders")).to_have_text("(1)")
    page.keyboard.press("c")
    expect(page.locator("#count-orders")).to_have_text("")
    page.keyboard.press("Shift+X")

    expect(page.locator("#c-portfolio .empty")).to_be_visible()


def test_keys_that_are_turned_off_do_not_trade(terminal: Callable[..., Page]) -> None:
    page = terminal()
    _rest_below(page)
    expect(page.locator("#count-orders")).to_have_text("(1)")
    page.locator("#plot").focus()
    page.keyboard.press("?")
    page.get_by_label("Trading keys are on").uncheck()
    expect(page.locator("#hotkeys-state")).to_have_text("(off)")
    page.keyboard.press("Escape")

    page.keyboard.press("Shift+C")
    page.keyboard.press("g")

    expect(page.locator("#plot")).to_be_focused()
    assert len(_working(page)) == 1


def test_the_kill_switch_asks_and_then_halts_and_flattens(terminal: Callable[..., Page]) -> None:
    page = terminal()
    _place(page, side="buy", quantity="0.05", order_type="market")
    _rest_below(page)
    expect(_position(page)).to_be_visible()
    page.locator("#plot").focus()

    page.keyboard.press("k")
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Halt Paper?")
    asked.get_by_label("Close every position").check()
    asked.get_by_role("button", name="Halt now").click()

    expect(page.locator("#account-state")).to_have_text("HALTED")
    expect(page.locator("#c-portfolio .empty")).to_be_visible()
    expect(page.locator("#count-orders")).to_have_text("")
    expect(page.locator("#c-risk [data-trading-state]")).to_have_text("HALTED")
    expect(page.locator("[data-kill]")).to_contain_text("No order is working, no position is open.")
    page.locator("#ticket-size").fill("0.01")
    expect(page.locator("#c-order-preview [data-refusal]")).to_be_visible()


def test_another_symbol_gets_a_ticket_of_its_own(terminal: Callable[..., Page]) -> None:
    page = terminal()
    page.locator("#ticket-size").fill("0.15")

    page.locator("#watch-rows tr[data-symbol=ETHUSDT] .symbol").click()

    expect(page.locator("#c-order")).to_have_attribute("data-symbol", "ETHUSDT")
    expect(page.locator("#ticket-size")).to_have_value("")
    expect(page.locator("#ticket-size-in option").first).to_have_text("ETH")
    page.locator("#ticket-size").fill("1")
    page.locator("#ticket-go").click()
    expect(page.locator('#c-portfolio [data-row="ETHUSDT"]')).to_be_visible()


def test_a_price_of_the_book_goes_into_the_ticket(terminal: Callable[..., Page]) -> None:
    page = terminal()
    level = page.locator("#bids tr .price").nth(3)
    expect(level).to_have_text(re.compile(r"\d"))

    level.click()

    expect(page.locator("#ticket-limit-price")).to_have_value(re.compile(r"^\d+\.\d$"))
    expect(page.locator("#ticket-form [name=order_type][value=limit]")).to_be_checked()


def test_two_browsers_and_a_program_act_on_one_order(terminal: Callable[..., Page]) -> None:
    one, other = terminal(), terminal()
    order = _rest_below(one)
    for page in (one, other):
        page.keyboard.press("o")
        expect(page.locator(f'#order-rows [data-order="{order["id"]}"]')).to_be_visible()

    amended = call(one, "PATCH", f"/api/orders/{order['id']}/", {"quantity": "0.060"})
    assert amended.ok, amended.text()
    for page in (one, other):
        expect(page.locator("#order-rows tr td.num").first).to_have_text("0.060")
    other.locator("#order-rows").get_by_role("button", name="Cancel").click()

    for page in (one, other):
        expect(page.locator("#orders-empty")).to_be_visible()
    late = call(one, "DELETE", f"/api/orders/{order['id']}/")
    assert late.status == 409, late.text()  # it is gone already, and that is said


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE])
def test_trading_is_open_to_all_at_every_width(terminal: Callable[..., Page], size: tuple[int, int]) -> None:
    page = terminal(size=size)
    _place(page, side="buy", quantity="0.05", order_type="market", stop_loss=f"{_last(page) * 0.95:.1f}")
    expect(_position(page)).to_be_visible()

    if size == PHONE:
        page.get_by_role("button", name="Trade", exact=True).click()
        expect(page.locator("#ticket-go")).to_be_in_viewport()
    page.locator("#ticket-size").fill("0.01")
    expect(page.locator("#c-order-preview .lots")).to_be_visible()

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_ticket_of_a_phone_is_a_sheet_that_goes_away(terminal: Callable[..., Page]) -> None:
    page = terminal(size=PHONE)
    expect(page.locator("#ticket-go")).to_be_hidden()
    page.get_by_role("button", name="Trade", exact=True).click()
    page.locator("#ticket-size").fill("0.01")
    page.locator("#ticket-go").click()
    expect(_said(page)).to_contain_text("filled")

    page.get_by_role("button", name="Close the ticket").click()

    expect(page.locator("#ticket-go")).to_be_hidden()
    expect(_position(page)).to_be_visible()


def test_a_fill_is_heard_by_whoever_asked_for_it(terminal: Callable[..., Page]) -> None:
    page = terminal()
    page.evaluate(
        """() => {
          window.heard = [];
          const start = OscillatorNode.prototype.start;
          OscillatorNode.prototype.start = function (at) {
            window.heard.push(this.frequency.value);
            start.call(this, at);
          };
        }"""
    )
    _place(page, side="buy", quantity="0.05", order_type="market")
    expect(_position(page)).to_be_visible()
    assert page.evaluate("window.heard") == []

    page.keyboard.press("?")
    page.get_by_label("A sound at fills and alerts").check()
    page.keyboard.press("Escape")
    _place(page, side="sell", quantity="0.05", order_type="market")

    while page.evaluate("window.heard.length") < 2:  # the page's policy lets no text be run again and again
        page.wait_for_timeout(50)
    _prefer(page, sounds=False)
