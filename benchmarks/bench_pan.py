"""The chart dragged in Chromium, eight indicators on 20,000 candles: what a frame costs, near and afar."""

from __future__ import annotations

import json
import math
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import BrowserContext, Page, Route

from benchmarks.bench_charted import CANDLES, KEYS, choose
from benchmarks.bench_page import PAINTED, VIEWPORT, busy_s, many_bars
from benchmarks.report import Figure, show
from benchmarks.stack import Stack, chromium, running_up
from candlewick.market.bars import Bars
from candlewick.market.indicators.catalogue import parse

FRAMES: Final = 240
FRAME_MS: Final = 16.7  # sixty frames a second
STEP_PX: Final = 6
TURN_AT: Final = 40  # steps to one side, and then as many back
KEYS_BACK: Final = 12  # fifty bars each
KEYS_TO_FARTHEST: Final = 24  # each draws a bar a sixth narrower
# One move of the mouse a frame, as a browser tells them: each frame that is counted is drawn anew.
DRAG: Final = """([frames, step, turn]) => new Promise((resolve) => {
  const box = document.getElementById("tv").getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 4];
  const always = { bubbles: true, cancelable: true, view: window, buttons: 1, clientY: y };
  const at = (clientX) => ({ ...always, clientX });
  document.elementFromPoint(x, y).dispatchEvent(new MouseEvent("mousedown", at(x)));
  let frame = 0;
  const move = () => {
    frame += 1;
    const away = frame % (2 * turn);
    const moved = new MouseEvent("mousemove", at(x + step * Math.min(away, 2 * turn - away)));
    document.documentElement.dispatchEvent(moved);
    if (frame < frames) return requestAnimationFrame(move);
    document.documentElement.dispatchEvent(new MouseEvent("mouseup", at(x)));
    resolve();
  };
  requestAnimationFrame(move);
})"""

Point = dict[str, float | None]


def main() -> list[Figure]:
    with running_up() as stack, chromium() as browser:
        context = browser.new_context(viewport=VIEWPORT)
        return measure(stack, context)


def measure(stack: Stack, context: BrowserContext) -> list[Figure]:
    """The page's own code over candles that are made up here, and the lines of our indicators over them."""
    page = context.new_page()
    page.goto(stack.link)
    page.goto(f"{stack.base}/terminal/")
    page.locator(PAINTED).wait_for()
    choose(page, stack.base)
    bars = many_bars()[-CANDLES:]
    lines = lines_of(bars)

    def candles(route: Route) -> None:
        body = "[]" if "end=" in route.request.url else json.dumps(bars)
        route.fulfill(content_type="application/json", body=body)

    def indicators(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        first, end, asked = int(query["start"][0]), int(query["end"][0]), query["indicators"][0].split(",")
        answer = {
            name: [point for point in points if first <= (point["time"] or 0) < end]
            for name, points in lines.items()
            if name.partition(".")[0] in asked or name in asked
        }
        route.fulfill(content_type="application/json", body=json.dumps(answer))

    page.route("**/charts/ohlcv/**", candles)
    page.route("**/charts/indicators/?**", indicators)
    page.goto(f"{stack.base}/terminal/?symbol=BTCUSDT&interval=1m")
    page.locator(PAINTED).wait_for()
    page.locator("#plot").focus()
    page.keyboard.press("Home")  # so that every line is filled to its first bar
    page.wait_for_timeout(6_000)
    _press(page, "End")
    _press(page, "Shift+ArrowLeft", times=KEYS_BACK)  # every place of the plot has its bar
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # CPU time: seconds are noisy
    near = frame_ms(page, session)
    page.locator("#plot").focus()  # dragging takes it away
    _press(page, "-", times=KEYS_TO_FARTHEST)
    page.wait_for_timeout(2_000)
    farthest = frame_ms(page, session)
    note = f"{len(KEYS)} indicators, {CANDLES:,} candles, script and paint beside the page's live data"
    return [
        Figure("chart dragged, a frame", near, "ms CPU", FRAME_MS, note=note),
        Figure("chart dragged, a frame from afar", farthest, "ms CPU", FRAME_MS, note=note),
    ]


def _press(page: Page, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press(key)
        page.wait_for_timeout(100)  # the chart moves in the next frame, and the next key goes on from there


def lines_of(bars: list[dict[str, float]]) -> dict[str, list[Point]]:
    """The lines of all indicators, by the names under which the server tells them."""
    columns: dict[str, Any] = {name: np.array([bar[name] for bar in bars]) for name in bars[0]}
    table = Bars.from_arrays(symbol="BTCUSDT", timeframe="1m", **columns)
    lines = {}
    for key in KEYS:
        made = parse(key).compute(table)
        for line, values in made.items():
            lines[key if len(made) == 1 else f"{key}.{line}"] = [
                Point(time=bar["time"], value=None if math.isnan(value) else float(value))
                for bar, value in zip(bars, values, strict=True)
            ]
    return lines


def frame_ms(page: Page, session: Any) -> float:
    """CPU milliseconds of the main thread a frame that is drawn anew, once the code has warmed up."""
    page.evaluate(DRAG, [TURN_AT, STEP_PX, TURN_AT])
    before = busy_s(session)
    page.evaluate(DRAG, [FRAMES, STEP_PX, TURN_AT])
    return (busy_s(session) - before) / FRAMES * 1000


if __name__ == "__main__":
    show(main())
