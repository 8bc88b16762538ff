"""How Binance is asked for streams: SUBSCRIBE, UNSUBSCRIBE, and what is answered to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.venues.connection import Answer
from candlewick.venues.contract import Topic

TICKERS: Final = "!miniTicker@arr"  # every instrument's, once a second: it proves that the feed is alive
_SUFFIXES: Final[dict[Topic, str]] = {
    "trades": "@aggTrade",
    "quotes": "@bookTicker",
    "book": "@depth@100ms",
    "derivative": "@markPrice@1s",
    "liquidations": "@forceOrder",
}
_FUTURES_ONLY: Final[frozenset[Topic]] = frozenset({"derivative", "liquidations"})
_LOOKS_LIKE_ANSWER: Final = re.compile(rb'\s*\{\s*"(?:result|id|error|code|msg)"')


class _Refusal(msgspec.Struct):
    code: int
    msg: str


class _Response(msgspec.Struct):
    """Spot nests its refusal in `error`, futures may put it beside the id."""

    id: int | None = None
    error: _Refusal | None = None
    code: int | None = None
    msg: str = ""


_DECODE: Final = msgspec.json.Decoder(_Response).decode


def streams(instrument: Instrument, topics: frozenset[Topic]) -> list[str]:
    """The streams that carry `topics` of `instrument`; tickers come with `TICKERS`."""
    name = instrument.native.lower()
    dated = instrument.kind in ("perp", "future")
    return [
        name + suffix
        for topic, suffix in _SUFFIXES.items()
        if topic in topics and (dated or topic not in _FUTURES_ONLY)
    ]


class BinanceDialect:
    """`Dialect` of all of Binance's markets."""

    def subscribe(self, id: int, streams: Sequence[str]) -> bytes:
        return msgspec.json.encode({"method": "SUBSCRIBE", "params": streams, "id": id})

    def unsubscribe(self, id: int, streams: Sequence[str]) -> bytes:
        return msgspec.json.encode({"method": "UNSUBSCRIBE", "params": streams, "id": id})

    def answer(self, raw: bytes) -> Answer | None:
        if not _LOOKS_LIKE_ANSWER.match(raw):
            return None
        try:
            response = _DECODE(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if response.id is None:
            return None
        refusal = response.error
        if refusal is None and response.code is not None:
            refusal = _Refusal(response.code, response.msg)
        return Answer(response.id, f"{refusal.msg} (code {refusal.code})" if refusal else None)
