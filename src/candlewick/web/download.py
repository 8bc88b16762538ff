"""A file that is made while it is sent: outside of Django, whose bridge holds answers whole.

Each piece is made on a thread of the bridge and sent before the next is made; whoever hangs up ends it.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import close_old_connections

from candlewick.core.errors import CandlewickError, UsageError
from candlewick.web.bridge import Bridge
from candlewick.web.limits import TooMany, Use, count_request, headers_of
from candlewick.web.live.access import Refused, Scope
from candlewick.web.live.sse import answer_problem
from candlewick.web.people.accounts import NoSuchAccount
from candlewick.web.people.identity import Person

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Admit = Callable[[Scope], Awaitable[Person | Refused]]


@dataclass(frozen=True, slots=True)
class Download:
    """A file: its name, its type, and its pieces, which are made when they are asked for."""

    name: str
    content_type: str
    pieces: Iterator[bytes]


Begin = Callable[[Person], Download]


async def serve_download(
    scope: Scope, receive: Receive, send: Send, bridge: Bridge, admit: Admit, begin: Begin
) -> None:
    """One file, from its request to its end; `begin` is called on a thread of the bridge."""
    if scope["method"] != "GET":
        await answer_problem(send, 405, "A file is asked for with GET.")
        return
    person = await admit(scope)
    if isinstance(person, Refused):
        await answer_problem(send, person.status, person.detail)
        return
    try:
        download, use = await bridge.run(_begun, begin, person)
        piece = await bridge.run(next, download.pieces, None)  # what fails, fails while it can be told
    except TooMany as error:
        await answer_problem(send, 429, str(error), error.headers)
        return
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
        (b"content-type", download.content_type.encode()),
        (b"content-disposition", f'attachment; filename="{download.name}"'.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode()) for name, value in headers_of(use).items()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    hung_up = asyncio.create_task(_hung_up(receive))
    try:
        while piece is not None and not hung_up.done():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await bridge.run(next, download.pieces, None)
        await send({"type": "http.response.body", "body": b""})
    finally:
        hung_up.cancel()


def as_csv(columns: Sequence[str], chunks: Iterable[Iterable[Sequence[Any]]]) -> Iterator[bytes]:
    """A line a row, after a line of names; a piece a chunk. Numbers as they are kept, exactly."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for chunk in chunks:
        writer.writerows([cell(value) for value in row] for row in chunk)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    if rest := text.getvalue():
        yield rest.encode()


def cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers are numbers, what is unknown is empty."""
    if isinstance(value, tuple):
        value = ", ".join(value)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}:
        return f"'{value}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else value


def _begun(begin: Begin, person: Person) -> tuple[Download, Use]:
    use = count_request(person)
    close_old_connections()
    return begin(person), use


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
