"""A database that cannot be written is a 503 with a sentence, for pages and data alike."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from candlewick.runtime.jobs import desk
from candlewick.store.models import Account, Role, User
from candlewick.web import problem
from tests.web import ground
from tests.web.conftest import Browser, Person

JSON = "application/json"


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


@contextmanager
def locked() -> Iterator[None]:
    """Another process writes, for longer than anybody waits."""
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)) as other:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            connection.close()


@contextmanager
def full() -> Iterator[None]:
    """The file may not grow."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA max_page_count = 1")  # as many as there are
    try:
        yield
    finally:
        connection.close()


def put_watchlist(client: Client) -> Any:
    return client.put("/api/watchlist/", {"symbols": ["BTCUSDT"]}, content_type=JSON)


def test_a_program_is_told_that_the_database_is_locked(client: Client) -> None:
    with locked():
        answer = put_watchlist(client)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer["Retry-After"] == "5"
    assert "another process holds its write lock" in answer.json()["detail"]
    assert put_watchlist(client).status_code == 200


def test_a_program_is_told_that_the_disk_is_full(client: Client, ann: User) -> None:
    study = desk.submit(ann.id, "backtest", {}, name="A study", draft=True)
    path, notes = f"/api/research/backtests/{study.pk}/", {"notes": "n" * 20_000}
    with full():
        answer = client.patch(path, notes, content_type=JSON)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert "the disk is full. Free some space" in answer.json()["detail"]
    assert client.patch(path, notes, content_type=JSON).status_code == 200


def test_a_page_is_told_in_a_page(browser: Browser, ann: User) -> None:
    asking = browser()
    with locked():
        answer = asking.post("/accounts/login/", {"login": ann.username, "password": ground.PASSWORD})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    page = answer.content.decode()
    assert "This cannot be done now" in page
    assert "another process holds its write lock" in page


def test_a_page_is_told_also_where_nothing_can_be_read(client: Client) -> None:
    broken = sqlite3.OperationalError("disk I/O error")
    broken.sqlite_errorcode = sqlite3.SQLITE_IOERR

    def fail(*_: Any) -> Any:
        raise OperationalError("disk I/O error") from broken

    with connection.execute_wrapper(fail):
        answer = client.get("/settings/")
    assert answer.status_code == 503
    assert "the disk failed" in answer.content.decode()


def test_a_session_that_cannot_be_kept_is_told_in_a_page(client: Client, ann: User) -> None:
    account = Account.objects.get(user=ann)
    with locked():  # the view has only chosen: the session is written behind it
        answer = client.post("/settings/accounts/choose/", {"account": account.pk})
    assert answer.status_code == 503
    assert "another process holds its write lock" in answer.content.decode()


def test_a_session_that_was_ended_meanwhile_is_no_fault_of_the_database(client: Client, ann: User) -> None:
    account = Account.objects.get(user=ann)
    ending = mock.patch("candlewick.web.people.account_pages.redirect", side_effect=_ends_its_session(client))
    with ending:
        answer = client.post("/settings/accounts/choose/", {"account": account.pk})
    assert answer.status_code == 400


def _ends_its_session(client: Client) -> Callable[[str], HttpResponse]:
    def end(onward: str) -> HttpResponse:
        Session.objects.filter(pk=client.session.session_key).delete()
        return HttpResponse()

    return end


def test_a_full_disk_under_a_file_is_told() -> None:
    asked = RequestFactory().post("/api/research/backtests/")
    answer = problem.unavailable(asked, OSError(errno.ENOSPC, "No space left on device", "/data/note.png"))
    assert answer is not None
    assert (answer.status_code, json.loads(answer.content)["detail"]) == (
        503, "/data/note.png: the disk is full. Free some space.",
    )  # fmt: skip


def test_a_statement_that_is_wrong_stays_a_mistake_of_ours() -> None:
    asked = RequestFactory().get("/api/watchlist/")
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        cursor.execute("SELECT nothing FROM nowhere")
    assert problem.unavailable(asked, caught.value) is None
    assert problem.unavailable(asked, ValueError("no number")) is None
    assert problem.unavailable(asked, FileNotFoundError(errno.ENOENT, "No such file")) is None
