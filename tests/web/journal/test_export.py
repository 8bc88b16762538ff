"""The journal as a file: what is asked for, whole and exact, a piece at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from candlewick.store.models import Role, User
from candlewick.web.bridge import Bridge
from candlewick.web.journal import export
from candlewick.web.live.access import Scope
from candlewick.web.people.identity import Person as Who
from candlewick.web.people.identity import of_user
from candlewick.web.services import Services
from tests.web.conftest import Person
from tests.web.performance.ground import opened, trade

Write = Callable[..., None]
Get = Callable[..., tuple[int, bytes]]


@pytest.fixture
def get(services: Services) -> Get:
    """Asks for a file as somebody; answers the status and all that was sent."""
    import asyncio

    def get(user: User, kind: str, query: str = "") -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []
        bridge = Bridge(lambda environ, start_response: [], {}, threads=1)
        who = of_user(user)

        async def never() -> dict[str, Any]:
            return await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def admit(scope: Scope) -> Who:
            return who

        scope = {"method": "GET", "path": f"/trades/export.{kind}", "query_string": query.encode()}
        asyncio.run(export.serve_export(scope, never, send, services, bridge, admit))
        bridge.close()
        return sent[0]["status"], b"".join(each["body"] for each in sent[1:])

    return get


def test_a_csv_has_a_line_a_trade_with_its_money_exact(
    write: Write, ann: User, account: int, get: Get
) -> None:
    write(opened(account), trade(account, "0.1234567"), trade(account, "-3", day=1))
    status, body = get(ann, "csv")
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert status == 200
    assert [row["net"] for row in rows] == ["-3", "0.1234567"]
    assert tuple(rows[0]) == export.COLUMNS


def test_a_parquet_file_says_the_same(write: Write, ann: User, account: int, get: Get) -> None:
    write(opened(account), trade(account, "0.1234567"))
    _, body = get(ann, "parquet")
    [row] = pq.read_table(io.BytesIO(body)).to_pylist()
    assert row["net"] == Decimal("0.1234567")
    assert row["side"] == "long"


def test_it_holds_what_was_asked_for(write: Write, ann: User, account: int, get: Get) -> None:
    write(opened(account), trade(account, "1"), trade(account, "2", side="short"))
    _, body = get(ann, "csv", "side=short")
    assert [row["net"] for row in csv.DictReader(io.StringIO(body.decode()))] == ["2"]


def test_somebody_elses_journal_does_not_exist(write: Write, account: int, get: Get, person: Person) -> None:
    write(opened(account), trade(account, "1"))
    status, body = get(person(Role.TRADER), "csv", f"account={account}")
    assert status == 404
    assert b"net" not in body
