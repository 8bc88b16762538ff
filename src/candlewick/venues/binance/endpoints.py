"""Where Binance, or an exchange that speaks like it, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from candlewick.venues.binance.mapper import Market


@dataclass(frozen=True, slots=True)
class MarketEndpoints:
    """One market's addresses and limits.

    Attributes:
        rest: base of the REST paths, with version.
        routes: WebSocket addresses for combined streams by route. USDⓈ-M serves books and quotes at
            `public` and all else at `market` since 2026-04-23; elsewhere one route serves `all`.
        streams_per_connection: the venue's limit of streams on one connection.
        control_interval_s: time between two control messages: half the venue's limit of 5 (spot) or
            10 (futures) a second, for pings are part of it and a network may bunch what we spread.
        weight_per_minute: REST weight an address may spend.
    """

    market: Market
    rest: str
    routes: Mapping[str, str]
    streams_per_connection: int
    control_interval_s: float
    weight_per_minute: int

    def route(self, stream: str) -> str:
        """The route that serves `stream`."""
        if "all" in self.routes:
            return "all"
        return "public" if "@bookTicker" in stream or "@depth" in stream else "market"


Endpoints = tuple[MarketEndpoints, ...]


def _spot(rest: str, websocket: str) -> MarketEndpoints:
    return MarketEndpoints("spot", rest, {"all": websocket}, 1024, 0.4, 6000)


def _futures(market: Market, rest: str, routes: Mapping[str, str]) -> MarketEndpoints:
    return MarketEndpoints(market, rest, routes, 200, 0.2, 2400)


REAL: Final[Endpoints] = (
    _spot("https://api.binance.com/api/v3", "wss://stream.binance.com:9443/stream"),
    _futures(
        "usdm",
        "https://fapi.binance.com/fapi/v1",
        {
            "public": "wss://fstream.binance.com/public/stream",
            "market": "wss://fstream.binance.com/market/stream",
        },
    ),
    _futures("coinm", "https://dapi.binance.com/dapi/v1", {"all": "wss://dstream.binance.com/stream"}),
)


def simulated(base: str) -> Endpoints:
    """The simulated exchange's venue at `base`, for example `http://127.0.0.1:8100/sim-east`."""
    websocket = "ws" + base.removeprefix("http")
    return (
        _spot(f"{base}/api/v3", f"{websocket}/stream"),
        _futures("usdm", f"{base}/fapi/v1", {"all": f"{websocket}/fapi/stream"}),
    )
