"""`/trades/export.csv` and `.parquet`: what is asked for, however much, in pieces as it is read.

It is answered outside of Django, which holds answers whole: a million trades are half a gigabyte. Each piece
is read on a thread of the bridge and sent before the next is; whoever hangs up ends it.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from django.db import close_old_connections

from candlewick.core.errors import CandlewickError, UsageError
from candlewick.web.bridge import Bridge
from candlewick.web.journal.question import Question
from candlewick.web.journal.trades import Trade, all_of, brief
from candlewick.web.live.access import Refused, Scope
from candlewick.web.live.sse import answer_problem
from candlewick.web.people import accounts
from candlewick.web.people.accounts import NoSuchAccount
from candlewick.web.people.identity import Person
from candlewick.web.services import Services

if TYPE_CHECKING:
    import pyarrow as pa

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Admit = Callable[[Scope], Awaitable[Person | Refused]]
Pieces = Callable[[Iterator[list[Trade]]], Iterator[bytes]]

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
    if scope["method"] != "GET":
        await answer_problem(send, 405, "An export is asked for with GET.")
        return
    person = await admit(scope)
    if isinstance(person, Refused):
        await answer_problem(send, person.status, person.detail)
        return
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    kind = scope["path"].rpartition(".")[2]
    pieces, content_type = {
        "csv": (as_csv, b"text/csv; charset=utf-8"),
        "parquet": (as_parquet, b"application/vnd.apache.parquet"),
    }[kind]
    try:
        parts = await bridge.run(_begin, services, person, query, pieces)
        piece: bytes | None = await bridge.run(next, parts, None)
    except NoSuchAccount as error:
        await answer_problem(send, 404, str(error))
        return
    except UsageError as error:
        await answer_problem(send, 422, str(error))
        return
    except CandlewickError as error:
        await answer_problem(send, 503, str(error))
        return
    headers = [
        (b"content-type", content_type),
        (b"content-disposition", f'attachment; filename="candlewick-trades.{kind}"'.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    hung_up = asyncio.create_task(_hung_up(receive))
    try:
        while piece is not None and not hung_up.done():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await bridge.run(next, parts, None)
        await send({"type": "http.response.body", "body": b""})
    finally:
        hung_up.cancel()


def as_csv(chunks: Iterator[list[Trade]]) -> Iterator[bytes]:
    """A line a trade, after a line of names. Numbers as they are kept, exactly."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for chunk in chunks:
        writer.writerows([_cell(told[name]) for name in COLUMNS] for told in map(brief, chunk))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


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


def _begin(services: Services, person: Person, query: dict[str, str], pieces: Pieces) -> Iterator[bytes]:
    close_old_connections()
    numbers = accounts.numbers_of(person)
    access = accounts.find(person, query.get("account") or None, preferred=numbers[0] if numbers else None)
    return pieces(all_of(services, access.id, Question.asked(query)))


def _schema() -> pa.Schema:
    import pyarrow as pa

    types: dict[str, Any] = dict.fromkeys(MONEY, pa.decimal128(38, 18)) | dict.fromkeys(WHOLE, pa.int64())
    types |= {"tags": pa.list_(pa.string())}
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])


def _value(name: str, value: Any) -> Any:
    if name in MONEY and value is not None:
        return value.quantize(_PLACES, context=_EXACT)
    return list(value) if name == "tags" else value


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers are numbers."""
    if isinstance(value, tuple):
        value = ", ".join(value)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return format(value, "f") if isinstance(value, Decimal) else value


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


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
