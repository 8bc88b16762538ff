"""10,000 messages a second in, 100 browsers that each look at one terminal page: CPU and delay, end to end.

Real processes: a load venue, the engine, the web process; the browsers are WebSocket clients with a token.
Measured from the outside: the CPU time of engine and web together, and for each trade the time from its
sending by the venue to its frame at the browser. A trade may wait for its conflation window; what it
takes beyond that is ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
import psutil
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load_venue import CLOCK_MODULUS_MS, VIEWED, sent_ms
from benchmarks.report import Figure, show
from candlewick.runtime.supervisor import claimed_port

RATE: Final = 10_000
BROWSERS: Final = 100
PEOPLE: Final = ("ada", "ben", "cleo", "dov", "eve")  # one person may not open so many pages
TIMED: Final = 10  # browsers whose frames are read; the others only take them
WARM_UP_S: Final = 5.0
MEASURE_S: Final = 10.0
WINDOW_MS: Final = 100.0
PASSWORD: Final = "correct horse battery staple"
CHANNELS: Final = [
    "prices", "tickers", "feeds", "alerts", f"candles:{VIEWED}:1m", f"book:{VIEWED}", f"tape:{VIEWED}",
    f"ticker:{VIEWED}",
]  # fmt: skip


@contextmanager
def running(*arguments: str, environment: dict[str, str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-m", *arguments], env=os.environ | environment)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def cpu_s(*processes: psutil.Process) -> float:
    return sum(each.cpu_times().user + each.cpu_times().system for each in processes)


def signed_in(base: str) -> list[str]:
    """An access token each, once the web process answers and the engine behind it."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=2):
                break
        except OSError:
            time.sleep(0.1)
    return [token_of(person, base) for person in PEOPLE]


def token_of(person: str, base: str) -> str:
    request = urllib.request.Request(
        f"{base}/api/token/",
        json.dumps({"username": person, "password": PASSWORD}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["access"])


class Browser:
    """A terminal page's connection."""

    def __init__(self, socket: ClientConnection, *, timed: bool) -> None:
        self._socket = socket
        self._timed = timed
        self.delays_ms: list[float] = []
        self.frames = 0
        self.measuring = False

    async def read(self) -> None:
        async for message in self._socket:
            self.frames += self.measuring
            if not (self._timed and self.measuring):
                continue
            now = sent_ms()
            body: dict[str, Any] = orjson.loads(message)
            if body["type"] == "trades" and not body.get("snapshot"):
                self.delays_ms += [(now - row["quantity"]) % CLOCK_MODULUS_MS for row in body["data"]]


def measure() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        claimed_port("127.0.0.1", 19_100) as venue_port,
        claimed_port("127.0.0.1", 19_200) as web_port,
    ):
        environment = {
            "CANDLEWICK_DATA_DIR": folder,
            "CANDLEWICK_SIM__PORT": str(venue_port),
            "CANDLEWICK_SIM__VENUES": '["sim"]',
            "CANDLEWICK_WEB__PORT": str(web_port),
            "CANDLEWICK_LOG_LEVEL": "error",
        }
        for person in PEOPLE:
            subprocess.run(
                [sys.executable, "-m", "candlewick", "user", "add", person, "--password-stdin"],
                env=os.environ | environment,
                input=PASSWORD.encode(),
                stdout=subprocess.DEVNULL,
                check=True,
            )
        with (
            running("benchmarks.load_venue", str(venue_port), str(RATE), environment=environment),
            running("candlewick", "engine", environment=environment) as engine,
            running("candlewick", "web", environment=environment) as web,
        ):
            tokens = signed_in(f"http://127.0.0.1:{web_port}")
            return asyncio.run(load(f"127.0.0.1:{web_port}", tokens, engine, web))


async def load(address: str, tokens: list[str], engine: psutil.Process, web: psutil.Process) -> list[Figure]:
    browsers, readers = [], []
    for n in range(BROWSERS):
        socket = await connect(
            f"ws://{address}/ws/",
            additional_headers={"Authorization": f"Bearer {tokens[n % len(tokens)]}"},
            compression=None,
            max_queue=None,
        )
        await socket.send(orjson.dumps({"action": "subscribe", "channels": CHANNELS}).decode())
        browsers.append(Browser(socket, timed=n % (BROWSERS // TIMED) == 0))
        readers.append(asyncio.create_task(browsers[-1].read()))
    await asyncio.sleep(WARM_UP_S)
    events_before = engine_events(address)
    begun = asyncio.get_running_loop().time()
    spent = cpu_s(engine, web)
    for browser in browsers:
        browser.measuring = True
    await asyncio.sleep(MEASURE_S)
    took_s = asyncio.get_running_loop().time() - begun
    spent = cpu_s(engine, web) - spent
    rate = (engine_events(address) - events_before) / took_s
    delays = sorted(delay for browser in browsers for delay in browser.delays_ms)
    frames = sum(browser.frames for browser in browsers) / took_s
    for reader in readers:
        reader.cancel()
    assert delays, "no trade reached a browser"
    assert rate > 0.9 * RATE, f"only {rate:.0f} messages/s came in: the venue could not send more"
    p99 = delays[int(0.99 * len(delays))]
    note = f"{rate:,.0f} messages/s in, {BROWSERS} browsers, {frames:,.0f} frames/s out"
    return [
        Figure("engine and web at 10,000 messages/s", spent / took_s * 100, "% of a core", 15.0, note=note),
        Figure(
            "p99 venue → browser, beyond the window",
            max(0.0, p99 - WINDOW_MS),
            "ms",
            10.0,
            note=f"median {delays[len(delays) // 2]:.1f} ms, window {WINDOW_MS:.0f} ms",
        ),
    ]


def engine_events(address: str) -> float:
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("candlewick_engine_events_total"):
                return float(line.split()[-1])
    raise AssertionError("the metrics name no engine")


def main() -> list[Figure]:
    return measure()


if __name__ == "__main__":
    show(main())
