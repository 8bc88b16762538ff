"""Eight indicators on 20,000 candles in Chromium: frames and main thread while all follow the open bar."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Page, Route, WebSocketRoute

from benchmarks.bench_page import FRAMES, PAINTED, VIEWPORT, busy_s, many_bars
from benchmarks.report import Figure, show
from benchmarks.stack import Stack, chromium, running_up
from candlewick.market.indicators.catalogue import parse

CANDLES: Final = 20_000
KEYS: Final = (
    "ema:20", "bollinger:20:2", "ichimoku:9:26:52:26", "supertrend:10:3", "parabolic_sar:0.02:0.2",
    "macd:12:26:9", "rsi:14", "cdl_doji",
)  # fmt: skip
UPDATES_S: Final = 10  # as the server tells a symbol that is looked at
MEASURE_S: Final = 5
LINE: Final = "/api/preferences/indicators/"


def main() -> list[Figure]:
    with running_up() as stack, chromium() as browser:
        context = browser.new_context(viewport=VIEWPORT)
        return measure(stack, context)


def measure(stack: Stack, context: BrowserContext) -> list[Figure]:
    """The page's own code over candles and lines that are made up here: what is measured is the drawing."""
    bars = many_bars()[-CANDLES:]
    closes = {bar["time"]: bar["close"] for bar in bars}
    page = context.new_page()
    page.goto(stack.link)
    page.goto(f"{stack.base}/terminal/")
    page.locator(PAINTED).wait_for()
    choose(page, stack.base)
    sockets: list[WebSocketRoute] = []

    def candles(route: Route) -> None:
        route.fulfill(
            content_type="application/json", body="[]" if "end=" in route.request.url else json.dumps(bars)
        )

    def lines(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        first, end = int(query["start"][0]), int(query["end"][0])
        times = [time for time in closes if first <= time < end]
        answer = {}
        for key in query["indicators"][0].split(","):
            values = _values(key)
            for line, value in values.items():
                name = key if len(values) == 1 else f"{key}.{line}"
                answer[name] = [{"time": time, "value": value(closes[time])} for time in times]
        route.fulfill(content_type="application/json", body=json.dumps(answer))

    def connect(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route("**/charts/ohlcv/**", candles)
    page.route("**/charts/indicators/?**", lines)
    page.route_web_socket("**/ws/", connect)
    page.goto(f"{stack.base}/terminal/?symbol=BTCUSDT&interval=1m")
    page.locator(PAINTED).wait_for()
    page.locator("#plot").focus()
    page.keyboard.press("Home")  # so that every line is filled to its first bar
    page.wait_for_timeout(6_000)
    page.keyboard.press("End")
    page.wait_for_timeout(1_000)
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # CPU time: seconds are noisy
    before, begun = busy_s(session), time.monotonic()
    fps = _frames(page, sockets[-1], bars[-1])
    busy = (busy_s(session) - before) / (time.monotonic() - begun)
    note = f"{len(KEYS)} indicators, {CANDLES:,} candles, {UPDATES_S} updates/s of each"
    return [
        Figure("chart frames with indicators", fps, "fps", 59.0, at_least=True, note=note),
        Figure("chart main thread with indicators", busy * 100, "% busy", 60.0, note=note),
    ]


def choose(page: Page, base: str) -> None:
    """Have the person who is signed in see the indicators of `KEYS`."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    chosen = {"indicators": [{"key": key} for key in KEYS]}
    answer = page.request.put(f"{base}{LINE}", data=chosen, headers={"X-CSRFToken": token, "Origin": base})
    assert answer.ok, answer.text()


def _values(key: str) -> dict[str, Callable[[float], float]]:
    """An indicator's lines, and what stands for their values: near the price, or near zero."""
    study = parse(key)
    if study.indicator.pane == "own":
        return {name: lambda close, at=at: close % 97 - 48 + at for at, name in enumerate(study.lines)}  # type: ignore[misc]
    return {
        name: lambda close, away=(at - 1) * 0.002: close * (1 + away)  # type: ignore[misc]
        for at, name in enumerate(study.lines)
    }


def _frames(page: Page, socket: WebSocketRoute, bar: dict[str, float]) -> float:
    page.evaluate(f"() => {{ window.__measured = ({FRAMES})({MEASURE_S}); }}")
    begun = time.monotonic()
    for n in range(MEASURE_S * UPDATES_S):
        close = bar["close"] + n % 20
        _tell(
            socket,
            "candle",
            "candles:BTCUSDT:1m",
            bar | {"close": close, "high": bar["high"] + 20, "closed": False},
        )
        for key in KEYS:
            values = {line: value(close) for line, value in _values(key).items()}
            told = {"values": values} if len(values) > 1 else {"value": next(iter(values.values()))}
            name = f"indicators:BTCUSDT:1m:{key.replace(':', '-')}"
            _tell(socket, "indicator", name, {"time": bar["time"], **told})
        wait_s = begun + (n + 1) / UPDATES_S - time.monotonic()
        if wait_s > 0:
            page.wait_for_timeout(wait_s * 1000)
    return float(page.evaluate("() => window.__measured"))


def _tell(socket: WebSocketRoute, type: str, channel: str, data: dict[str, Any]) -> None:
    socket.send(json.dumps({"type": type, "channel": channel, "data": data}))


if __name__ == "__main__":
    show(main())
