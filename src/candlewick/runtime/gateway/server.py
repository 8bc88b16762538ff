"""The engine's end of the wire: who listens, what they want, and their requests."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import orjson
import zmq

from candlewick.core.errors import CandlewickError, EngineAway, RateLimited
from candlewick.runtime.gateway import errors
from candlewick.runtime.gateway.wire import COMMAND_HWM, JOINED, MARKET_HWM, LoopSocket, addresses

log = logging.getLogger(__name__)

SWEEP_S = 5.0
SILENT_SWEEPS = 3  # after which a web process is gone: it says something every second
REQUESTS_AT_ONCE = 64


@dataclass(slots=True)
class _Peer:
    """A web process."""

    silent_sweeps: int = 0
    demand: frozenset[str] = frozenset()
    told_whole: frozenset[str] = frozenset()  # channels of the demand whose state it was sent
    requests: set[asyncio.Task[None]] = field(default_factory=set)


class LaneSet(Protocol):
    """Numbered channels that every peer follows."""

    on_event: Callable[[str, int, bytes], None]

    def channels(self) -> tuple[str, ...]:
        """Their names."""
        ...

    def last_seqs(self) -> dict[str, int]:
        """The newest number of each."""
        ...

    def snapshot(self, channel: str, send: Callable[[int, bytes], None]) -> None:
        """Have `send` called with the number and the message of a channel's snapshot, now or soon."""
        ...


class Gateway:
    """Serves the market lane and the commands of any number of web processes.

    Args:
        data_dir: the folder whose engine this is.
        lanes: what is numbered, and followed by every peer.
        welcome: what a newcomer is told (`primary`, `mode`, `venues`, `instruments`).
        answer: called with verb and arguments of a request, gives JSON bytes or anything msgspec encodes.
        on_demand: called with the union of all peers' channels, and those of them whose whole state a
            peer has yet to get.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        lanes: Sequence[LaneSet],
        welcome: Callable[[], dict[str, Any]],
        answer: Callable[[str, dict[str, Any]], Awaitable[Any]],
        on_demand: Callable[[frozenset[str], frozenset[str]], None],
    ) -> None:
        self._market_address, self._command_address = addresses(data_dir)
        self._lanes = lanes
        self._welcome = welcome
        self._answer = answer
        self._on_demand = on_demand
        self._name = secrets.token_hex(8).encode()
        self._list = 1
        self._peers: dict[bytes, _Peer] = {}
        self._demand: frozenset[str] = frozenset()
        self.market_dropped = 0

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = zmq.Context(io_threads=1)
        self._market = self._context.socket(zmq.XPUB)
        self._market.setsockopt(zmq.XPUB_WELCOME_MSG, JOINED)
        self._market.setsockopt(zmq.SNDHWM, MARKET_HWM)
        self._market.bind(self._market_address)
        commands = self._context.socket(zmq.ROUTER)
        commands.setsockopt(zmq.SNDHWM, COMMAND_HWM)
        commands.setsockopt(zmq.RCVHWM, COMMAND_HWM)
        commands.bind(self._command_address)
        self._commands = LoopSocket(commands, self._take)
        for lanes in self._lanes:
            lanes.on_event = self._send_event
        self._sweeping = asyncio.create_task(self._sweep_forever())

    async def stop(self) -> None:
        self._sweeping.cancel()
        for peer in self._peers.values():
            for task in peer.requests:
                task.cancel()
        self._commands.close()
        self._market.close(linger=0)
        self._context.term()

    @property
    def peers(self) -> int:
        return len(self._peers)

    @property
    def _version(self) -> tuple[bytes, bytes]:
        return self._name, str(self._list).encode()

    def send_market(self, frames: list[bytes]) -> None:
        """One flush of the market lane: `channel, body, channel, body, …`."""
        try:
            self._market.send(b"\n".join(frames), zmq.NOBLOCK)
        except zmq.Again:
            self.market_dropped += 1

    def welcome_again(self) -> None:
        """Tell every peer what a newcomer would be told: the list of instruments has changed."""
        self._list += 1
        for identity in self._peers:
            self._greet(identity)

    def _take(self, frames: list[bytes]) -> None:
        identity, *message = frames
        peer = self._peers.get(identity)
        if peer is None:
            peer = self._peers[identity] = _Peer()
            if message != [b"hello"]:  # it was swept, and does not know that we forgot what it wants
                self._greet(identity)
        peer.silent_sweeps = 0
        match message:
            case [b"request", engine, number, verb, arguments]:
                if engine == self._name:
                    self._start_request(identity, peer, number, verb.decode(), arguments)
                else:
                    self._refuse(identity, number, EngineAway("The engine was restarted. Ask again."))
            case [b"ping"]:
                seqs = {name: seq for lanes in self._lanes for name, seq in lanes.last_seqs().items()}
                self._commands.send([identity, b"pong", *self._version, orjson.dumps(seqs)])
            case [b"demand", channels]:
                peer.demand = frozenset(orjson.loads(channels))
                fresh, peer.told_whole = peer.demand - peer.told_whole, peer.demand
                self._sum_demand(fresh=fresh)
            case [b"resync", channel]:
                self._send_snapshot(identity, channel.decode())
            case [b"hello"]:
                self._greet(identity)

    def _greet(self, identity: bytes) -> None:
        # It answers with its demand, all of which counts as new: it may have missed something, or an
        # instrument that it wants may be known only now.
        self._peers[identity].told_whole = frozenset()
        self._commands.send([identity, b"welcome", *self._version, orjson.dumps(self._welcome())])
        for lanes in self._lanes:
            for channel in lanes.channels():
                self._send_snapshot(identity, channel)

    def _send_snapshot(self, identity: bytes, channel: str) -> None:
        def send(seq: int, message: bytes) -> None:
            self._commands.send([identity, b"snapshot", channel.encode(), str(seq).encode(), message])

        for lanes in self._lanes:
            if channel in lanes.channels():
                lanes.snapshot(channel, send)

    def _send_event(self, channel: str, seq: int, message: bytes) -> None:
        for identity in self._peers:
            self._commands.send([identity, b"lane", channel.encode(), str(seq).encode(), message])

    def _start_request(
        self, identity: bytes, peer: _Peer, number: bytes, verb: str, arguments: bytes
    ) -> None:
        if len(peer.requests) >= REQUESTS_AT_ONCE:
            busy = RateLimited("Too many requests are under way. Try again in a second.", 1.0)
            self._refuse(identity, number, busy)
            return
        task = self._loop.create_task(self._run_request(identity, number, verb, arguments))
        peer.requests.add(task)
        task.add_done_callback(peer.requests.discard)

    async def _run_request(self, identity: bytes, number: bytes, verb: str, arguments: bytes) -> None:
        try:
            answer = await self._answer(verb, orjson.loads(arguments))
            body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
            self._commands.send([identity, b"reply", number, body])
        except CandlewickError as error:
            self._refuse(identity, number, error)
        except Exception:  # the outermost edge of a request: reported, and the peer is told
            log.exception("Request %s failed", verb)
            failed = CandlewickError(f"The engine failed at {verb!r}; its log says why.")
            self._refuse(identity, number, failed)

    def _refuse(self, identity: bytes, number: bytes, error: CandlewickError) -> None:
        self._commands.send([identity, b"error", number, errors.encode(error)])

    def _sum_demand(self, fresh: frozenset[str] = frozenset()) -> None:
        """`fresh` channels are announced even when the union stays: a peer that is new to them wants all."""
        union = frozenset[str]().union(*(peer.demand for peer in self._peers.values()))
        if union != self._demand or fresh:
            self._demand = union
            self._on_demand(union, fresh)

    async def _sweep_forever(self) -> None:
        # Counted in sweeps and not in seconds: if it was we who stood still, what they said lies in the
        # socket that nobody has read yet.
        while True:
            await asyncio.sleep(SWEEP_S)
            for identity, peer in list(self._peers.items()):
                peer.silent_sweeps += 1
                if peer.silent_sweeps >= SILENT_SWEEPS and not peer.requests:
                    del self._peers[identity]
            self._sum_demand()
