"""1,000 WebSocket clients × 10 frames a second of 2 kB: what a frame costs the server, and how late it is."""

from __future__ import annotations

import asyncio
import base64
import functools
import subprocess
import sys
import tempfile
import time
from typing import Any, Final, cast

import orjson
import uvloop

from benchmarks.hub_server import CHANNEL, FRAME_BYTES
from benchmarks.report import Figure, show

CLIENTS: Final = 1_000
SECONDS: Final = 8
WARM_S: Final = 2
TIMED_EVERY: Final = (
    10  # of so many clients one looks at its frames: the others leave the machine to the server
)
CPU_LIMIT_US: Final = 12.0
LATENESS_LIMIT_MS: Final = 5.0
_STAMP: Final = b'"t":'


class Client(asyncio.Protocol):
    """Subscribes, then notes how old each frame is when it comes. As thin as a client can be."""

    def __init__(self, token: str, ages_ns: list[int] | None) -> None:
        self._token = token
        self._ages_ns = ages_ns  # None: its frames are not looked at
        self._is_open = False
        self._rest = b""
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(b"0123456789abcdef").decode()
        self._transport.write(
            f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {self._token}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            self._is_open = data.startswith(b"HTTP/1.1 101")
            message = orjson.dumps({"action": "subscribe", "channels": [CHANNEL]})
            self._transport.write(bytes((0x81, 0x80 | len(message), 0, 0, 0, 0)) + message)
            self.ready.set_result(self._is_open)
            return
        if self._ages_ns is None:
            return
        now = time.monotonic_ns()
        data = self._rest + data
        at = data.find(_STAMP)
        while at >= 0:
            end = data.find(b",", at)
            if end < 0:
                break
            self._ages_ns.append(now - int(data[at + len(_STAMP) : end]))
            at = data.find(_STAMP, end)
        self._rest = data[-24:] if len(data) < FRAME_BYTES else b""

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionError("the server hung up"))


class Server:
    """The other half, in a process of its own."""

    def __init__(self, folder: str) -> None:
        command = [sys.executable, "-m", "benchmarks.hub_server", folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port, self.token, rate = self._line().split()
        self.port, self.rate = int(port), float(rate)

    def done(self) -> dict[str, Any]:
        """What it has done so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        done: dict[str, Any] = orjson.loads(self._line())
        return done

    def close(self) -> None:
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


async def measure(server: Server) -> tuple[float, float, float]:
    """CPU microseconds a frame, the 99th percentile of lateness in ms, and frames a second."""
    loop = asyncio.get_running_loop()
    ages_ns: list[int] = []
    transports = []
    for number in range(CLIENTS):
        seen = None if number % TIMED_EVERY else ages_ns
        connecting = loop.create_connection(
            functools.partial(Client, server.token, seen), "127.0.0.1", server.port
        )
        transport, client = await connecting
        await client.ready
        transports.append(transport)
    await asyncio.sleep(WARM_S)
    ages_ns.clear()
    before = server.done()
    await asyncio.sleep(SECONDS)
    after = server.done()
    late = sorted(ages_ns)
    for transport in transports:
        transport.abort()
    frames = after["frames"] - before["frames"]
    if after["readers"] != CLIENTS or after["skipped"]:
        raise RuntimeError(f"Clients were lost or skipped: {after}")
    cpu_us = (after["cpu_s"] - before["cpu_s"]) / frames * 1e6
    return cpu_us, late[int(len(late) * 0.99)] / 1e6, frames / SECONDS


def main() -> list[Figure]:
    """The hub at full load."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                cpu_us, late_ms, rate = runner.run(measure(server))
        finally:
            server.close()
    name = f"hub: {CLIENTS:,} clients, {rate:,.0f} frames/s of {FRAME_BYTES // 1024} kB"
    return [
        Figure(f"{name}, server CPU a frame", cpu_us, "µs", CPU_LIMIT_US),
        Figure(f"{name}, lateness p99", late_ms, "ms", LATENESS_LIMIT_MS),
    ]


if __name__ == "__main__":
    show(main())
