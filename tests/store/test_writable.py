"""Whether the rows can be written: on a file and on a real server, free, locked, full and gone."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from candlewick.store.sqlite import SqliteConnection
from candlewick.store.writable import WriteCheck

TABLE = (
    "CREATE TABLE django_session "
    "(session_key VARCHAR(40) PRIMARY KEY, session_data TEXT, expire_date TIMESTAMP)"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.sqlite3"
    rows = sqlite3.connect(path)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute(TABLE)
    rows.close()
    return path


@pytest.fixture
def check(path: Path) -> Iterator[WriteCheck]:
    check = WriteCheck(path, kept_s=0)
    yield check
    check.close()


def test_it_tells_that_another_process_holds_the_lock_and_that_it_does_no_more(
    check: WriteCheck, path: Path
) -> None:
    assert check.trouble() == ""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert check.trouble() == "Another process holds its write lock. Try again."
    other.execute("ROLLBACK")
    assert check.trouble() == ""
    assert other.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
    other.close()


def test_it_writes_in_earnest_so_that_a_full_disk_is_seen(check: WriteCheck, path: Path) -> None:
    other = sqlite3.connect(path)
    [before] = other.execute("PRAGMA data_version").fetchone()
    assert check.trouble() == ""
    [after] = other.execute("PRAGMA data_version").fetchone()
    other.close()
    assert after != before


def test_what_was_found_is_kept_so_that_asking_often_costs_nothing(path: Path) -> None:
    check, other = WriteCheck(path, kept_s=1e9), sqlite3.connect(path, isolation_level=None)
    assert check.trouble() == ""
    other.execute("BEGIN IMMEDIATE")
    assert check.trouble() == ""
    check.close()
    other.close()


def test_who_asks_while_it_is_tried_hears_at_once_what_was_found_before(
    check: WriteCheck, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check.trouble() == ""
    meanwhile: list[str] = []

    def ask_beside(*_: object) -> None:
        asking = threading.Thread(target=lambda: meanwhile.append(check.trouble()))
        asking.start()
        asking.join()

    monkeypatch.setattr(SqliteConnection, "write", ask_beside)
    check.trouble()
    assert meanwhile == ["", ""]


def test_a_file_that_is_damaged_is_told_but_not_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    path.write_bytes(b"nonsense" * 1_000)
    check = WriteCheck(path)
    assert check.trouble().startswith("It is damaged (file is not a database).")
    assert str(tmp_path) not in check.trouble()
    check.close()


def test_a_table_locked_on_a_server_is_told(postgres_url: str) -> None:
    check = WriteCheck(postgres_url, kept_s=0)
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(TABLE)
        try:
            assert check.trouble() == ""
            with other.transaction():
                other.execute("LOCK TABLE django_session")
                assert "lock" in check.trouble()
            assert check.trouble() == ""
        finally:
            check.close()
            other.execute("DROP TABLE django_session")
