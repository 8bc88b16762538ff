"""Recorded lines of every recorder, and the snapshot that nobody named."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from candlewick.core.errors import UsageError
from candlewick.core.events import BookChange
from candlewick.venues.binance.mapper import Mapper
from candlewick.venues.recording import (
    UNNAMED,
    BadLine,
    Format,
    Message,
    Reader,
    open_recording,
    read,
)

SNAPSHOT = b'{"lastUpdateId":5,"bids":[["1.0","2.0"]],"asks":[["1.5","2.0"]]}'
DIFF = (
    b'{"stream":"ethusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"%s","U":1,"u":2,"b":[],'
    b'"a":[["1.5","1.0"]]}}'
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a":1}\n', Message(1, None, b'{"a":1}')),
        (b"[1]\n", Message(1, None, b"[1]")),
        (b"1633998512.0633569: {}\n", Message(1, 1633998512_063356900, b"{}")),
        (b"1633998512: {}\n", Message(1, 1633998512_000000000, b"{}")),
        (b"1633998512.123456789123: {}", Message(1, 1633998512_123456789, b"{}")),
        (
            b"https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000 -> 1633998512.32: {}",
            Message(1, 1633998512_320000000, b"{}", "NKNUSDT"),
        ),
        (b"https://x/exchangeInfo -> 1.0: {}", Message(1, 1_000_000_000, b"{}", None)),
        (b"1723161254024619568 {}", Message(1, 1723161254024619568, b"{}")),
    ],
)
def test_it_tells_the_recorder_by_the_line(line: bytes, message: Message) -> None:
    assert list(read([line])) == [message]


def test_it_leaves_out_what_is_no_message_of_the_venue() -> None:
    lines = [
        b"\n",
        b"wss://stream.binance.com:9443/stream?streams=a@depth <-> 1633998511.159679\n",
        b'wss://stream.bybit.com/realtime <- 1618677786.46: {"op":"subscribe"}\n',
        b'configuration: {"trades":["BTC-USD"]}\n',
    ]
    assert list(read(lines)) == []


@pytest.mark.parametrize("format", [None, "cryptofeed", "hft"])
def test_it_names_the_line_that_no_recorder_wrote(format: Format | None) -> None:
    (bad,) = read([b"\n", b"surprise\n"], format)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.reason.partition(":")[0]) == (2, "bad_line")


def test_it_takes_a_stated_format_at_its_word() -> None:
    line = b"1633998512.0633569: {}"
    assert list(read([line], "raw")) == [Message(1, None, line)]
    (bad,) = read([line], "hft")
    assert isinstance(bad, BadLine)


def test_it_unpacks_a_file_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "recording.txt"
    path.write_bytes(gzip.compress(b"{}\n[]\n"))
    with open_recording(path) as lines:
        assert list(lines) == [b"{}\n", b"[]\n"]
    path.write_bytes(b"{}\n")
    with open_recording(path) as lines:
        assert list(lines) == [b"{}\n"]


def test_it_says_which_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.gz: No such file"):
        open_recording(tmp_path / "absent.gz")


def _book_of(lines: list[bytes]) -> str:
    """Of which native symbol the last book in the recording is."""
    mapper = Mapper("v", "spot")
    reader = Reader(mapper)
    events = [event for line in read(lines) if isinstance(line, Message) for event in reader.events(line)]
    assert isinstance(events[-1], BookChange)
    return mapper.native(events[-1].instrument)


def test_it_gives_a_nameless_snapshot_to_the_only_book_in_the_recording() -> None:
    assert _book_of([DIFF % b"ETHUSDT", DIFF % b"ETHUSDT", SNAPSHOT]) == "ETHUSDT"


def test_it_does_not_guess_between_two_books() -> None:
    assert _book_of([DIFF % b"ETHUSDT", DIFF % b"BTCUSDT", SNAPSHOT]) == UNNAMED


def test_it_takes_the_name_from_the_request() -> None:
    assert _book_of([DIFF % b"ETHUSDT", b"https://x/depth?symbol=LRCBTC -> 1.0: " + SNAPSHOT]) == "LRCBTC"
