"""The whole path on one core: wire bytes → typed event → the heart's real state → conflated frames.

Ten instruments with full books, candles, tape and session statistics; the channels of ten terminal pages
are wanted, so that every message makes something dirty that is encoded in its window.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import orjson

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.core.events import BookChange
from candlewick.runtime.publish.indicators import IndicatorSource
from candlewick.runtime.publish.market import MarketLane
from candlewick.trading.effects import CandleClosed, Updated
from candlewick.trading.engine import Engine
from candlewick.venues.binance.mapper import Mapper

MESSAGES: Final = 100_000
WINDOW: Final = 1_000  # messages a flush: 100,000 a second in windows of 10 ms
SYMBOLS: Final = tuple(f"S{n}USDT" for n in range(10))
START_MS: Final = 1_760_000_000_000
NS_PER_MS: Final = 1_000_000
LEVELS: Final = 500
MID: Final = 50_000.0


def messages() -> list[bytes]:
    """Of ten messages six are quotes, three trades, one a book diff of 20 levels: about a venue's mix."""
    chance = random.Random(1)
    raw, trade_id, update_id = [], dict.fromkeys(SYMBOLS, 0), dict.fromkeys(SYMBOLS, 1)
    for n in range(MESSAGES):
        symbol, ms = chance.choice(SYMBOLS), START_MS + n // 10
        at = MID + chance.randrange(-9, 10) / 10
        body: dict[str, object]
        match n % 10:
            case 0:
                name = "depth@100ms"
                body = {"e": "depthUpdate", "E": ms, "s": symbol, "U": update_id[symbol] + 1}
                update_id[symbol] += 20
                body |= {"u": update_id[symbol], "b": _levels(chance, -0.1), "a": _levels(chance, 0.1)}
            case 1 | 4 | 7:
                name = "aggTrade"
                trade_id[symbol] += 1
                body = {"e": "aggTrade", "E": ms, "s": symbol, "a": trade_id[symbol], "p": f"{at:.2f}"}
                body |= {"q": "0.01230", "f": trade_id[symbol], "l": trade_id[symbol], "T": ms}
                body |= {"m": bool(n % 2), "M": True}
            case _:
                name = "bookTicker"
                body = {"u": n, "s": symbol, "b": f"{at - 0.1:.2f}", "B": "1.50000", "a": f"{at:.2f}"}
                body |= {"A": "0.20000"}
        raw.append(orjson.dumps({"stream": f"{symbol.lower()}@{name}", "data": body}))
    return raw


def _levels(chance: random.Random, step: float) -> list[list[str]]:
    """Ten levels among the 300 next to the mid price."""
    away = chance.sample(range(1, 301), 10)
    return [[f"{MID + n * step:.2f}", f"{chance.random():.5f}"] for n in away]


def _no_history(source: IndicatorSource) -> None:
    """No indicator is wanted here."""


class Path:
    """A mapper, a heart and a market lane, wired as the engine process wires them."""

    def __init__(self) -> None:
        self.mapper = Mapper("bench", "spot")
        self.engine = Engine()
        self.sent = 0
        for symbol in SYMBOLS:
            bids = [(45_000.0 - n, 1.0) for n in range(LEVELS)]
            asks = [(55_000.0 + n, 1.0) for n in range(LEVELS)]
            self.engine.process(BookChange(f"bench:{symbol}", True, bids, asks, None, 1, None, 0, 0))
        self.lane = MarketLane(self.engine, "bench", self._send, _no_history)
        self.lane.demand(
            {"prices"}
            | {f"{kind}:{s}" for s in SYMBOLS for kind in ("book", "tape", "ticker")}
            | {f"candles:{s}:1m" for s in SYMBOLS}
        )
        self.carry_out: dict[type, Callable[[Any], None]] = {
            Updated: self.lane.note,
            CandleClosed: lambda effect: self.lane.note_closed(effect.candle),
        }

    def _send(self, frames: Sequence[bytes]) -> None:
        self.sent += sum(map(len, frames))

    def run(self, raw: list[bytes]) -> None:
        events, process, carry_out = self.mapper.events, self.engine.process, self.carry_out
        for n, message in enumerate(raw):
            for event in events(message, (START_MS + n // 10) * NS_PER_MS):
                for effect in process(event):
                    carry_out[type(effect)](effect)
            if n % WINDOW == 0:
                self.lane.flush()
                self.lane.flush_map("prices")


async def measure() -> Figure:
    raw = messages()
    spent = min(cpu_seconds(partial(Path().run, raw), rounds=1) for _ in range(3))
    path = Path()
    path.run(raw)
    broken = [w.id for w in path.engine.watches.values() if not w.book.synchronised]
    assert not broken, f"the path measured was not whole: {broken}"
    assert path.sent, "the path measured sent nothing"
    return Figure(
        "wire → event → state → frame",
        spent / MESSAGES * 1e6,
        "µs/message",
        4.0,
        note=f"{MESSAGES / spent:,.0f} messages/s on one core",
    )


def main() -> list[Figure]:
    return [asyncio.run(measure())]


if __name__ == "__main__":
    show(main())
