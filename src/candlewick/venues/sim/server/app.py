"""The simulated exchange as one HTTP server: several venues, one market loop each, a page that says so."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import gc
import ipaddress
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from candlewick.core.errors import ConfigError, StoreError, StoreLocked
from candlewick.venues.sim.character import require_characters
from candlewick.venues.sim.server.connection import GOING_AWAY
from candlewick.venues.sim.server.misbehave import Faults
from candlewick.venues.sim.server.timekeeping import now_ms
from candlewick.venues.sim.server.venue import Venue

STEP_S = 0.05
NOTICE = "SIMULATED. Every price, trade and instrument here is invented; no order reaches a real market."


@dataclass(frozen=True, slots=True)
class Settings:
    """How a simulated exchange is run. The first venue stands at the root, others under `/<name>`."""

    host: str = "127.0.0.1"
    port: int = 8100
    seed: int = 7
    venues: tuple[str, ...] = ("sim", "sim-east", "sim-west")
    faults: Faults = field(default_factory=Faults)
    data_dir: Path | None = None
    pace: float = 1.0
    keys: tuple[Mapping[str, object], ...] = ()


class Exchange:
    """All venues of one server.

    `failure` is what stopped one of their markets, None while all run; `when_broken` is called then.
    """

    def __init__(self, settings: Settings, when_broken: Callable[[], None] = lambda: None) -> None:
        require_characters(settings.venues)
        if not 0.01 <= settings.pace <= 1000:
            raise ConfigError(f"The pace must lie between 0.01 and 1000, not {settings.pace:g}.")
        self.settings = settings
        self._when_broken = when_broken
        self.failure: BaseException | None = None
        self.venues = [
            Venue(
                name,
                prefix="" if position == 0 else f"/{name}",
                seed=settings.seed,
                now=now_ms,
                data_dir=settings.data_dir,
                pace=settings.pace,
                faults=settings.faults,
            )
            for position, name in enumerate(settings.venues)
        ]
        self._add_keys()

    def application(self) -> web.Application:
        """The aiohttp application; its market loops run while it does."""
        app = web.Application(middlewares=[_unknown_path])
        app.router.add_get("/", self._front_page)
        app.router.add_get("/sim/status", self._status)
        app.router.add_post("/sim/misbehave", self._misbehave)
        app.router.add_post("/sim/keys", self._add_key)
        app.router.add_post("/sim/money", self._change_money)
        # Clients that ask every market for its listings find that this one has no COIN-M contracts.
        app.router.add_get("/dapi/v1/exchangeInfo", self._no_coin_margined)
        for venue in self.venues:
            app.router.add_routes(venue.routes())
        app.cleanup_ctx.append(self._run_markets)
        app.on_shutdown.append(self._say_goodbye)
        return app

    def _add_keys(self) -> None:
        for wanted in self.settings.keys:
            if not {"apiKey"} <= wanted.keys() or not {"secret", "publicKey"} & wanted.keys():
                raise ConfigError("Each key of a file has its apiKey, and its secret or publicKey.")
            for venue in self.venues:
                venue.add_key(wanted)

    async def _run_markets(self, app: web.Application) -> AsyncIterator[None]:
        loops = [
            asyncio.create_task(self._run_market(venue, STEP_S * position / len(self.venues)))
            for position, venue in enumerate(self.venues)
        ]
        for loop in loops:
            loop.add_done_callback(self._market_ended)
        yield
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for venue in self.venues:
            venue.world.close()

    def _market_ended(self, loop: asyncio.Task[None]) -> None:
        # A market that stands still looks like one where nothing happens: better no exchange at all.
        if not loop.cancelled():
            self.failure = self.failure or loop.exception()
            self._when_broken()

    async def _run_market(self, venue: Venue, offset_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + offset_s
        while True:
            # a step that is late is not made up for: the next one covers its time too
            due = max(due + STEP_S, loop.time())
            await asyncio.sleep(due - loop.time())
            venue.step()

    async def _say_goodbye(self, app: web.Application) -> None:
        for venue in self.venues:
            for connection in list(venue.connections):
                connection.close(GOING_AWAY, "The simulated exchange is shutting down")
            for session in list(venue.sessions):
                session.abort()

    async def _front_page(self, request: web.Request) -> web.Response:
        return _json(
            {
                "notice": NOTICE,
                "simulated": True,
                "seed": self.settings.seed,
                "venues": {
                    venue.name: {
                        "spot": f"{venue.prefix}/api/v3",
                        "spot_streams": f"{venue.prefix}/ws",
                        "futures": f"{venue.prefix}/fapi/v1",
                        "futures_streams": f"{venue.prefix}/fapi/ws",
                    }
                    for venue in self.venues
                },
                "status": "/sim/status",
            }
        )

    async def _status(self, request: web.Request) -> web.Response:
        return _json(
            {
                "simulated": True,
                "seed": self.settings.seed,
                "pace": self.settings.pace,
                "venues": {venue.name: venue.status() for venue in self.venues},
            }
        )

    async def _misbehave(self, request: web.Request) -> web.Response:
        """Set the faults anew: `{"drop": 0.01, "delay": "200ms"}`, of one venue with `?venue=`."""

        def obey(venues: list[Venue], wanted: dict[str, object]) -> object:
            faults = Faults().changed({name: str(value) for name, value in wanted.items()})
            for venue in venues:
                venue.misbehave(faults)
            return {venue.name: venue.wire.faults.as_pairs() for venue in self.venues}

        return await self._control(request, obey)

    async def _add_key(self, request: web.Request) -> web.Response:
        """Make an API key and its account, at each venue or at one with `?venue=`."""

        def obey(venues: list[Venue], wanted: dict[str, object]) -> object:
            # one key for all venues: what the first makes up, the others are given
            made = venues[0].add_key(wanted)
            known = {name: value for name, value in made.items() if name in ("apiKey", "secret")}
            for venue in venues[1:]:
                venue.add_key({**wanted, **known})
            return {**made, "venues": [venue.name for venue in venues]}

        return await self._control(request, obey)

    async def _change_money(self, request: web.Request) -> web.Response:
        """Deposit into an account, or withdraw, at each venue or at one with `?venue=`."""

        def obey(venues: list[Venue], wanted: dict[str, object]) -> object:
            return {venue.name: venue.change_money(wanted) for venue in venues}

        return await self._control(request, obey)

    async def _control(
        self, request: web.Request, obey: Callable[[list[Venue], dict[str, object]], object]
    ) -> web.Response:
        # From this machine only, and not from a page in its browser: a foreign page cannot send this type.
        if not _is_loopback(request.remote) or request.content_type != "application/json":
            return _json({"error": "This is set from this machine, as application/json."}, status=403)
        name = request.query.get("venue")
        venues = [venue for venue in self.venues if name in (None, venue.name)]
        if not venues:
            return _json({"error": f"There is no venue {name!r} here."}, status=404)
        try:
            wanted = orjson.loads(await request.read())
            if not isinstance(wanted, dict):
                raise ConfigError('Send an object, such as {"drop": 0.01}.')
            return _json(obey(venues, wanted))
        except orjson.JSONDecodeError as error:
            return _json({"error": f"This is no JSON: {error}."}, status=400)
        except ConfigError as error:
            return _json({"error": str(error)}, status=400)

    async def _no_coin_margined(self, request: web.Request) -> web.Response:
        return _json({"timezone": "UTC", "serverTime": now_ms(), "rateLimits": [], "symbols": []})


@web.middleware
async def _unknown_path(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        message = f"Path {request.path}, Method {request.method} is invalid"
        return _json({"code": -5000, "msg": message}, status=404)


async def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; `say` is given one sentence when it listens.

    Raises:
        ConfigError: the port is taken, or the address is not of this machine.
        StoreLocked: another exchange keeps its prints in the same folder.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(settings, stop.set) as (exchange, port):
        say(
            f"Simulated exchange at http://{settings.host}:{port} "
            f"({', '.join(settings.venues)}; seed {settings.seed}). Ctrl-C stops it."
        )
        # the worlds live as long as the process: a full collection need not walk them (95 → 44 ms)
        gc.collect()
        gc.freeze()
        await stop.wait()
        if exchange.failure is not None:
            raise exchange.failure


@contextlib.asynccontextmanager
async def running(
    settings: Settings, when_broken: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[Exchange, int]]:
    """The exchange, listening; gives it and its port (which the system chooses for port 0).

    `when_broken` is called when a market fails; `Exchange.failure` then says why.
    """
    with _alone_in(settings.data_dir):
        exchange = Exchange(settings, when_broken)
        runner = web.AppRunner(exchange.application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.host, settings.port)
            try:
                await site.start()
            except OSError as error:
                raise ConfigError(_why_not(error, settings)) from error
            yield exchange, runner.addresses[0][1]
        finally:
            await runner.cleanup()


@contextlib.contextmanager
def _alone_in(folder: Path | None) -> Iterator[None]:
    """Own the folder of kept prints: two writers would tear each other's files."""
    if folder is None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise StoreError(f"The folder {folder} cannot be used: {error.strerror}. Choose another.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreLocked(
                f"Another simulated exchange keeps its prints in {folder}. "
                "Stop it, or choose another folder with --data-dir."
            ) from None
        yield


def _why_not(error: OSError, settings: Settings) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} on {settings.host} is taken. Is another simulated exchange running? "
            "Stop it, or choose another with --port."
        )
    return f"Cannot listen on {settings.host} port {settings.port}: {error.strerror or error}."


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
