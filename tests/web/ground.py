"""What tests of the web stand on: Django on a folder of their own, an engine that says what it is told."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import orjson

from candlewick.core.errors import EngineAway
from candlewick.runtime.settings import Settings, load
from candlewick.web.boot import boot, migrate, settings_in_force
from candlewick.web.link import Engine

PASSWORD = "correct horse battery"
_ENCODER = msgspec.json.Encoder(decimal_format="number")  # as the engine answers
_numbers = itertools.count(1)
_folder: tempfile.TemporaryDirectory[str] | None = None


def stand_up() -> Settings:
    """Set Django up, once a process, on a new folder with an empty database."""
    global _folder
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="candlewick-tests-")
        folder = Path(_folder.name)
        boot(load(data_dir=folder))
        from django.conf import settings

        # The tests empty the database: it must be theirs.
        assert folder == settings.DATA_DIR, f"Django stands on {settings.DATA_DIR} already"
        migrate()
    return settings_in_force()


def instrument(symbol: str, *, venue: str = "sim", kind: str = "spot") -> dict[str, Any]:
    """An instrument as the engine describes it."""
    return {
        "symbol": symbol if venue == "sim" else f"{venue}:{symbol}",
        "instrument": f"{venue}:{symbol}",
        "venue": venue,
        "venue_title": "Simulated exchange",
        "simulated": True,
        "kind": kind,
        "base": symbol.removesuffix("-PERP").removesuffix("USDT"),
        "quote": "USDT",
        "settle": "USDT",
        "tick": 0.1,
        "lot": 0.001,
        "min_notional": 5.0,
        "sector": None,
    }


INSTRUMENTS = [
    instrument("BTCUSDT"),
    instrument("ETHUSDT"),
    instrument("SOLUSDT"),
    instrument("BTCUSDT-PERP", kind="perp"),
    instrument("BTCUSDT", venue="sim-east"),
]


class FakeLink:
    """An engine that answers what a test gives it, and says what a test makes it say."""

    def __init__(self) -> None:
        self.connected = True
        self.primary = "sim"
        self.mode = "sim"
        self.instruments: dict[str, dict[str, Any]] = {each["instrument"]: each for each in INSTRUMENTS}
        self.venues: dict[str, dict[str, Any]] = {
            venue: {"title": "Simulated exchange", "simulated": True} for venue in ("sim", "sim-east")
        }
        self.on_market: Callable[[str, bytes], None] = lambda channel, body: None
        self.on_lane: Callable[[str, int, bytes], None] = lambda channel, seq, message: None
        self.on_snapshot: Callable[[str, int, bytes], None] = lambda channel, seq, message: None
        self.on_state: Callable[[bool], None] = lambda connected: None
        self.demanded: list[frozenset[str]] = []
        self.resynced: list[str] = []
        self.answers: dict[str, Callable[..., Any]] = {"readiness": lambda: {"missing": [], "reason": None}}
        self.forgotten: list[Future[bytes]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        self._loop = None

    def demand(self, channels: frozenset[str]) -> None:
        self.demanded.append(channels)

    def resync(self, channel: str) -> None:
        self.resynced.append(channel)

    def ask(self, verb: str, arguments: bytes, answer: Future[bytes]) -> None:
        try:
            answer.set_result(self.answer(verb, orjson.loads(arguments)))
        except Exception as error:  # noqa: BLE001  # whoever asked is told, also of a test's own mistake
            answer.set_exception(error)

    def forget(self, answer: Future[bytes]) -> None:
        self.forgotten.append(answer)

    def answer(self, verb: str, arguments: Mapping[str, Any]) -> bytes:
        if not self.connected:
            raise EngineAway("The engine is away.")
        self.asked.append((verb, dict(arguments)))
        return _ENCODER.encode(self.answers[verb](**arguments))

    # What a test makes it say; from any thread once a server has started it.

    def say(self, channel: str, body: Any) -> None:
        self._call(self.on_market, channel, orjson.dumps(body))

    def event(self, channel: str, seq: int, data: Any, type: str = "alert") -> None:
        message = {"type": type, "channel": channel, "seq": seq, "data": data}
        self._call(self.on_lane, channel, seq, orjson.dumps(message))

    def snapshot(self, channel: str, seq: int, data: Any) -> None:
        message = {"type": f"{channel}_snapshot", "channel": channel, "seq": seq, "data": data}
        self._call(self.on_snapshot, channel, seq, orjson.dumps(message))

    def go(self) -> None:
        self.connected = False
        self._call(self.on_state, False)

    def come(self) -> None:
        self.connected = True
        self._call(self.on_state, True)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        if self._loop is None:
            function(*arguments)
        else:
            self._loop.call_soon_threadsafe(function, *arguments)


class DirectEngine(Engine):
    """The engine as a view sees it, without an event loop between."""

    def __init__(self, link: FakeLink) -> None:
        self.link = link
        self._fake = link

    def call(self, function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)

    def request(self, verb: str, *, timeout_s: float = 1.0, **arguments: Any) -> bytes:
        return self._fake.answer(verb, arguments)


def unique(word: str) -> str:
    """A name no other test has used."""
    return f"{word}{next(_numbers)}"
