"""`/trades/export.csv` and `.parquet`: what is asked for, however much, in pieces as it is read.

A million trades are half a gigabyte, so they are read a piece at a time, while they are sent.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from candlewick.web.bridge import Bridge
from candlewick.web.download import Admit, Download, Receive, Send, as_csv, serve_download
from candlewick.web.journal.question import Question
from candlewick.web.journal.trades import Trade, all_of, brief
from candlewick.web.live.access import Scope
from candlewick.web.people import accounts
from candlewick.web.people.identity import Person
from candlewick.web.services import Services

if TYPE_CHECKING:
    import pyarrow as pa

MONEY: Final = (
    "quantity", "open_quantity", "entry_price", "exit_price", "gross", "fees", "funding", "net", "return_pct",
)  # fmt: skip
WHOLE: Final = ("id", "fill_count", "scale_ins", "scale_outs", "held_s", "rating")
COLUMNS: Final = (
    "id", "symbol", "instrument", "side", "status", "quantity", "open_quantity", "entry_price", "exit_price",
    "currency", "gross", "fees", "funding", "net", "return_pct", "fill_count", "scale_ins", "scale_outs",
    "strategy", "origin", "order_tag", "entered_at", "exited_at", "held_s", "tags", "rating", "note",
)  # fmt: skip
_PLACES: Final = Decimal(1).scaleb(-18)
_EXACT: Final = Context(prec=38, rounding=ROUND_HALF_EVEN)


async def serve_export(
    scope: Scope, receive: Receive, send: Send, services: Services, bridge: Bridge, admit: Admit
) -> None:
    """One file, from its request to its end."""
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    kind = scope["path"].rpartition(".")[2]
    pieces, content_type = {
        "csv": (_csv, "text/csv; charset=utf-8"),
        "parquet": (as_parquet, "application/vnd.apache.parquet"),
    }[kind]

    def begin(person: Person) -> Download:
        numbers = accounts.numbers_of(person)
        preferred = numbers[0] if numbers else None
        access = accounts.find(person, query.get("account") or None, preferred=preferred)
        chunks = all_of(services, access.id, Question.asked(query))
        return Download(f"candlewick-trades.{kind}", content_type, pieces(chunks))

    await serve_download(scope, receive, send, bridge, admit, begin)


def _csv(chunks: Iterator[list[Trade]]) -> Iterator[bytes]:
    rows = ([[told[name] for name in COLUMNS] for told in map(brief, chunk)] for chunk in chunks)
    return as_csv(COLUMNS, rows)


def as_parquet(chunks: Iterator[list[Trade]]) -> Iterator[bytes]:
    """A row group a chunk; money as decimals of 18 places."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    sink = _Drained()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for chunk in chunks:
            told = [brief(trade) for trade in chunk]
            columns = [[_value(name, each[name]) for each in told] for name in COLUMNS]
            writer.write_table(pa.table(columns, schema=schema))
            yield sink.drain()
    yield sink.drain()


def _schema() -> pa.Schema:
    import pyarrow as pa

    types: dict[str, Any] = dict.fromkeys(MONEY, pa.decimal128(38, 18)) | dict.fromkeys(WHOLE, pa.int64())
    types |= {"tags": pa.list_(pa.string())}
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])


def _value(name: str, value: Any) -> Any:
    if name in MONEY and value is not None:
        return value.quantize(_PLACES, context=_EXACT)
    return list(value) if name == "tags" else value


class _Drained(io.RawIOBase):
    """Bytes that are written, until they are taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def drain(self) -> bytes:
        """What was written since last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
