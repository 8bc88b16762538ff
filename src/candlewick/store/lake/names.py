"""What a history file's name tells: freqtrade's, Binance's and LEAN's layouts, and plain names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from candlewick.core.clock import NS_PER_S
from candlewick.core.interval import SECONDS

TradeLayout = Literal["aggTrades", "trades"]
FileKind = Literal["candles", "mark", "index", "funding", "trades"]

UNKNOWN_VENUE: Final = "file"
"""The venue of a file that does not tell: its own, so that it never mixes with a venue's history."""

_VENUES: Final = frozenset(
    ("ascendex", "binance", "bingx", "bitfinex", "bitget", "bitmart", "bitmex", "bitstamp", "bybit",
     "coinbase", "cryptocom", "deribit", "dydx", "gate", "gateio", "gemini", "htx", "huobi", "hyperliquid",
     "kraken", "krakenfutures", "kucoin", "mexc", "okx", "phemex", "poloniex", "sim", "upbit")
)  # fmt: skip

_FREQTRADE: Final = re.compile(
    r"(?P<base>[A-Za-z0-9]+)_(?P<quote>[A-Za-z0-9]+)(?:_(?P<settle>[A-Za-z0-9]+))?"
    r"-(?:(?P<trades>trades)|(?P<interval>\d+[a-zA-Z]+)(?:-(?P<what>[a-z_]+))?)"
)
_BINANCE: Final = re.compile(
    r"(?P<symbol>[A-Z0-9]+(?:_[A-Z0-9]+)?)-(?P<what>\d+[a-zA-Z]+|aggTrades|trades)-\d{4}-\d{2}(?:-\d{2})?"
)
_TRADE_LAYOUTS: Final[dict[str, TradeLayout]] = {"aggTrades": "aggTrades", "trades": "trades"}
_LEAN: Final = re.compile(r"(?P<day>\d{8})_(?P<what>[a-z]+)")
_LEAN_INTERVALS: Final = {"second": "1s", "minute": "1m"}
_PLAIN: Final = re.compile(r"(?P<symbol>.+?)[-_ ](?P<interval>\d+[smhd])")
_WHAT: Final[dict[str | None, FileKind]] = {
    None: "candles", "futures": "candles", "spot": "candles", "mark": "mark", "index": "index",
    "funding_rate": "funding",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """What a file holds, as far as its name and folders tell; None where they do not.

    `midnight_ns` is the day from which LEAN counts its times; `layout` names the columns of a trade
    file that has no header.
    """

    symbol: str | None
    interval: str | None = None
    kind: FileKind | None = "candles"
    venue: str = UNKNOWN_VENUE
    midnight_ns: int | None = None
    layout: TradeLayout | None = None


def read_name(path: Path) -> Named:
    """Read a file's name; the folders above it may tell the venue and that it is a perpetual.

    `kind` None means that the name tells of something that we cannot keep (order book summaries, …).
    """
    name = path.name
    for suffix in (".gz", ".zip", ".csv", ".json", ".feather", ".parquet"):
        name = name.removesuffix(suffix)
    venue = _venue(path)
    if (found := _LEAN.fullmatch(name)) and (named := _lean(path, found)):
        return named
    if found := _BINANCE.fullmatch(name):
        what = found["what"]
        trades = what in _TRADE_LAYOUTS
        symbol = found["symbol"].replace("_", "-")
        if "futures" in path.parts and "-" not in symbol:
            symbol += "-PERP"
        special: dict[str, FileKind] = {"markPriceKlines": "mark", "indexPriceKlines": "index"}
        kinds = [kind for part, kind in special.items() if part in path.parts]
        return Named(
            symbol=symbol,
            interval=None if trades else _interval(what),
            kind="trades" if trades else (kinds or ["candles"])[0],
            venue="binance" if venue == UNKNOWN_VENUE else venue,
            layout=_TRADE_LAYOUTS.get(what),
        )
    if found := _FREQTRADE.fullmatch(name):
        symbol = f"{found['base']}{found['quote']}{'-PERP' if found['settle'] else ''}".upper()
        if found["trades"]:
            return Named(symbol, None, "trades", venue)
        return Named(symbol, _interval(found["interval"]), _WHAT.get(found["what"]), venue)
    if (found := _PLAIN.fullmatch(name)) and found["interval"] in SECONDS:
        return Named(_plain_symbol(found["symbol"]), found["interval"], venue=venue)
    return Named(_plain_symbol(name), venue=venue)


def _interval(text: str) -> str | None:
    return text if text in SECONDS else None


def _plain_symbol(text: str) -> str | None:
    return re.sub(r"[^A-Z0-9]", "", text.upper()) or None


def _lean(path: Path, found: re.Match[str]) -> Named | None:
    """…/crypto/coinbase/minute/btcusd/20161007_trade.zip"""
    if len(path.parts) < 4 or found["what"] != "trade" or path.parts[-3] not in _LEAN_INTERVALS:
        return None
    try:
        day = datetime.strptime(found["day"], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Named(
        symbol=_plain_symbol(path.parts[-2]),
        interval=_LEAN_INTERVALS[path.parts[-3]],
        venue=path.parts[-4].lower(),
        midnight_ns=int(day.timestamp()) * NS_PER_S,
    )


def _venue(path: Path) -> str:
    """The nearest folder that is called after a venue: `binance`, `bybit_btc_2025`."""
    for part in reversed(path.absolute().parts[:-1]):
        word = re.split(r"[-_. ]", part.lower(), maxsplit=1)[0]
        if word in _VENUES:
            return word
    return UNKNOWN_VENUE
