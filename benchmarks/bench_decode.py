"""Decoding a venue message, per type: against bare msgspec, and with the mapping to our event on top.

Bare is the leanest decoder there can be for a message: msgspec, a struct of that one type, numbers as
floats. Ours also reads the envelope's stream and tells nine types apart.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.venues.binance import wire
from candlewick.venues.binance.mapper import Mapper, Market

REPEATS: Final = 20_000
RATIO_LIMIT: Final = 1.5
MAPPED_LIMIT_US: Final = 1.0  # of the small messages; a book's levels come on top
LEVELS: Final = ",".join(f'["{60_000 + n / 10:.1f}","{n}.123"]' for n in range(10)).encode()


class Case(NamedTuple):
    name: str
    market: Market
    type: Any
    raw: bytes
    mapped_limit_us: float = MAPPED_LIMIT_US


CASES: Final = (
    Case(
        "aggTrade",
        "spot",
        wire.AggTrade,
        b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1760000000005,"s":"BTCUSDT","a":640283266,'
        b'"p":"58942.01000000","q":"0.00035600","f":716849523,"l":716849523,"T":1760000000003,"m":false,"M":true}}',
    ),
    Case(
        "trade",
        "usdm",
        wire.SingleTrade,
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1760000000005,"T":1760000000003,"s":"BTCUSDT",'
        b'"t":10934580,"p":"58942.10","q":"0.044","X":"MARKET","m":false}}',
    ),
    Case(
        "bookTicker, spot",
        "spot",
        wire.BookTicker,
        b'{"stream":"ethusdt@bookTicker","data":{"u":35346513501,"s":"ETHUSDT","b":"2683.80000000",'
        b'"B":"3.02920000","a":"2683.81000000","A":"31.43950000"}}',
    ),
    Case(
        "bookTicker, futures",
        "usdm",
        wire.BookTicker,
        b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":1851309267,"s":"BTCUSDT","b":"33134.42",'
        b'"B":"0.170","a":"33139.39","A":"0.380","T":1760000000003,"E":1760000000005}}',
    ),
    Case(
        "depth diff of 20 levels",
        "usdm",
        wire.DepthUpdate,
        b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1760000000005,"T":1760000000003,'
        b'"s":"BTCUSDT","U":1007198631260,"u":1007198631565,"pu":1007198631198,"b":[%b],"a":[%b]}}'
        % (LEVELS, LEVELS),
        mapped_limit_us=4.0,
    ),
    Case(
        "kline",
        "spot",
        wire.Kline,
        b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1760000000005,"s":"BTCUSDT","k":{"t":1759999980000,'
        b'"T":1760000039999,"s":"BTCUSDT","i":"1m","f":23961275,"L":23961322,"o":"1.01000","c":"1.01100",'
        b'"h":"1.01100","l":"1.01000","v":"3917","n":48,"x":false,"q":"3957.89","V":"1729","Q":"1748.01","B":"0"}}}',
        mapped_limit_us=1.5,
    ),
    Case(
        "markPrice",
        "usdm",
        wire.MarkPrice,
        b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1760000000000,"s":"BTCUSDT",'
        b'"p":"58940.14924532","P":"58905.14663658","i":"58857.26693664","r":"0.00058455","T":1760006400000}}',
    ),
    Case(
        "forceOrder",
        "usdm",
        wire.ForceOrder,
        b'{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":1760000000005,"o":{"s":"BTCUSDT","S":"BUY",'
        b'"o":"LIMIT","f":"IOC","q":"0.014","p":"4793.91","ap":"4706.04","X":"FILLED","l":"0.015","z":"0.014",'
        b'"T":1760000000003}}}',
    ),
)


def _bare(type_: Any) -> Callable[[bytes], Any]:
    envelope = msgspec.defstruct("Bare", [("data", type_)], gc=False)
    return msgspec.json.Decoder(envelope, strict=False).decode


def _repeat(work: Callable[[], object]) -> None:
    for _ in range(REPEATS):
        work()


def _us(work: Callable[[], object]) -> float:
    """CPU time of one call, without the loop around it."""
    empty = cpu_seconds(lambda: _repeat(partial(int)), rounds=7)
    return (cpu_seconds(lambda: _repeat(work), rounds=7) - empty) / REPEATS * 1e6


def main() -> list[Figure]:
    figures = []
    for case in CASES:
        mapper = Mapper("binance", case.market)
        assert len(mapper.events(case.raw, 1)) == 1, f"{case.name} maps to no event"
        decode = wire.decode_spot_quote if case.name == "bookTicker, spot" else wire.decode_message
        bare = _us(partial(_bare(case.type), case.raw))
        ours = _us(partial(decode, case.raw))
        mapped = _us(partial(mapper.events, case.raw, 1))
        figures += [
            Figure(f"decode {case.name}", ours / bare, "× bare", RATIO_LIMIT, note=f"{bare:.2f} µs bare"),
            Figure(f"decode and map {case.name}", mapped, "µs", case.mapped_limit_us),
        ]
    return figures


if __name__ == "__main__":
    show(main())
