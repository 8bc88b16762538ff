"""What the engine and a strategy's process say to each other: MessagePack, each message behind its length.

The engine says `Begin` once, then `Bar` after `Bar`; the process says `Ready` once, then one `Answer` to each
bar. A process that says `Raised` has nothing more to say, and ends.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec
import numpy as np

from candlewick.market.bars import COLUMNS, Bars
from candlewick.runtime.strategies.rules import Rules
from candlewick.trading.strategy.intents import Intent

HEAD: Final = struct.Struct("<I")
LONGEST: Final = 64 * 1024 * 1024


class Columns(msgspec.Struct, frozen=True):
    """Bars of one market as bytes: `time` int64, the others float64."""

    symbol: str
    time: bytes
    values: list[bytes]

    @classmethod
    def of(cls, bars: Bars) -> Columns:
        return cls(bars.symbol, bars.time.tobytes(), [getattr(bars, name).tobytes() for name in COLUMNS])

    def bars(self, timeframe: str) -> Bars:
        """The bars again."""
        values = {
            name: np.frombuffer(each, np.float64) for name, each in zip(COLUMNS, self.values, strict=True)
        }
        return Bars.from_arrays(
            symbol=self.symbol, timeframe=timeframe, time=np.frombuffer(self.time, np.int64), **values
        )


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Which strategy it is, and the closed bars of each market so far. `spot`: what cannot be sold short."""

    strategy: str
    file: str
    parameters: dict[str, Any]
    timeframe: str
    history: list[Columns]
    spot: list[str]


class Held(msgspec.Struct, frozen=True):
    """What the strategy holds of a market, as it sees it: `quantity` is negative when short.

    `funding` is what was received for it since it was opened, negative when paid.
    """

    quantity: float
    entry_price: float | None
    orders: list[str]
    funding: float = 0.0


class Bar(msgspec.Struct, frozen=True, kw_only=True, tag="bar"):
    """A bar has closed. Markets without one (nothing is known of it there) are absent from `rows`.

    Attributes:
        rows: open, high, low, close and volume by symbol.
        held: by symbol; a market of which nothing is held and nothing ordered may be absent.
        equity, free: what the strategy's capital is worth, and what of it no position binds.
        settled: when funding was settled before the bar ended (UTC seconds), and its rate, by perpetual.
        acts: whether what is answered will be carried out; if not, the bar is told late, for completeness.
    """

    time: int
    rows: dict[str, tuple[float, float, float, float, float]]
    held: dict[str, Held]
    equity: float
    free: float
    settled: dict[str, list[tuple[int, float]]] = {}
    acts: bool = True


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The strategy is loaded and has seen its history.

    Attributes:
        leverage: that it wants of perpetuals.
        rules: what the engine is to keep for it.
        sees_funding: it has an `on_bar`, which may read what was settled.
        settled: it has bars enough to signal; if not, `wants` says how many it needs.
    """

    leverage: float = 1.0
    rules: Rules = Rules()
    sees_funding: bool = False
    settled: bool = True
    wants: int = 0


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What it wants after a bar, in order."""

    time: int
    intents: list[Intent]


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """It cannot go on; a sentence with the line of the strategy, and where there is one the whole trace."""

    sentence: str
    trace: str = ""


Told = Begin | Bar
Said = Ready | Answer | Raised
_encoder: Final = msgspec.msgpack.Encoder()
told: Final = msgspec.msgpack.Decoder(Told)
said: Final = msgspec.msgpack.Decoder(Said)


def packed(message: Told | Said) -> bytes:
    """A message behind its length."""
    body = _encoder.encode(message)
    return HEAD.pack(len(body)) + body
