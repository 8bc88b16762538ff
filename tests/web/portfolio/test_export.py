"""Files of a portfolio: exact, whole however long they are, and only for those who may see the account."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from candlewick.core.errors import EngineAway
from candlewick.store.models import Role, User
from candlewick.web import limits
from candlewick.web.bridge import Bridge
from candlewick.web.live import access
from candlewick.web.live.access import Refused, Scope
from candlewick.web.people import api_tokens
from candlewick.web.people.identity import Person as Who
from candlewick.web.portfolio import export
from candlewick.web.services import Services
from tests.web.components import shapes
from tests.web.conftest import Browser, Person, Serve, Served, session_of
from tests.web.ground import FakeLink
from tests.web.performance.ground import journal_at, opened, trade

OURS = {"Sec-Fetch-Site": "same-origin"}


class Sent:
    """What went out over ASGI."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    async def __call__(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def pieces(self) -> list[bytes]:
        return [each["body"] for each in self.messages[1:] if each["body"]]

    @property
    def rows(self) -> list[dict[str, str]]:
        return rows_of(b"".join(self.pieces).decode())


Fetch = Callable[[str], Sent]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def fetch(services: Services, ann: User, tmp_path: Path) -> Iterator[Fetch]:
    """Asks for one file in Ann's name, from a ledger of the test's own."""
    services.ledger = tmp_path / "ledger.sqlite3"
    bridge = Bridge(lambda environ, start_response: [], {}, threads=1)
    session = session_of(ann)

    async def never() -> dict[str, Any]:
        return await asyncio.Future()

    async def admit(scope: Scope) -> Who | Refused:
        return await bridge.run(access.admit, scope)

    def get(name: str) -> Sent:
        sent = Sent()
        headers = {
            "host": "127.0.0.1",
            "cookie": f"candlewick_session={session}",
            "sec-fetch-site": "same-origin",
        }
        scope = {
            "type": "http", "method": "GET", "scheme": "http", "path": f"/portfolio/export/{name}.csv",
            "query_string": b"", "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }  # fmt: skip
        asyncio.run(export.serve_export(scope, never, sent, services, bridge, admit))
        return sent

    yield get
    bridge.close()
    services.close()


@pytest.fixture
def history(ann: User, tmp_path: Path) -> int:
    """Five orders of Ann's, each with its fill."""
    number: int = ann.accounts.get().pk
    with journal_at(tmp_path / "ledger.sqlite3") as journal:
        journal.commit([opened(number), *(trade(number, "0.1234567", day=day) for day in range(5))])
    return number


def test_fills_say_what_the_api_says_to_the_last_place(
    fetch: Fetch, history: int, ann: User, browser: Browser
) -> None:
    told = browser(ann).get("/api/fills/").json()["items"]
    found = fetch("fills").rows
    assert [each["id"] for each in found] == [each["id"] for each in told]
    assert [Decimal(each["price"]) for each in found] == [Decimal("100.10")] * 5
    assert found[0]["fee"] == "0.1001"
    assert found[0]["liquidation"] == "false"


def test_orders_are_all_there_however_many_pages_they_fill(
    fetch: Fetch, history: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 2)
    sent = fetch("orders")
    assert len(sent.rows) == 5
    assert len({each["id"] for each in sent.rows}) == 5
    assert len(sent.pieces) == 3  # a page a piece: no more than one is ever held


def test_postings_sum_to_nothing(fetch: Fetch, history: int) -> None:
    found = fetch("postings").rows
    assert {each["kind"] for each in found} == {"deposit", "fill"}
    assert sum(Decimal(each["amount"]) for each in found) == 0
    assert "E" not in "".join(each["amount"] for each in found)


def test_before_any_engine_has_run_it_says_so_instead_of_an_empty_file(fetch: Fetch) -> None:
    sent = fetch("fills")
    assert sent.status == 503
    assert b"There is no ledger yet" in sent.pieces[0]


def test_positions_are_exact_and_unknowns_empty(fetch: Fetch, link: FakeLink) -> None:
    held = shapes.position(quantity="0.123456789012345678", current_price=None)
    link.answers["account.positions"] = lambda account: [held]
    [row] = fetch("positions").rows
    assert row["quantity"] == "0.123456789012345678"
    assert row["current_price"] == ""


def test_nothing_that_somebody_wrote_becomes_a_formula(fetch: Fetch, link: FakeLink) -> None:
    rows = [
        {"currency": text, "total": Decimal("-1.5"), "free": 0, "locked": 0, "value": Decimal("-1.5")}
        for text in ('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1")
    ]
    link.answers["account.balances"] = lambda account: rows
    found = fetch("balances").rows
    assert all(each["currency"].startswith("'") for each in found)
    assert all(each["total"] == "-1.5" for each in found)  # a number is one, below zero too


# --- over a socket


def balances_of(served: Served, path: str, user: User | None, **headers: str) -> Any:
    served.link.answers["account.balances"] = lambda account: [
        {"currency": "USDT", "total": Decimal("1.10"), "free": 1, "locked": 0, "value": Decimal("1.1")}
    ]
    session = session_of(user) if user is not None else ""
    return served.fetch(path, session=session, headers=headers or OURS)


def test_it_is_a_file_that_nobody_keeps(serve: Serve, ann: User) -> None:
    answer = balances_of(serve(), "/portfolio/export/balances.csv", ann)
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="candlewick-balances.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert rows_of(answer.body)[0]["total"] == "1.10"


def test_it_is_for_those_who_may_see_the_account(serve: Serve, ann: User, person: Person) -> None:
    served = serve()
    path = f"/portfolio/export/balances.csv?account={ann.accounts.get().pk}"
    assert balances_of(served, path, person(Role.TRADER)).status == 404
    assert balances_of(served, path, None).status == 401
    assert balances_of(served, path, ann, **{"Sec-Fetch-Site": "cross-site"}).status == 401
    assert not served.link.asked
    assert balances_of(served, path, ann).status == 200


def test_its_address_can_be_typed_or_kept_as_a_bookmark(serve: Serve, ann: User) -> None:
    served = serve()
    path = "/portfolio/export/balances.csv"
    assert balances_of(served, path, ann, **{"Sec-Fetch-Site": "none"}).status == 200
    assert balances_of(served, path, ann, Accept="text/csv").status == 200
    assert balances_of(served, path, ann, Referer="https://elsewhere.example/").status == 401
    stream = served.fetch("/stream/?channels=portfolio", session=session_of(ann), headers={"Accept": "*/*"})
    assert stream.status == 401


def test_a_program_needs_a_token_that_may_look(serve: Serve, ann: User) -> None:
    served = serve()
    for scopes, status in ((["read"], 200), (["trade"], 403)):
        _, token = api_tokens.issue(ann, "a program", scopes)
        headers = {"Authorization": f"Bearer {token}"}
        answer = balances_of(served, "/portfolio/export/balances.csv", None, **headers)
        assert answer.status == status


def test_too_many_files_are_refused_and_told_when_to_come_again(serve: Serve, ann: User) -> None:
    served, path = serve(), "/portfolio/export/balances.csv"
    limits.limiter.cache_clear()
    with override_settings(REQUESTS_PER_MINUTE=1):
        first, second = balances_of(served, path, ann), balances_of(served, path, ann)
    limits.limiter.cache_clear()
    assert (first.status, first.headers["RateLimit-Remaining"]) == (200, "0")
    assert (second.status, second.headers["RateLimit-Remaining"]) == (429, "0")
    assert 1 <= int(second.headers["Retry-After"]) <= 60
    assert "At most 1 requests a minute" in second.body
    assert len(served.link.asked) == 1, "what is refused costs the engine nothing"


def test_an_engine_that_is_away_is_told_of_before_a_file_begins(serve: Serve, ann: User) -> None:
    served = serve()

    def away(**arguments: Any) -> Any:
        raise EngineAway("The engine is away.")

    served.link.answers["account.positions"] = away
    answer = served.fetch("/portfolio/export/positions.csv", session=session_of(ann), headers=OURS)
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert "The engine is away." in answer.body


def test_no_other_file_is_there(serve: Serve, ann: User) -> None:
    answer = serve().fetch("/portfolio/export/passwords.csv", session=session_of(ann), headers=OURS)
    assert answer.status == 404
