"""`candlewick normalise`: raw venue messages → normalised events, with the connectors' own mappers."""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal, cast

import msgspec
import typer

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import MalformedMessage
from candlewick.core.events import (
    BookChange,
    Candle,
    Derivative,
    Liquidation,
    OpenInterest,
    Quote,
    Ticker,
    Trade,
)
from candlewick.venues.contract import VenueEvent
from candlewick.venues.recording import (
    UNNAMED,
    BadLine,
    Format,
    Reader,
    VenueMapper,
    open_recording,
    read,
    unpacked,
)

MAPPERS: Final = ("binance", "binance-futures", "binance-delivery")
_US_PER_S: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def command(
    venue: Annotated[str, typer.Argument(help=f"Whose messages: {', '.join(MAPPERS)}.")],
    file: Annotated[str, typer.Argument(help="Recording, also gzip; - reads standard input.")] = "-",
    format: Annotated[
        str | None, typer.Option(help="raw, cryptofeed or hft; guessed line by line if left out.")
    ] = None,
    ts_received: Annotated[
        str | None,
        typer.Option(help="Receive time of bare JSON lines, in nanoseconds since 1970 or ISO 8601."),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Every verb takes it; this one needs none.")] = None,
) -> None:
    """Print the normalised events of recorded messages, one JSON object a line.

    What cannot be read goes to standard error with its line number and reason; the exit code is 1 then.
    """
    mapper = _mapper(venue)
    received_ns = _time(ts_received)
    source = (
        unpacked(cast("io.BufferedReader", sys.stdin.buffer)) if file == "-" else open_recording(Path(file))
    )
    try:
        with source:
            unreadable = normalise(
                source, sys.stdout.buffer, venue, mapper, _format(format), received_ns, _complain
            )
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read us has seen enough; Python must not try to flush again at exit
        sys.stdout = None
        raise typer.Exit(1) from None
    except (EOFError, OSError, zlib.error) as error:
        typer.echo(f"candlewick: {file} cannot be read to its end: {error}", err=True)
        raise typer.Exit(1) from None
    if unreadable:
        raise typer.Exit(1)


def normalise(
    lines: Iterable[bytes],
    out: IO[bytes],
    venue: str,
    mapper: VenueMapper,
    format: Format | None,
    ts_received: int | None,
    complain: Callable[[int, str], None],
) -> int:
    """Write the events of `lines` to `out`; the number of lines that could not be read."""
    reader = Reader(mapper)
    encode = msgspec.json.Encoder().encode
    unreadable = 0
    for message in read(lines, format):
        if isinstance(message, BadLine):
            complain(message.line, message.reason)
            unreadable += 1
            continue
        if message.ts_received is None:
            message = message._replace(ts_received=ts_received)
        try:
            events = reader.events(message)
        except MalformedMessage as error:
            complain(message.line, str(error))
            unreadable += 1
            continue
        for event in events:
            body = normalised(event)
            if body is not None:
                native = mapper.native(event.instrument)
                symbol = None if native == UNNAMED else native
                head = {"type": body.pop("type"), "venue": venue, "symbol": symbol}
                out.write(encode(head | body) + b"\n")
    return unreadable


def normalised(event: VenueEvent) -> dict[str, Any] | None:
    """The event in the public shape, without its venue and symbol; None if it has no public shape."""
    body: dict[str, Any]
    match event:
        case Trade():
            body = {
                "type": "trade",
                "id": str(event.id),
                "price": event.price,
                "quantity": event.quantity,
                "side": event.side,
            }
        case BookChange():
            body = {
                "type": "book_change",
                "snapshot": event.snapshot,
                "bids": event.bids,
                "asks": event.asks,
                "first_id": event.first_id,
                "last_id": event.last_id,
                "prev_id": event.prev_id,
            }
        case Quote():
            body = {
                "type": "quote",
                "bid": event.bid,
                "bid_quantity": event.bid_quantity,
                "ask": event.ask,
                "ask_quantity": event.ask_quantity,
                "update_id": event.update_id,
            }
        case Derivative():
            body = _derivative(
                last=event.last,
                mark=event.mark,
                index=event.index,
                funding_rate=event.funding_rate,
                next_funding=event.next_funding,
                open_interest=event.open_interest,
            )
        case OpenInterest():
            body = _derivative(open_interest=event.quantity)
        case Ticker() if not _is_spot(event.instrument):
            body = _derivative(last=event.last)
        case Liquidation():
            body = {
                "type": "liquidation",
                "price": event.price,
                "quantity": event.quantity,
                "side": event.side,
                "id": event.id,
            }
        case Candle():
            body = {
                "type": "candle",
                "interval": event.interval,
                "ts_open": event.time * NS_PER_S,
                "open": event.open,
                "high": event.high,
                "low": event.low,
                "close": event.close,
                "volume": event.volume,
                "closed": event.closed,
            }
        case _:
            return None
    body["ts_exchange"] = event.ts_exchange or None
    body["ts_received"] = event.ts_received or None
    return body


def _derivative(**known: float | None) -> dict[str, Any]:
    names = ("last", "mark", "index", "funding_rate", "next_funding", "open_interest")
    return {"type": "derivative"} | {name: known.get(name) for name in names}


def _is_spot(instrument: str) -> bool:
    return "-" not in instrument.partition(":")[2]


def _mapper(venue: str) -> VenueMapper:
    from candlewick.venues.binance.mapper import Mapper, Market

    markets: dict[str, Market] = {
        "binance": "spot",
        "binance-futures": "usdm",
        "binance-delivery": "coinm",
    }
    if venue not in markets:
        raise typer.BadParameter(f"There is no mapper for {venue!r}. Use one of {', '.join(MAPPERS)}.")
    return Mapper(venue, markets[venue])


def _format(format: str | None) -> Format | None:
    known: dict[str, Literal["raw", "cryptofeed", "hft"]] = {
        "raw": "raw",
        "cryptofeed": "cryptofeed",
        "hft": "hft",
    }
    if format is None:
        return None
    if format not in known:
        raise typer.BadParameter(f"There is no format {format!r}. Use one of {', '.join(known)}.")
    return known[format]


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither nanoseconds nor ISO 8601.") from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS_PER_S + since.microseconds * NS_PER_S // _US_PER_S


def _complain(line: int, reason: str) -> None:
    print(f"line {line}: {reason}", file=sys.stderr)
