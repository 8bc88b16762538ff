"""A real simulated exchange on a real port, run beside the tests in a thread with its own loop."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import aiohttp
import pytest
import uvloop

from candlewick.venues.sim.server.app import Exchange, Settings, running


@dataclass(frozen=True)
class Running:
    """A running exchange and where it listens."""

    exchange: Exchange
    port: int

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@contextmanager
def run_exchange(settings: Settings) -> Iterator[Running]:
    """Run an exchange in a thread until the block ends."""
    ready = threading.Event()
    found: list[Running] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stopped = asyncio.Event()
        stop.append((asyncio.get_running_loop(), stopped))
        async with running(settings) as (exchange, port):
            found.append(Running(exchange, port))
            ready.set()
            await stopped.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(main())
            finally:
                ready.set()

    thread = threading.Thread(target=run, name="exchange")
    thread.start()
    ready.wait()
    try:
        assert found, "the exchange did not start"
        yield found[0]
    finally:
        loop, stopped = stop[0]
        if found:
            loop.call_soon_threadsafe(stopped.set)
        thread.join(120)
        assert not thread.is_alive()


def free_port() -> int:
    """A port nobody listens on, below the range the system gives to clients.

    Each process looks in a range of its own, so that neither two workers of a parallel run nor two runs
    on one machine find the same one.
    """
    first = 21_000 + os.getpid() * 97 % 10_500
    for port in range(first, first + 500):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def one_venue(**changes: object) -> Settings:
    """A small exchange of its own: the quietest venue alone, at the root."""
    return replace(Settings(port=free_port(), venues=("sim-west",)), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def exchange() -> Iterator[Running]:
    """The default exchange, shared by all tests that do not disturb it; livelier, so that tests wait less."""
    with run_exchange(Settings(port=free_port(), pace=3.0)) as running_exchange:
        yield running_exchange


@pytest.fixture
async def client(exchange: Running) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session whose addresses begin at the exchange."""
    async with aiohttp.ClientSession(exchange.http) as session:
        yield session
