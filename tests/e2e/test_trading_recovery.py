"""Trading when parts die: what was open is open again, and nothing is sent twice."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.calls import call
from tests.e2e.conftest import Up
from tests.e2e.test_trading import SYMBOL, _last, _place, _working

OpenPage = Callable[..., Page]


def _wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        page.wait_for_timeout(200)
    raise AssertionError("it did not come to be within two minutes")


def test_after_a_kill_of_the_engine_orders_and_positions_are_there_again(up: Up, open_page: OpenPage) -> None:
    page = open_page(f"/terminal/?symbol={SYMBOL}", expects_faults=True)
    expect(page.locator("#chart")).to_have_attribute("data-state", "live")
    expect(page.locator("#last")).to_have_text(re.compile(r"\d"))
    _place(page, side="buy", quantity="0.070", order_type="market")
    resting = _place(
        page, side="buy", quantity="0.050", order_type="limit", limit_price=f"{_last(page) * 0.97:.1f}"
    )
    expect(page.locator("#count-orders")).to_have_text("(1)")

    up.kill("engine")

    _wait_until(
        page, lambda: "engine was killed" in up.log and "Recovered" in up.log.partition("was killed")[2]
    )
    expect(page.locator("#connection")).to_have_text("live")
    row = page.locator(f'#c-portfolio [data-row="{SYMBOL}"]')
    expect(row.locator("[data-cell=quantity]")).to_have_text("0.070")
    expect(page.locator("#count-orders")).to_have_text("(1)")
    (order,) = _working(page)
    assert (order["id"], order["status"]) == (resting["id"], "OPEN")
    assert call(page, "DELETE", f"/api/orders/{order['id']}/").ok
    # the paper venue answers once it has its code and the book again
    expect(page.locator("#count-orders")).to_have_text("")
