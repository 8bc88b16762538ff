"""The terminal page in Chromium: what it weighs, how soon it shows candles, and how it bears a long chart."""

from __future__ import annotations

import json
import math
import random
import statistics
import time
import urllib.request
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, WebSocketRoute

from benchmarks.report import Figure, show
from benchmarks.stack import Stack, chromium, running_up

REQUESTS: Final = 100
CANDLES: Final = 100_000
UPDATES_S: Final = 60
MEASURE_S: Final = 5
VIEWPORT: Final[ViewportSize] = {"width": 1440, "height": 900}
PAINTED: Final = "#chart[data-state=live]"
FRAMES: Final = """(seconds) => new Promise((resolve) => {
  const begun = performance.now();
  let frames = 0;
  const tick = (now) => {
    frames += 1;
    if (now - begun < seconds * 1000) requestAnimationFrame(tick);
    else resolve(frames / ((now - begun) / 1000));
  };
  requestAnimationFrame(tick);
})"""


def main() -> list[Figure]:
    with running_up() as stack, chromium() as browser:
        context = browser.new_context(viewport=VIEWPORT)
        page = context.new_page()
        page.goto(stack.link)
        page.locator(PAINTED).wait_for()
        page.close()
        return [
            server_time(stack, context),
            *first_visit(stack, browser, context),
            *long_chart(stack, context),
        ]


def server_time(stack: Stack, context: BrowserContext) -> Figure:
    """CPU time of the web process for one `/terminal/`."""
    web = next(each for each in stack.parts() if each.cmdline()[3:4] == ["web"])
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in context.cookies())
    request = urllib.request.Request(f"{stack.base}/terminal/", headers={"Cookie": cookies})

    def get() -> None:
        with urllib.request.urlopen(request) as answer:
            answer.read()

    get()
    before = web.cpu_times()
    for _ in range(REQUESTS):
        get()
    after = web.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return Figure("/terminal/ server time", spent / REQUESTS * 1000, "ms CPU", 15.0)


def first_visit(stack: Stack, browser: Browser, signed_in: BrowserContext) -> list[Figure]:
    """Weight and time to the first candles, with nothing cached."""
    times, weights = [], []
    for _ in range(5):
        context = browser.new_context(viewport=VIEWPORT, storage_state=signed_in.storage_state())
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        weight = [0]
        session.on("Network.loadingFinished", lambda event, sum=weight: _add(sum, event["encodedDataLength"]))
        begun = time.monotonic()
        page.goto(f"{stack.base}/terminal/", wait_until="commit")
        page.locator(PAINTED).wait_for()
        times.append(time.monotonic() - begun)
        page.wait_for_timeout(1000)
        weights.append(weight[0] / 1000)
        context.close()
    return [
        Figure(
            "/terminal/ first candles", statistics.median(times), "s", 1.0, note="median of 5, nothing cached"
        ),
        Figure("/terminal/ transferred", max(weights), "kB", 250.0, note="compressed, candles included"),
    ]


def _add(total: list[float], amount: float) -> None:
    total[0] += amount


def long_chart(stack: Stack, context: BrowserContext) -> list[Figure]:
    """100,000 candles loaded and 60 live updates a second, through the page's own code."""
    bars = many_bars()
    page = context.new_page()
    sockets: list[WebSocketRoute] = []

    def answer(route: Route) -> None:
        route.fulfill(content_type="application/json", body=json.dumps(bars))

    def connect(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route("**/charts/ohlcv/**", answer)
    page.route_web_socket("**/ws/", connect)
    page.goto(f"{stack.base}/terminal/")
    page.locator(PAINTED).wait_for()
    page.wait_for_timeout(3000)
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # CPU time: seconds are noisy
    before, begun = busy_s(session), time.monotonic()
    fps = frames_while_updating(page, sockets[-1], bars[-1])
    busy = (busy_s(session) - before) / (time.monotonic() - begun)
    note = f"{CANDLES:,} candles, {UPDATES_S} updates/s beside the page's live data"
    return [
        Figure("chart frames", fps, "fps", 59.0, at_least=True, note=note),
        Figure("chart main thread", busy * 100, "% busy", 40.0, note=note),
    ]


def many_bars() -> list[dict[str, float]]:
    chance, price, start = random.Random(3), 60_000.0, int(time.time()) // 60 * 60 - CANDLES * 60
    bars = []
    for n in range(CANDLES):
        close = price * math.exp(chance.gauss(0, 0.0005))
        bars.append(
            {
                "time": start + (n + 1) * 60,
                "open": round(price, 2),
                "high": round(max(price, close) * 1.0002, 2),
                "low": round(min(price, close) * 0.9998, 2),
                "close": round(close, 2),
                "volume": round(chance.random() * 10, 5),
            }
        )
        price = close
    return bars


def frames_while_updating(page: Page, socket: WebSocketRoute, bar: dict[str, float]) -> float:
    page.evaluate(f"() => {{ window.__measured = ({FRAMES})({MEASURE_S}); }}")
    begun = time.monotonic()
    for n in range(MEASURE_S * UPDATES_S):
        data = bar | {"close": bar["close"] + n % 20, "high": bar["high"] + 20, "closed": False}
        socket.send(json.dumps({"type": "candle", "channel": "candles:BTCUSDT:1m", "data": data}))
        wait_s = begun + (n + 1) / UPDATES_S - time.monotonic()
        if wait_s > 0:
            page.wait_for_timeout(wait_s * 1000)
    return float(page.evaluate("() => window.__measured"))


def busy_s(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


if __name__ == "__main__":
    show(main())
