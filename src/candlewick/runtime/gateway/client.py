"""`EngineLink`: a web process's end of the wire."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson
import zmq

from candlewick.core.errors import CandlewickError, EngineAway
from candlewick.runtime.gateway import errors
from candlewick.runtime.gateway.wire import (
    COMMAND_HWM,
    JOINED,
    LOOK_S,
    MARKET_HWM,
    PING_S,
    UNANSWERED,
    LoopSocket,
    addresses,
)

Answer = asyncio.Future[bytes] | Future[bytes]


def unanswered(verb: str, timeout_s: float) -> EngineAway:
    """What somebody is told who has waited long enough."""
    return EngineAway(f"The engine did not answer {verb!r} within {timeout_s:.0f} s.")


class EngineLink:
    """The engine, as a web process sees it. Everything happens on the loop that called `start`.

    An engine that is silent is not one that is gone: as long as its connection stands, what it was asked
    goes on waiting for its answer, and only what is asked anew is refused. It is gone when its connection
    is, or when another engine answers in its place.

    Attributes:
        connected: the engine answers.
        primary: id of the primary venue, empty until the first welcome.
        mode: `live`, `sim` or `replay`.
        instruments: internal id → what people may know of an instrument.
        on_market: called with channel and body for each conflated body.
        on_lane: called with channel, seq and message for each account-lane event, in order, no gap.
        on_snapshot: called with channel, seq and message when a lane channel starts afresh.
        on_state: called with `connected` when it changes.
    """

    def __init__(self, data_dir: Path) -> None:
        self._market_address, self._command_address = addresses(data_dir)
        self.connected = False
        self.primary = ""
        self.mode = ""
        self.venues: dict[str, dict[str, Any]] = {}
        self.instruments: dict[str, dict[str, Any]] = {}
        self.on_market: Callable[[str, bytes], None] = lambda channel, body: None
        self.on_lane: Callable[[str, int, bytes], None] = lambda channel, seq, message: None
        self.on_snapshot: Callable[[str, int, bytes], None] = lambda channel, seq, message: None
        self.on_state: Callable[[bool], None] = lambda connected: None
        self._demand: frozenset[str] = frozenset()
        self._engine = b""
        self._list = b""
        self._unanswered = 0
        self._last_seq: dict[str, int] = {}
        self._waiting: dict[bytes, Answer] = {}
        self._numbers = itertools.count(1)
        self._pinging: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look for the engine; it need not be there yet."""
        self._context = zmq.Context(io_threads=1)
        market = self._context.socket(zmq.SUB)
        market.setsockopt(zmq.RCVHWM, MARKET_HWM)
        market.setsockopt(zmq.SUBSCRIBE, b"")
        market.setsockopt(zmq.RECONNECT_IVL, 50)
        market.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
        market.connect(self._market_address)
        commands = self._context.socket(zmq.DEALER)
        commands.setsockopt(zmq.SNDHWM, COMMAND_HWM)
        commands.setsockopt(zmq.RCVHWM, COMMAND_HWM)
        commands.setsockopt(zmq.RECONNECT_IVL, 50)
        commands.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
        commands.setsockopt(zmq.IMMEDIATE, 1)  # what an absent engine cannot read is not queued for it
        commands.connect(self._command_address)
        self._market = LoopSocket(market, self._take_market)
        self._commands = LoopSocket(commands, self._take_command)
        self._pinging = asyncio.create_task(self._ping_forever())

    async def stop(self) -> None:
        if self._pinging is None:
            return
        self._pinging.cancel()
        self._fail_waiting()
        self._market.close()
        self._commands.close()
        self._context.term()
        self._pinging = None

    def demand(self, channels: frozenset[str]) -> None:
        """Say which channels this process wants in all; only these are computed and sent."""
        self._demand = channels
        if self.connected:
            self._send_demand()

    def resync(self, channel: str) -> None:
        """Ask for the snapshot of a lane channel."""
        self._commands.send([b"resync", channel.encode()])

    async def request(self, verb: str, *, timeout_s: float = 20.0, **arguments: Any) -> bytes:
        """Ask the engine and return its JSON answer.

        Raises:
            EngineAway: it does not answer.
            UsageError: it says what is wrong with the request.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.ask(verb, orjson.dumps(arguments), answer)
        try:
            return await asyncio.wait_for(answer, timeout_s)
        except TimeoutError:
            raise unanswered(verb, timeout_s) from None
        finally:
            self.forget(answer)

    def ask(self, verb: str, arguments: bytes, answer: Answer) -> None:
        """Ask the engine, `arguments` as JSON; `answer` is given its JSON, or an error as `request` raises.

        Who has waited long enough says so to `forget`.
        """
        if not self.connected:
            answer.set_exception(
                EngineAway("The engine is away; it is being restarted. Try again in a moment.")
            )
            return
        number = str(next(self._numbers)).encode()
        asked = [b"request", self._engine, number, verb.encode(), arguments]
        if self._commands.send(asked):
            self._waiting[number] = answer
        else:
            answer.set_exception(EngineAway("The engine does not take requests now. Try again in a moment."))

    def forget(self, answer: Answer) -> None:
        """Nobody waits for `answer` any more."""
        for number, each in self._waiting.items():
            if each is answer:
                del self._waiting[number]
                return

    async def _ping_forever(self) -> None:
        # Silence is counted in pings and not in seconds: if it was we who stood still, answers lie in the
        # socket that nobody has read yet.
        while True:
            if self._unanswered >= UNANSWERED:
                self._set_connected(False)
            if self._commands.send([b"ping"] if self.connected else [b"hello"]):
                self._unanswered += 1
                await asyncio.sleep(PING_S)
            else:  # nobody is connected who could ever answer
                self._lose_engine()
                await asyncio.sleep(LOOK_S)

    def _take_market(self, frames: list[bytes]) -> None:
        if frames[0] == JOINED:
            if self.connected:  # what we were sent whole so far went past us
                self._commands.send([b"hello"])
            return
        take, lines = self.on_market, frames[0].split(b"\n")
        for channel, body in zip(lines[::2], lines[1::2], strict=True):
            take(channel.decode(), body)

    def _take_command(self, frames: list[bytes]) -> None:
        self._unanswered = 0
        match frames:
            case [b"lane", channel, seq, message]:
                self._take_lane(channel.decode(), int(seq), message)
            case [b"snapshot", channel, seq, message]:
                self._last_seq[channel.decode()] = int(seq)
                self.on_snapshot(channel.decode(), int(seq), message)
            case [b"reply", number, body]:
                self._settle(number, body)
            case [b"error", number, body]:
                self._settle(number, errors.decode(body))
            case [b"pong", engine, listed, lanes]:
                self._take_pong(engine, listed, orjson.loads(lanes))
            case [b"welcome", engine, listed, body]:
                self._take_welcome(engine, listed, body)

    def _take_welcome(self, engine: bytes, listed: bytes, body: bytes) -> None:
        if engine != self._engine:
            self._lose_engine()
        if (engine, listed) != (self._engine, self._list):
            told = orjson.loads(body)
            self._engine, self._list = engine, listed
            self.primary, self.mode, self.venues = told["primary"], told["mode"], told["venues"]
            self.instruments = {each["instrument"]: each for each in told["instruments"]}
        self._set_connected(True)
        self._send_demand()

    def _take_pong(self, engine: bytes, listed: bytes, lanes: dict[str, int]) -> None:
        if engine != self._engine:  # another answers at the same address: start afresh with it
            self._lose_engine()
        if (engine, listed) != (self._engine, self._list):
            self._commands.send([b"hello"])
            return
        for channel, seq in lanes.items():
            if seq != self._last_seq.get(channel):
                self.resync(channel)

    def _take_lane(self, channel: str, seq: int, message: bytes) -> None:
        expected = self._last_seq.get(channel, -1) + 1
        if seq == expected:
            self._last_seq[channel] = seq
            self.on_lane(channel, seq, message)
        elif seq > expected:
            self.resync(channel)

    def _send_demand(self) -> None:
        self._commands.send([b"demand", orjson.dumps(sorted(self._demand))])

    def _settle(self, number: bytes, outcome: bytes | CandlewickError) -> None:
        answer = self._waiting.pop(number, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, bytes):
            answer.set_result(outcome)
        else:
            answer.set_exception(outcome)

    def _set_connected(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            self.on_state(connected)

    def _lose_engine(self) -> None:
        """Who was asked is no more, and answers nothing of what it was asked."""
        self._set_connected(False)
        self._fail_waiting()

    def _fail_waiting(self) -> None:
        lost = EngineAway("The engine went away before it answered. Try again in a moment.")
        for number in list(self._waiting):
            self._settle(number, lost)
