"""`exchangeInfo` becomes instruments: what is listed, in which steps, settled in what."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from candlewick.core.errors import MalformedMessage
from candlewick.core.instrument import Instrument, Kind, instrument_id
from candlewick.venues.binance.mapper import Market, native_symbol


class Filter(msgspec.Struct, rename="camel"):
    """One trading rule; which fields it has depends on `filter_type`."""

    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_notional: Decimal | None = None
    notional: Decimal | None = None


class Symbol(msgspec.Struct, rename="camel"):
    """A listed symbol. Spot has `status`, USDⓈ-M too, COIN-M `contract_status`."""

    symbol: str
    base_asset: str
    quote_asset: str
    filters: list[Filter]
    status: str = ""
    contract_status: str = ""
    contract_type: str = ""
    margin_asset: str = ""
    contract_size: Decimal | None = None
    underlying_type: str = ""
    underlying_sub_type: list[str] = []


class ExchangeInfo(msgspec.Struct):
    """The body of `GET exchangeInfo`, as far as we need it."""

    symbols: list[Symbol]


_DECODE: Final = msgspec.json.Decoder(ExchangeInfo, strict=False).decode
_EQUITY_TYPES: Final = frozenset({"EQUITY"})


def instruments(venue: str, market: Market, body: bytes) -> list[Instrument]:
    """What `market` of `venue` lists for trading now.

    Raises:
        MalformedMessage: the body cannot be read.
    """
    try:
        info = _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage("bad_exchange_info", f"exchangeInfo of {venue} {market}: {error}") from None
    return [
        _instrument(venue, market, symbol)
        for symbol in info.symbols
        if (symbol.status or symbol.contract_status) == "TRADING"
    ]


def _instrument(venue: str, market: Market, listed: Symbol) -> Instrument:
    symbol = native_symbol(market, listed.symbol)
    sub_types = listed.underlying_sub_type
    return Instrument(
        id=instrument_id(venue, symbol),
        venue=venue,
        symbol=symbol,
        native=listed.symbol,
        kind=_kind(market, listed),
        base=listed.base_asset,
        quote=listed.quote_asset,
        settle=listed.margin_asset or listed.quote_asset,
        tick=_rule(listed, "PRICE_FILTER", "tick_size"),
        lot=_rule(listed, "LOT_SIZE", "step_size"),
        min_notional=_rule(listed, "NOTIONAL", "min_notional")
        or _rule(listed, "MIN_NOTIONAL", "min_notional")
        or _rule(listed, "MIN_NOTIONAL", "notional"),
        contract_size=listed.contract_size or Decimal(1),
        inverse=market == "coinm",
        sector=sub_types[0] if sub_types and sub_types[0] else None,
    )


def _kind(market: Market, listed: Symbol) -> Kind:
    if market == "spot":
        return "equity" if listed.underlying_type in _EQUITY_TYPES else "spot"
    return "perp" if listed.contract_type.endswith("PERPETUAL") else "future"


def _rule(listed: Symbol, filter_type: str, name: str) -> Decimal | None:
    """A step or least value; the venue's 0 means that it has no such rule."""
    for rule in listed.filters:
        if rule.filter_type == filter_type:
            value: Decimal | None = getattr(rule, name)
            if value:
                return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))
    return None
