"""Ten minutes at 10,000 messages a second with faults: nothing grows, nothing is lost, no candle is wrong.

`SOAK_S` sets the length in seconds, `SOAK_PACE` the simulated market's pace (58 is about 10,000 messages a
second of one venue).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from candlewick.store.lake import Lake
from tests.venues.sim.server.conftest import free_port

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3_600)]

LENGTH_S = float(os.environ.get("SOAK_S", "600"))
PACE = os.environ.get("SOAK_PACE", "58")
FAULTS = (
    "drop=0.0005,duplicate=0.002,reorder=0.002,gap=0.0001,malformed=0.0005,disconnect=45s,429=0.02,delay=20ms"
)
MEND_S = 90.0
PASSWORD = "a soak of ten minutes"
CHANNELS = ["alerts", "feeds", "prices", "tickers", "candles:BTCUSDT:1m", "book:BTCUSDT", "tape:BTCUSDT"]


class Stack:
    """sim, engine and web, each a process of its own so that each can be watched and faulted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sim_port = free_port()
        self.web_port = self.sim_port + 1
        self.environment = os.environ | {
            "CANDLEWICK_DATA_DIR": str(folder),
            "CANDLEWICK_SIM__PORT": str(self.sim_port),
            "CANDLEWICK_SIM__VENUES": '["sim"]',
            "CANDLEWICK_WEB__PORT": str(self.web_port),
            "CANDLEWICK_LOG_LEVEL": "error",
        }

    @contextlib.contextmanager
    def part(self, *arguments: str) -> Iterator[psutil.Process]:
        process = subprocess.Popen([sys.executable, "-m", "candlewick", *arguments], env=self.environment)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def get(self, path: str) -> Any:
        for _ in range(10):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.sim_port}{path}", timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as refusal:
                if refusal.code != 429:  # the engine asks from this address too: the venue counts us as one
                    raise
                time.sleep(float(refusal.headers["Retry-After"]))
        raise AssertionError(f"the venue would not answer {path}")

    def token(self) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_port}/api/token/",
            json.dumps({"username": "soak", "password": PASSWORD}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["access"])

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/readyz", timeout=2):
                return True
        except OSError:
            return False

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(f"candlewick_{name}"))


class Listener:
    """A browser that stays: it comes back when cut off, and notes what the account lane told it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.seqs: defaultdict[str, list[int]] = defaultdict(list)
        self.faults: list[str] = []
        self.frames = 0

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, ConnectionClosed):
                async with connect(
                    f"ws://127.0.0.1:{self._stack.web_port}/ws/",
                    additional_headers={"Authorization": f"Bearer {self._stack.token()}"},
                    max_size=None,
                ) as socket:
                    await socket.send(json.dumps({"action": "subscribe", "channels": CHANNELS}))
                    async for text in socket:
                        self.frames += 1
                        self._check(json.loads(text))
            await asyncio.sleep(0.2)

    def _check(self, message: dict[str, Any]) -> None:
        channel, seq = message.get("channel", ""), message.get("seq")
        if seq is not None:
            known = self.seqs[channel]
            if not message["type"].endswith("_snapshot") and known and seq != known[-1] + 1:
                self.faults.append(f"{channel}: {seq} after {known[-1]}")
            known.append(seq)
        if message["type"] == "book" and message["data"]["synchronised"]:
            bids, asks = message["data"]["bids"], message["data"]["asks"]
            if bids and asks and bids[0][0] >= asks[0][0]:
                self.faults.append(f"a crossed book: {bids[0]} {asks[0]}")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[Stack, psutil.Process, psutil.Process]]:
    made = Stack(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "candlewick", "user", "add", "soak", "--password-stdin"],
        env=made.environment, input=PASSWORD.encode(), check=True,
    )  # fmt: skip
    sim = (
        "sim", "--port", str(made.sim_port), "--venues", "sim", "--pace", PACE, "--misbehave", FAULTS,
        "--data-dir", str(tmp_path),
    )  # fmt: skip
    with made.part(*sim), made.part("engine") as engine, made.part("web") as web:
        deadline = time.monotonic() + 60
        while not made.ready():
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.2)
        yield made, engine, web


async def test_a_long_load_with_faults_loses_nothing_and_shows_nothing_wrong(
    stack: tuple[Stack, psutil.Process, psutil.Process],
) -> None:
    running, engine, web = stack
    listeners = [Listener(running) for _ in range(4)]
    tasks = [asyncio.create_task(each.run()) for each in listeners]
    await asyncio.sleep(LENGTH_S / 4)
    begun_s = int(time.time())
    begun_events, begun_at = running.metric("engine_events_total"), time.monotonic()
    early_mb = {each.pid: each.memory_info().rss / 1e6 for each in (engine, web)}
    await asyncio.sleep(LENGTH_S * 3 / 4)
    rate = (running.metric("engine_events_total") - begun_events) / (time.monotonic() - begun_at)
    late_mb = {each.pid: each.memory_info().rss / 1e6 for each in (engine, web)}
    print(f"\n{rate:,.0f} events/s; MB early {early_mb.values()} late {late_mb.values()}")
    print(f"gaps {running.metric('feed_gaps_total')}, reconnects {running.metric('feed_reconnects_total')}, "
          f"malformed {running.metric('feed_malformed_total')}")  # fmt: skip
    ended_s = int(time.time())
    await call_off_faults(running)
    await asyncio.sleep(MEND_S)  # what is missing is fetched, within the venue's weights, and written
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not [fault for each in listeners for fault in each.faults]
    assert all(each.frames > LENGTH_S for each in listeners)
    last = {channel: max(each.seqs[channel][-1] for each in listeners) for channel in ("alerts", "feeds")}
    assert all(each.seqs[channel][-1] == seq for each in listeners for channel, seq in last.items())
    assert running.metric("feed_malformed_total") > 0
    assert running.metric("feed_reconnects_total") > 0
    for pid, early in early_mb.items():
        assert late_mb[pid] < early * 1.35 + 20, (
            f"process {pid} grew from {early:.0f} to {late_mb[pid]:.0f} MB"
        )
    check_candles(running, begun_s, ended_s)


async def call_off_faults(running: Stack) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.sim_port}/sim/misbehave", b"{}", {"Content-Type": "application/json"}
    )
    with contextlib.suppress(urllib.error.URLError):
        await asyncio.to_thread(urllib.request.urlopen, request)


def check_candles(running: Stack, begun_s: int, ended_s: int) -> None:
    """Every closed minute of the lake equals the venue's own, and hardly one is missing."""
    first, last = begun_s - begun_s % 60 + 60, ended_s - ended_s % 60 - 60
    compared = missing = 0
    with Lake(running.folder / "lake") as lake:
        for info in lake.series():
            if info.interval != "1m":
                continue
            bars = lake.candles(info.instrument, "1m", first, last)
            mine = dict(
                zip(
                    bars.time.tolist(),
                    zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True),
                    strict=True,
                )
            )
            symbol = info.instrument.partition(":")[2]
            base = "/fapi/v1" if symbol.endswith("-PERP") else "/api/v3"
            query = f"interval=1m&startTime={first * 1000}&endTime={last * 1000 - 1}&limit=1000"
            for row in running.get(f"{base}/klines?symbol={symbol.removesuffix('-PERP')}&{query}"):
                time_s = row[0] // 1000
                if time_s not in mine:
                    missing += 1
                    continue
                theirs = [float(value) for value in row[1:6]]
                compared += 1
                assert list(mine[time_s][:4]) == theirs[:4], f"{info.instrument} at {time_s}"
                assert mine[time_s][4] == pytest.approx(theirs[4], rel=1e-9), f"{info.instrument} at {time_s}"
    print(f"{compared} candles equal the venue's, {missing} not kept")
    assert compared > 0
    assert missing <= 0.05 * (compared + missing)
