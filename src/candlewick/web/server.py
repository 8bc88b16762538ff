"""The web process: uvicorn in our hands, with our own signals and our own end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
import uvloop
from django.urls import get_resolver

from candlewick.core.errors import ConfigError
from candlewick.runtime.gateway.client import EngineLink
from candlewick.runtime.settings import Settings
from candlewick.web import desk
from candlewick.web.asgi import Application
from candlewick.web.bridge import Bridge
from candlewick.web.components.socket import ComponentEvents
from candlewick.web.handler import Handler
from candlewick.web.link import Engine, Link
from candlewick.web.live.access import still_admitted
from candlewick.web.live.hub import NOT_SIGNED_IN, Hub, Limits
from candlewick.web.live.jobs import JobWatch
from candlewick.web.live.ws import MESSAGE_BYTES
from candlewick.web.people.hashing import give_memory_back
from candlewick.web.services import ENVIRON_KEY, Services

log = logging.getLogger(__name__)
_GRACE_S = 3
# Longer than proxies and clients keep a connection that is idle: one that we close as they send on it is an
# error to them.
_KEEP_ALIVE_S = 75


class _Uvicorn(uvicorn.Server):
    """Without its own signal handlers, which wait for ever for an open event stream."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Have `serve` end."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        # As the inherited one, which looks ten times a second whether it should stop.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1.0)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves the terminal until it is told to stop. Django must have been set up (`web.boot`).

    Attributes:
        hub: who is connected.
        port: where it listens, once `started` is set.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        link: Link | None = None,
        limits: Limits | None = None,
        port: int | None = None,
    ) -> None:
        self._settings = settings
        self.hub = Hub(link or EngineLink(settings.data_dir), limits)
        self.port = settings.web.port if port is None else port
        self.started = threading.Event()
        self._stop: Callable[[], None] = lambda: None

    def run(self, on_started: Callable[[], None] = lambda: None) -> None:
        """Serve, on an event loop of this thread, until SIGTERM, SIGINT or `stop`."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.serve(on_started))

    def stop(self) -> None:
        """End `run`, from any thread."""
        self._stop()

    async def serve(self, on_started: Callable[[], None] = lambda: None) -> None:
        give_memory_back()
        loop = asyncio.get_running_loop()
        listener = _listen(self._settings.web.host, self.port)
        self.port = listener.getsockname()[1]
        hub, link = self.hub, self.hub.link
        services = Services(
            engine=Engine(link, loop),
            hub=hub,
            market_dir=self._settings.market_dir,
            ledger=self._settings.ledger,
            rows=self._settings.rows,
            primary=self._settings.primary,
        )
        bridge = services.bridge = Bridge(Handler(), {ENVIRON_KEY: services})
        opening: dict[int, asyncio.Task[None]] = {}

        def open_account(number: int) -> None:
            if number not in opening or opening[number].done():
                opening[number] = loop.create_task(bridge.run(desk.open_numbered, services.engine, number))

        hub.on_new_account = open_account
        hub.take_component = ComponentEvents(hub, bridge, services).take
        jobs = JobWatch(hub, bridge)
        hub.on_new_job = jobs.ask

        def announce() -> None:
            self.started.set()
            on_started()

        server = _Uvicorn(self._config(Application(bridge, hub, services)), announce)

        def stop() -> None:
            hub.close_all()
            server.stop()

        self._stop = functools.partial(_call_from_any_thread, loop, stop)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop)
        await link.start()
        warming = asyncio.create_task(_warm_up(bridge))
        rechecking = asyncio.create_task(_recheck_forever(hub, bridge))
        try:
            await server.serve(sockets=[listener])
        finally:
            for task in (rechecking, warming):
                task.cancel()
            await asyncio.gather(rechecking, warming, jobs.close(), return_exceptions=True)
            await link.stop()
            bridge.close()
            services.close()

    def _config(self, application: Application) -> uvicorn.Config:
        return uvicorn.Config(
            application,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=MESSAGE_BYTES,
            ws_per_message_deflate=False,  # 48 µs a frame, for a few kB that stay on a fast line
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level=logging.WARNING,
            server_header=False,
            proxy_headers=self._settings.web.behind_proxy,
            forwarded_allow_ips="127.0.0.1",
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )


def _call_from_any_thread(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(function)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigError(
            f"The terminal cannot listen on {host} port {port}: {error.strerror}. "
            "End what uses it, or choose another with --port."
        ) from None


async def _warm_up(bridge: Bridge) -> None:
    """Do now what the first request would wait for."""
    await bridge.run(_import_views)
    # What is imported stays. The collector need not look through it again and again: that would hold up
    # every live connection for tens of milliseconds at a time.
    gc.collect()
    gc.freeze()


def _import_views() -> None:
    get_resolver().url_patterns  # noqa: B018  # the access imports every view


async def _recheck_forever(hub: Hub, bridge: Bridge) -> None:
    """Close the connections of sessions that have ended and tokens that have run out."""
    while True:
        await asyncio.sleep(hub.limits.recheck_s)
        people = {reader.person for reader in hub.readers}
        if not people:
            continue
        standing = await bridge.run(still_admitted, people)
        for reader in [each for each in hub.readers if each.person in people - standing]:
            hub.close(reader, NOT_SIGNED_IN, "Your session has ended.")
