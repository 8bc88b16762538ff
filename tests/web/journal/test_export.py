"""`/trades/export.csv` and `.parquet`, from a real server."""

from __future__ import annotations

import csv
import http.client
import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from candlewick.store.models import AccountMember, Role, User
from candlewick.web.journal import trades
from tests.web.conftest import SETTINGS, Person, Serve, session_of
from tests.web.performance import ground
from tests.web.performance.ground import opened, trade


@pytest.fixture
def booked(person: Person) -> User:
    """Somebody with five trades in the ledger that the server reads."""
    ann = person(Role.TRADER)
    account = ann.accounts.get().pk
    assert isinstance(SETTINGS.ledger, Path)
    with ground.journal_at(SETTINGS.ledger) as journal:
        nets = ["0.1234567", "-5", "7", "20", "1"]
        journal.commit([opened(account), *(trade(account, net, tag="=cmd()") for net in nets)])
    return ann


@contextmanager
def asked(port: int, path: str, session: str = "", **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    cookie = {"Cookie": f"candlewick_session={session}", "Sec-Fetch-Site": "same-origin"} if session else {}
    connection.request("GET", path, headers=cookie | headers)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def rows_of(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_it_exports_every_trade_exactly_however_many_pieces_it_takes(
    booked: User, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades, "CHUNK", 2)
    server, session = serve(), session_of(booked)
    with asked(server.server.port, "/trades/export.csv", session) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        rows = rows_of(answer.read().decode())
    assert [row["net"] for row in rows] == ["1", "20", "7", "-5", "0.1234567"]
    assert rows[0]["order_tag"] == "'=cmd()"  # no spreadsheet runs it
    with asked(server.server.port, "/trades/export.parquet", session) as answer:
        table = pq.read_table(io.BytesIO(answer.read()))
    assert [value.as_py() for value in table["net"]] == [
        Decimal(1), Decimal(20), Decimal(7), Decimal(-5), Decimal("0.1234567"),
    ]  # fmt: skip
    assert pq.ParquetFile(io.BytesIO(_parquet(server.server.port, session))).num_row_groups == 3


def test_it_exports_what_is_asked_for(booked: User, serve: Serve) -> None:
    server, session = serve(), session_of(booked)
    with asked(server.server.port, "/trades/export.csv?outcome=loss", session) as answer:
        assert [row["net"] for row in rows_of(answer.read().decode())] == ["-5"]
    with asked(server.server.port, "/trades/export.csv?q=nothing", session) as answer:
        assert rows_of(answer.read().decode()) == []
    with asked(server.server.port, "/trades/export.csv?side=up", session) as answer:
        assert answer.status == 422
        assert b"is none of long, short" in answer.read()


def test_it_gives_an_account_to_those_who_may_see_it_alone(
    booked: User, person: Person, serve: Serve
) -> None:
    server, account = serve(), booked.accounts.get().pk
    member, stranger = person(Role.VIEWER), person(Role.TRADER)
    AccountMember.objects.create(account_id=account, user=member)
    path = f"/trades/export.csv?account={account}"
    for user, status, many in ((member, 200, 5), (stranger, 404, 0)):
        with asked(server.server.port, path, session_of(user)) as answer:
            assert answer.status == status
            text = answer.read().decode()
            assert len(rows_of(text) if status == 200 else []) == many
    with asked(server.server.port, path) as answer:
        assert answer.status == 401


def test_another_site_gets_nothing_with_a_visitors_cookie(booked: User, serve: Serve) -> None:
    server, session = serve(), session_of(booked)
    with asked(
        server.server.port, "/trades/export.csv", session, **{"Sec-Fetch-Site": "cross-site"}
    ) as answer:
        assert answer.status == 401


def _parquet(port: int, session: str) -> bytes:
    with asked(port, "/trades/export.parquet", session) as answer:
        return answer.read()
