"""A feed on a real socket: receive, decode, map, emit. The venue is a process that only sends.

As fast as the feed can read, and at 10,000 messages/s in small portions, where waking up costs too.
"""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
import time
from typing import Any, Final

import orjson
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from benchmarks.report import Figure, show
from candlewick.core.events import MarketEvent, Quote, Trade
from candlewick.core.instrument import Venue
from candlewick.venues.binance.endpoints import MarketEndpoints
from candlewick.venues.binance.feed import BinanceFeed

MESSAGES: Final = 200_000
PORTION: Final = 1_000
PACED_S: Final = 3
PACED_PORTION: Final = 50
RATE: Final = 10_000
LIMIT_US: Final = 2.0
PACED_LIMIT_US: Final = 4.0
ROUNDS: Final = 3
_QUOTE: Final = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"33134.42","B":"0.170",'
    b'"a":"33139.39","A":"0.380"}}'
)
_TRADE: Final = (
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1760000000005,"s":"BTCUSDT","a":%d,'
    b'"p":"58942.01","q":"0.00035","f":716849523,"l":716849523,"T":1760000000003,"m":false,"M":true}}'
)


def _portion(first: int, size: int) -> bytes:
    """`size` messages as WebSocket frames, two quotes to a trade."""
    parts = []
    for n in range(first, first + size):
        message = (_TRADE if n % 3 == 0 else _QUOTE) % n
        size_of = len(message)
        head = struct.pack("!BB", 0x81, size_of) if size_of < 126 else struct.pack("!BBH", 0x81, 126, size_of)
        parts.append(head + message)
    return b"".join(parts)


class _Venue(WSListener):
    """Answers one subscription, then sends."""

    def __init__(self, paced: bool) -> None:
        self._paced = paced

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        command: dict[str, Any] = orjson.loads(frame.get_payload_as_bytes())
        transport.send(WSMsgType.TEXT, orjson.dumps({"result": None, "id": command["id"]}))
        self._sending = asyncio.create_task(self._send(transport.underlying_transport))

    def pause_writing(self) -> None:
        """The feed reads slower than we send, which is the point: `_send` waits by itself."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    async def _send(self, transport: asyncio.Transport) -> None:
        loop, size = asyncio.get_running_loop(), PACED_PORTION if self._paced else PORTION
        portion, begun, sent = _portion(1, size), loop.time(), 0
        while not transport.is_closing():
            transport.write(portion)
            sent += size
            due = begun + sent / RATE if self._paced else loop.time()
            await asyncio.sleep(due - loop.time())
            while transport.get_write_buffer_size() > 1_000_000:
                await asyncio.sleep(0.001)


async def _serve(paced: bool) -> None:
    server = await ws_create_server(lambda request: _Venue(paced), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _read(port: int, messages: int) -> float:
    """CPU seconds that a feed spends on `messages` of them."""
    base = f"127.0.0.1:{port}"
    endpoints = MarketEndpoints("spot", f"http://{base}", {"all": f"ws://{base}/"}, 1024, 0.001, 6000)
    feed = BinanceFeed(Venue(id="bench", title="Bench"), (endpoints,))
    done = asyncio.Event()
    seen = 0
    began = spent = 0.0
    last: dict[str, MarketEvent] = {}

    def emit(event: MarketEvent) -> None:
        nonlocal seen, began, spent
        if isinstance(event, Quote | Trade):
            last[event.instrument] = event
            seen += 1
            if seen == PORTION:  # warm
                began = time.process_time()
            elif seen == PORTION + messages:
                spent = time.process_time() - began
                done.set()

    running = asyncio.create_task(feed.run(emit))
    await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await feed.close()
    return spent


def _measure(paced: bool, messages: int) -> float:
    """µs of CPU a message, the least of some rounds."""
    arguments = [sys.executable, "-m", "benchmarks.bench_feed", "serve", "paced" if paced else "fast"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        best = float("inf")
        for _ in range(1 if paced else ROUNDS):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                best = min(best, runner.run(_read(port, messages)))
        server.terminate()
    return best / messages * 1e6


def main() -> list[Figure]:
    fast = _measure(False, MESSAGES)
    paced = _measure(True, RATE * PACED_S)
    return [
        Figure("feed: receive → emit", fast, "µs/message", LIMIT_US, note="as fast as it can read"),
        Figure(
            "feed: receive → emit, 10,000/s",
            paced,
            "µs/message",
            PACED_LIMIT_US,
            note=f"portions of {PACED_PORTION}: {RATE // PACED_PORTION} wake-ups a second",
        ),
    ]


if __name__ == "__main__":
    if "serve" in sys.argv:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve("paced" in sys.argv))
    else:
        show(main())
