"""Recorded venue messages, line by line: who recorded them is guessed from the line itself.

{"stream":…}                                        bare JSON, as it came
1633998512.0633569: {"stream":…}                    cryptofeed: seconds, WebSocket message
https://…/depth?symbol=NKNUSDT -> 1633998512.3: {…} cryptofeed: REST answer
wss://… <-> 1633998511.1, wss://… <- …, configuration: …    cryptofeed: connect, sent, settings
1723161254024619568 {"stream":…}                    hftbacktest: nanoseconds
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import MalformedMessage, UsageError
from candlewick.core.events import BookChange
from candlewick.venues.contract import VenueEvent

Format = Literal["raw", "cryptofeed", "hft"]
UNNAMED: Final = "_"  # native symbol of a book snapshot that nothing around it names
_GZIP: Final = b"\x1f\x8b"
_HFT: Final = re.compile(rb"(\d{16,20}) (.*)", re.DOTALL)
_CRYPTOFEED: Final = re.compile(rb"(?:(\S+) -> )?(\d{1,12})(?:\.(\d{1,9})\d*)?: (.*)", re.DOTALL)
_CRYPTOFEED_ASIDE: Final = re.compile(rb"\S+ <->? |configuration: ")


class Message(NamedTuple):
    """One recorded message. `symbol` is the native name that its REST request asked for."""

    line: int
    ts_received: int | None
    payload: bytes
    symbol: str | None = None


class BadLine(NamedTuple):
    """A line that no recorder wrote."""

    line: int
    reason: str


class VenueMapper(Protocol):
    """What a venue's mapper offers to whoever reads recordings."""

    def events(self, raw: bytes, ts_received: int, symbol: str | None = None) -> tuple[VenueEvent, ...]: ...

    def native(self, instrument: str) -> str: ...


def open_recording(path: Path) -> io.BufferedIOBase:
    """The lines of a file, unpacked if it is gzip.

    Raises:
        UsageError: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        return gzip.open(path) if packed else path.open("rb")
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from None


def unpacked(stream: io.BufferedReader) -> io.BufferedIOBase:
    """`stream`, unpacked if it begins like gzip."""
    if stream.peek(2)[:2] == _GZIP:
        return gzip.open(stream)
    return stream


def read(lines: Iterable[bytes], format: Format | None = None) -> Iterator[Message | BadLine]:
    """The messages of a recording; blank lines and what is no message of the venue are left out."""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text:
            found = _parse(number, text, format)
            if found is not None:
                yield found


def _parse(number: int, text: bytes, format: Format | None) -> Message | BadLine | None:
    if format == "raw" or (format is None and text[:1] in (b"{", b"[")):
        return Message(number, None, text)
    if format != "cryptofeed" and (match := _HFT.fullmatch(text)):
        return Message(number, int(match[1]), match[2])
    if format != "hft":
        if match := _CRYPTOFEED.fullmatch(text):
            address, whole, fraction, payload = match.groups()
            ts = int(whole) * NS_PER_S + int((fraction or b"0").ljust(9, b"0"))
            return Message(number, ts, payload, _asked_for(address) if address else None)
        if _CRYPTOFEED_ASIDE.match(text):
            return None
    expected = f"not a line of the format {format}" if format else "neither JSON nor a time and JSON"
    return BadLine(number, f"bad_line: {expected}")


def _asked_for(address: bytes) -> str | None:
    try:
        symbols = parse_qs(urlsplit(address.decode()).query).get("symbol")
    except ValueError:
        return None
    return symbols[0] if symbols else None


class Reader:
    """Maps recorded messages, and remembers of which instrument the recording is.

    A REST snapshot may stand in a recording without its request; where the recording holds book
    changes of one instrument alone, it can only be that one's.
    """

    def __init__(self, mapper: VenueMapper) -> None:
        self._mapper = mapper
        self._with_books: set[str] = set()

    def events(self, message: Message) -> tuple[VenueEvent, ...]:
        """The events of one message; 0 stands for a receive time that nobody wrote down.

        Raises:
            MalformedMessage: it cannot be read.
        """
        ts_received = message.ts_received or 0
        try:
            events = self._mapper.events(message.payload, ts_received, message.symbol)
        except MalformedMessage as error:
            if error.reason != "no_symbol":
                raise
            symbol = next(iter(self._with_books)) if len(self._with_books) == 1 else UNNAMED
            return self._mapper.events(message.payload, ts_received, symbol)
        for event in events:
            if type(event) is BookChange:
                self._with_books.add(self._mapper.native(event.instrument))
        return events
