"""Where the private side of Binance, or of an exchange that speaks like it, answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PrivateMarket = Literal["spot", "usdm"]


@dataclass(frozen=True, slots=True)
class PrivateEndpoints:
    """One market's private side.

    Attributes:
        rest: base of the REST paths, without version: futures answer under `/fapi/v1` to `/fapi/v3`.
        user_stream: of spot the WebSocket API, over which a signed request subscribes; of futures the
            address below which a listen key is a stream.
        weight_per_minute: REST weight an address may spend.
    """

    market: PrivateMarket
    rest: str
    user_stream: str
    weight_per_minute: int


PrivateSides = tuple[PrivateEndpoints, ...]

REAL: Final[PrivateSides] = (
    PrivateEndpoints("spot", "https://api.binance.com", "wss://ws-api.binance.com:443/ws-api/v3", 6000),
    PrivateEndpoints("usdm", "https://fapi.binance.com", "wss://fstream.binance.com/private/ws", 2400),
)


def simulated(base: str) -> PrivateSides:
    """The private side of the simulated exchange's venue at `base`, for example `http://127.0.0.1:8100`."""
    websocket = "ws" + base.removeprefix("http")
    return (
        PrivateEndpoints("spot", base, f"{websocket}/ws-api/v3", 6000),
        PrivateEndpoints("usdm", base, f"{websocket}/fapi/ws", 2400),
    )
