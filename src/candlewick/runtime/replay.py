"""Recordings on disk become a `Player`: read with the venue's own mapper, merged by time of receipt."""

from __future__ import annotations

import heapq
import logging
import zlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final

from candlewick.core.clock import ManualClock
from candlewick.core.errors import BadData, MalformedMessage
from candlewick.core.events import MarketEvent, Quote, Trade
from candlewick.core.instrument import Instrument, Kind, Venue
from candlewick.runtime import wiring
from candlewick.runtime.player import Player
from candlewick.venues.recording import UNNAMED, BadLine, Reader, VenueMapper, open_recording, read

log = logging.getLogger(__name__)

QUOTES: Final = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR", "GBP", "TRY")
SNIFFED_LINES: Final = 50
PRICES_LOOKED_AT: Final = 500  # an instrument's, to see how finely it is quoted
Moment = tuple[int, tuple[MarketEvent, ...]]


def player(paths: list[Path], clock: ManualClock, *, venue: str | None = None, speed: float = 1.0) -> Player:
    """A player of the recordings; `venue` (as `candlewick normalise` names it) is guessed if not given.

    Raises:
        BadData: a file holds nothing that can be played.
    """
    for path in paths:
        require_recording(path, venue)
    sources = [(path, venue or guess_venue(path)) for path in paths]
    listed = _instruments(sources)
    house = listed[0].venue
    title = f"{house.title()} (recorded)"
    return Player(Venue(id=house, title=title), listed, _merged(sources), clock, speed)


def require_recording(path: Path, venue: str | None = None) -> None:
    """Make sure that something in a file can be played.

    Raises:
        UsageError: there is no such venue.
        BadData: nothing can.
    """
    if next(_moments(path, wiring.recorded(venue or guess_venue(path))), None) is None:
        raise BadData(f"{path}: no message with a time of receipt can be read. Is it a recording?")


def guess_venue(path: Path) -> str:
    """Whose messages a recording holds, told by what only one of Binance's markets says."""
    sample = b"".join(islice(_lines(path), SNIFFED_LINES))
    if b'"ps":' in sample or b"dstream." in sample or b"/dapi/" in sample:
        return "binance-delivery"
    if b'"pu":' in sample or b"fstream." in sample or b"/fapi/" in sample or b"markPrice" in sample:
        return "binance-futures"
    return "binance"


def _merged(sources: list[tuple[Path, str]]) -> Iterator[Moment]:
    return heapq.merge(
        *(_moments(path, wiring.recorded(venue)) for path, venue in sources), key=itemgetter(0)
    )


def _moments(path: Path, mapper: VenueMapper) -> Iterator[Moment]:
    reader, newest, unreadable = Reader(mapper), 0, 0
    for message in read(_lines(path)):
        if isinstance(message, BadLine) or message.ts_received is None:
            unreadable += 1
            continue
        try:
            events = reader.events(message)
        except MalformedMessage:
            unreadable += 1
            continue
        # a recorder that writes out of order still has one clock
        newest = max(newest, message.ts_received)
        events = tuple(each for each in events if mapper.native(each.instrument) != UNNAMED)
        if events:
            yield newest, events
    if unreadable:
        log.warning("%s: %d lines cannot be played; `candlewick normalise` says why.", path, unreadable)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a recording, as far as it can be read: one may have been cut off while it was written."""
    with open_recording(path) as lines:
        try:
            yield from lines
        except (EOFError, OSError, zlib.error) as error:
            log.warning("%s cannot be read to its end: %s", path, error)


def _instruments(sources: list[tuple[Path, str]]) -> list[Instrument]:
    """What occurs in the recordings, in order of first sight. Ticks are as fine as the prices seen."""
    prices: dict[str, list[float]] = {}
    natives: dict[str, str] = {}
    for path, venue in sources:
        mapper = wiring.recorded(venue)
        for _, events in _moments(path, mapper):
            for event in events:
                instrument: str = event.instrument  # type: ignore[union-attr]  # mappers make no other
                seen = prices.setdefault(instrument, [])
                natives.setdefault(instrument, mapper.native(instrument))
                if len(seen) < PRICES_LOOKED_AT:
                    match event:
                        case Trade(price=price):
                            seen.append(price)
                        case Quote(bid=bid, ask=ask):
                            seen += (bid, ask)
    return [_instrument(id, natives[id], seen) for id, seen in prices.items()]


def _instrument(id: str, native: str, prices: list[float]) -> Instrument:
    venue, _, symbol = id.partition(":")
    pair, _, expiry = symbol.partition("-")
    kind: Kind = "spot" if not expiry else "perp" if expiry == "PERP" else "future"
    quote = next((each for each in QUOTES if pair.endswith(each) and pair != each), "")
    exponents = [Decimal(repr(price)).normalize().as_tuple().exponent for price in prices]
    finest = min((each for each in exponents if isinstance(each, int)), default=None)
    return Instrument(
        id=id,
        venue=venue,
        symbol=symbol,
        native=native,
        kind=kind,
        base=pair.removesuffix(quote),
        quote=quote,
        settle=quote,
        tick=None if finest is None else Decimal(1).scaleb(finest),
    )
