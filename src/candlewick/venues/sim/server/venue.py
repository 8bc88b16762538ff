"""One simulated venue: its world, its two markets, its connections, and what is wrong with its wire."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from candlewick.venues.sim.model import Market
from candlewick.venues.sim.server import (
    errors,
    futures_account,
    futures_algos,
    futures_orders,
    futures_settings,
    request_socket,
    rest,
    spot_account,
    spot_lists,
    spot_orders,
)
from candlewick.venues.sim.server.connection import RULES, Connection, Traffic
from candlewick.venues.sim.server.front import Front, Wire
from candlewick.venues.sim.server.misbehave import Faults, RequestFaults, StreamFaults
from candlewick.venues.sim.server.public import PUBLIC
from candlewick.venues.sim.server.publisher import Publisher
from candlewick.venues.sim.server.routes import Route
from candlewick.venues.sim.server.sides import Accounts, PerpSide, Side, SpotSide, add_key, change_money
from candlewick.venues.sim.server.timekeeping import Now
from candlewick.venues.sim.world import World

ROUTES: dict[Market, tuple[Route, ...]] = {
    "spot": (*spot_orders.ROUTES, *spot_lists.ROUTES, *spot_account.ROUTES),
    "perp": (
        *futures_orders.ROUTES,
        *futures_algos.ROUTES,
        *futures_account.ROUTES,
        *futures_settings.ROUTES,
    ),
}
_REQUEST_SOCKETS: dict[Market, str] = {"spot": "/ws-api/v3", "perp": "/ws-fapi/v1"}


class Venue:
    """A venue under `prefix` (empty for the one at the root)."""

    def __init__(
        self,
        name: str,
        *,
        prefix: str,
        seed: int,
        now: Now,
        data_dir: Path | None = None,
        pace: float = 1.0,
        faults: Faults | None = None,
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.seed = seed
        self.world = World(seed=seed, venue=name, data_dir=data_dir, origin_ms=now(), pace=pace)
        self.wire = Wire(faults or Faults())
        self.traffic = Traffic()
        self.connections: set[Connection] = set()
        self._now = now
        self.fronts: dict[Market, Front] = {
            "spot": Front(self.world, "spot", self.wire),
            "perp": Front(self.world, "perp", self.wire),
        }
        self._publishers = {market: Publisher(front) for market, front in self.fronts.items()}
        self.accounts = Accounts()
        self.sides: dict[Market, Side] = {
            "spot": SpotSide(self.fronts["spot"], self.accounts, now),
            "perp": PerpSide(self.fronts["perp"], self.accounts, now),
        }
        self.sessions: set[request_socket.Session] = set()

    def step(self) -> None:
        """Move the market to now and send what follows from it."""
        now_ms = self._now()
        self.world.advance(now_ms)
        news = self.world.collect()
        fronts, publishers = self.fronts, self._publishers
        for listing, trade in news.prints:
            publishers[listing.market].printed(fronts[listing.market].lines[listing.symbol], trade, now_ms)
        for listing, best in news.bests:
            publishers[listing.market].quoted(fronts[listing.market].lines[listing.symbol], best, now_ms)
        for listing, order in news.forced:
            publishers[listing.market].forced(fronts[listing.market].lines[listing.symbol], order)
        for publisher in publishers.values():
            publisher.step(now_ms)
        for side in self.sides.values():
            side.step(news.prints, now_ms)

    def misbehave(self, faults: Faults) -> None:
        """From now on, these faults."""
        self.wire.faults = faults
        for connection in self.connections:
            connection.limit_life()
        for session in self.sessions:
            session.limit_life()

    def add_key(self, wanted: Mapping[str, object]) -> dict[str, object]:
        """An API key, with its account; see `sides.add_key`."""
        return add_key(self.accounts, self.sides.values(), wanted)

    def change_money(self, wanted: Mapping[str, object]) -> dict[str, object]:
        """A deposit or withdrawal; see `sides.change_money`."""
        return change_money(self.accounts, self.sides.values(), wanted)

    def routes(self) -> list[web.RouteDef]:
        """Its paths: REST, and the streams of both markets in raw and combined form."""
        defs = []
        request_faults = RequestFaults(f"{self.seed}/{self.name}/rest", lambda: self.wire.faults)
        for market, front in self.fronts.items():
            side, methods = self.sides[market], {}
            for row in PUBLIC:
                if row.market == market:
                    endpoint = rest.Endpoint(front, row.handler, row.weight, self._now)
                    defs.append(web.get(self.prefix + row.path, rest.over_http(endpoint, request_faults)))
                    methods[row.method] = endpoint
            for route in ROUTES[market]:
                answer = rest.signed_over_http(side, route, request_faults, self._now)
                defs.append(web.route(route.verb, self.prefix + route.path, answer))
            answering = request_socket.Answering(
                endpoints={method: endpoint for method, endpoint in methods.items() if method},
                routes={route.method: route for route in ROUTES[market] if route.method},
                side=side,
                request_faults=request_faults,
                faults=lambda: self.wire.faults,
                now_ms=self._now,
                seed=f"{self.seed}/{self.name}/{market}/socket",
            )
            defs.append(web.get(self.prefix + _REQUEST_SOCKETS[market], self._asking(answering)))
        # `/stream/ws` is for clients that know the spot market by "/stream" in its address, as
        # wss://stream.binance.com has it; `public`, `market` are the futures streams' newer addresses.
        for base in ("", "/stream"):
            defs += self._stream_routes("spot", self.prefix + base)
        for base in ("/fapi", "/fapi/public", "/fapi/market", "/fapi/private"):
            defs += self._stream_routes("perp", self.prefix + base)
        return defs

    def _stream_routes(self, market: Market, base: str) -> list[web.RouteDef]:
        async def raw(request: web.Request) -> web.StreamResponse:
            names = request.match_info.get("names", "").split("/")
            names += request.query.getall("listenKey", [])
            return await self._serve(request, market, [name for name in names if name], combined=False)

        async def combined(request: web.Request) -> web.StreamResponse:
            names = request.query.get("streams", "").split("/")
            names += request.query.getall("listenKey", [])
            return await self._serve(request, market, [name for name in names if name], combined=True)

        return [
            web.get(f"{base}/ws", raw),
            web.get(base + "/ws/{names:.*}", raw),
            web.get(f"{base}/stream", combined),
        ]

    async def _serve(
        self, request: web.Request, market: Market, names: list[str], *, combined: bool
    ) -> web.StreamResponse:
        websocket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=256 * 1024)
        if not websocket.can_prepare(request):
            return web.Response(status=400, text="This address speaks WebSocket.\n")
        if request.query.get("timeUnit", rest.MILLISECOND).upper() != rest.MILLISECOND:
            return web.Response(status=400, body=errors.invalid("timeUnit").body())
        try:
            await websocket.prepare(request)
        except ConnectionResetError:
            return websocket  # gone before the handshake was done
        transport = request.transport
        if transport is None:
            return websocket
        front = self.fronts[market]
        connection = Connection(
            websocket,
            transport,
            front.hub,
            RULES[market],
            front.stream,
            lambda: self.wire.faults,
            StreamFaults(f"{self.seed}/{self.name}/{market}/{self.traffic.accepted}"),
            self.traffic,
            combined,
        )
        self.connections.add(connection)
        try:
            await connection.serve(names)
        finally:
            self.connections.discard(connection)
        return websocket

    def status(self) -> dict[str, object]:
        """What `GET /sim/status` tells of it."""
        character = self.world.character
        return {
            "title": character.title,
            "path": self.prefix or "/",
            "instruments": {market: len(front.lines) for market, front in self.fronts.items()},
            "fees_bps": {
                "spot": {"maker": character.maker_bps, "taker": character.taker_bps},
                "perp": {"maker": character.perp_maker_bps, "taker": character.perp_taker_bps},
            },
            "funding_hours": character.funding_hours,
            "connections": {
                "open": self.traffic.open,
                "accepted": self.traffic.accepted,
                "cut_too_slow": self.traffic.too_slow,
                "cut_too_many_requests": self.traffic.too_many_requests,
            },
            "accounts": len(self.accounts.names()),
            "messages_sent": self.traffic.messages,
            "faults": self.wire.faults.as_pairs(),
        }

    def _asking(self, answering: request_socket.Answering) -> rest.Answer:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await request_socket.serve(request, answering, self.sessions)

        return answer
