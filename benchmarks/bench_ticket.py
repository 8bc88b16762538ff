"""The ticket in Chromium: from the click until the page says so, and until the order is in flight on it."""

from __future__ import annotations

import json
import math
import os
import statistics
from typing import Any, Final

from playwright.sync_api import Page, ViewportSize

from benchmarks.report import Figure, show
from benchmarks.stack import chromium, running_up

ORDERS: Final = 100
WARM_UP: Final = 10
PAUSE_MS: Final = 120
SYMBOL: Final = "BTCUSDT-PERP"
VIEWPORT: Final[ViewportSize] = {"width": 1440, "height": 900}
# In the page's own clock: the sentence of the ticket, and the order's row, which the lane brings.
CLICK: Final = """() => new Promise((resolve) => {
  const notice = document.querySelector("#c-order [data-slot=notice]");
  const rows = document.getElementById("order-rows");
  const known = rows.childElementCount;
  let said = null;
  const watch = new MutationObserver(() => {
    const now = performance.now();
    if (said === null && notice.textContent === "Sending order…") said = now - begun;
    if (rows.childElementCount <= known) return;
    watch.disconnect();
    resolve([said, now - begun]);
  });
  watch.observe(document.body, { childList: true, characterData: true, subtree: true });
  const begun = performance.now();
  document.getElementById("ticket-go").click();
})"""


def main() -> list[Figure]:
    os.environ["CANDLEWICK_WEB__LIMITS__ORDERS_PER_MINUTE"] = "6000"
    with running_up() as stack, chromium() as browser:
        page = browser.new_context(viewport=VIEWPORT, base_url=stack.base).new_page()
        page.goto(stack.link)
        page.goto(f"{stack.base}/terminal/?symbol={SYMBOL}")
        page.locator("#chart[data-state=live]").wait_for()
        _send(page, "PUT", "/api/risk/limits/", {"max_orders_per_minute": None, "max_open_orders": None})
        _send(page, "PATCH", "/api/preferences/", {"confirm_orders": False})
        page.reload()
        page.locator("#c-portfolio").wait_for()
        page.locator("#tab-orders").click()
        _fill_in(page)
        said, shown = [], []
        for number in range(WARM_UP + ORDERS):
            page.wait_for_timeout(PAUSE_MS)
            first, second = page.evaluate(CLICK)
            if number >= WARM_UP:
                said.append(first)
                shown.append(second)
    return [
        Figure("click → “Sending order…”", _percentile(said, 99), "ms", 16.0, note=f"p99 of {ORDERS}"),
        Figure(
            "click → order in flight on the page",
            _percentile(shown, 99),
            "ms",
            50.0,
            note=f"p99 of {ORDERS}, journalled first; median {statistics.median(shown):.0f} ms",
        ),
    ]


def _fill_in(page: Page) -> None:
    """A limit order that rests well below the market."""
    last = float(page.locator("#last").inner_text().replace(",", ""))
    page.locator(".chip", has_text="Limit").first.click()
    page.locator("#ticket-limit-price").fill(f"{last * 0.95:.1f}")
    page.locator("#ticket-size").fill("0.001")


def _send(page: Page, method: str, path: str, body: dict[str, Any]) -> None:
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    headers = {"X-CSRFToken": token, "Origin": page.evaluate("location.origin")}
    answer = page.request.fetch(
        path, method=method, data=json.dumps(body), headers=headers | {"Content-Type": "application/json"}
    )
    assert answer.ok, answer.text()


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


if __name__ == "__main__":
    show(main())
