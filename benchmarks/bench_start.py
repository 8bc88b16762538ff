"""`candlewick up` on a warm disk: time until a browser has a live candle, and the memory of it all."""

from __future__ import annotations

import tempfile
import time

import psutil

from benchmarks.report import Figure, show
from benchmarks.stack import Stack, chromium, running_up

SETTLE_S = 15.0


def main() -> list[Figure]:
    with tempfile.TemporaryDirectory() as warm, chromium() as browser:
        with running_up(warm):
            pass  # the first start makes the database; what it reads is in the disk's cache from now on
        with running_up() as stack:
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            candles: list[float] = []
            page.on(
                "websocket",
                lambda socket: socket.on(
                    "framereceived",
                    lambda text: candles.append(time.monotonic()) if '"type":"candle"' in str(text) else None,
                ),
            )
            page.goto(stack.link)
            while not candles:
                page.wait_for_timeout(20)
            took_s = candles[0] - stack.begun
            page.wait_for_timeout(SETTLE_S * 1000)
            return [
                Figure(
                    "up → first live candle in a browser", took_s, "s", 4.0, note="on the clock of the wall"
                ),
                Figure(
                    "memory of all processes", pss_mb(stack), "MB", 350.0, note="summed PSS, one page open"
                ),
            ]


def pss_mb(stack: Stack) -> float:
    total = 0
    for process in stack.parts():
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


if __name__ == "__main__":
    show(main())
