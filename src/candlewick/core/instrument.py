"""Venues and instruments, and the names they go by.

An instrument has one internal id, `venue:SYMBOL`, for example `binance:BTCUSDT` (spot) and
`binance:BTCUSDT-PERP` (its perpetual). The venue's own name (`BTCUSDT` for both, on Binance) lives
in `Instrument.native`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["spot", "perp", "future", "equity"]


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """A place that trades. `simulated` is shown to people wherever the venue is named."""

    id: str
    title: str
    simulated: bool = False


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """What can be watched and traded at one venue.

    Attributes:
        id: internal id, `venue:SYMBOL`.
        venue: the venue's id.
        symbol: SYMBOL part of the id (`BTCUSDT`, `BTCUSDT-PERP`).
        native: the venue's own name.
        kind: spot, perp, future or equity.
        base, quote: assets; `settle` is what profit is paid in.
        tick: smallest step of a price; None means the venue states none.
        lot: smallest step of a quantity; None means the venue states none.
        min_notional: least value of an order in quote; None means unknown.
        contract_size: base (linear) or quote (inverse) per contract; 1 for spot.
        inverse: profit is paid in base (COIN-M).
        sector: group used for exposure (`Layer 1`, `Technology`); None means unknown.
    """

    id: str
    venue: str
    symbol: str
    native: str
    kind: Kind
    base: str
    quote: str
    settle: str
    tick: Decimal | None = None
    lot: Decimal | None = None
    min_notional: Decimal | None = None
    contract_size: Decimal = Decimal(1)
    inverse: bool = False
    sector: str | None = None


def instrument_id(venue: str, symbol: str) -> str:
    """The internal id of `symbol` (already in our spelling) at `venue`."""
    return f"{venue}:{symbol}"


def parse_symbol(text: str, *, primary: str) -> str:
    """The internal id that a person's or program's `text` names.

    A bare `BTCUSDT` is the primary venue's; `BTC/USDT`, `BTC-USDT` and `btcusdt` mean the same;
    `BTC/USDT:USDT` and `BTCUSDT-PERP` mean its perpetual; `venue:…` names another venue.
    The result is well formed, but need not exist.
    """
    text = text.strip()
    venue, symbol = primary, text
    head, colon, tail = text.partition(":")
    if colon and "/" not in head:
        venue, symbol = head.lower(), tail
    symbol = symbol.upper()
    pair, settled, _ = symbol.partition(":")
    suffix = ""
    if pair.endswith("-PERP"):
        pair, suffix = pair.removesuffix("-PERP"), "-PERP"
    elif settled:
        suffix = "-PERP"
    elif "-" in pair and pair.rsplit("-", 1)[1].isdigit():
        pair, expiry = pair.rsplit("-", 1)
        suffix = f"-{expiry}"
    return instrument_id(venue, pair.replace("/", "").replace("-", "") + suffix)


def public_symbol(id: str, *, primary: str) -> str:
    """The name people and programs see: bare for the primary venue, the internal id elsewhere."""
    venue, _, symbol = id.partition(":")
    return symbol if venue == primary else id
