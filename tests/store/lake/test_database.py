"""The SQLite file: made once, moved forward, and its troubles told in sentences."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from candlewick.core.errors import StoreError
from candlewick.store.lake import Lake
from candlewick.store.lake.database import FILE_NAME, MIGRATIONS, Database
from tests.store.lake.samples import BTC, candle

NOBODY = 65_534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_it_is_made_by_several_processes_at_once_without_a_fault(tmp_path: Path) -> None:
    code = "import sys, pathlib, candlewick.store.lake as l; l.Lake(pathlib.Path(sys.argv[1])).close()"
    opening = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [process.wait(60) for process in opening] == [0, 0, 0, 0]


def test_it_refuses_a_file_that_a_newer_version_wrote(tmp_path: Path) -> None:
    Lake(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer Candlewick"):
        Lake(tmp_path)


def test_it_moves_an_older_file_forward_and_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lake(tmp_path) as lake:
        lake.put_candles([candle(0)])
    added = "CREATE TABLE added (x);\nINSERT INTO added VALUES (1)"
    monkeypatch.setattr("candlewick.store.lake.database.MIGRATIONS", (*MIGRATIONS, added))
    with Lake(tmp_path) as lake:
        assert len(lake.candles(BTC, "1m")) == 1
        with lake.database.read() as connection:
            assert connection.execute("SELECT x FROM added").fetchall() == [(1,)]


def test_a_lake_of_the_first_version_tells_of_changes_once_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("candlewick.store.lake.database.MIGRATIONS", MIGRATIONS[:1])
        with Database(tmp_path).write() as connection:
            connection.execute("INSERT INTO series VALUES (1, 'candles', ?, '1m')", (BTC,))
    with Lake(tmp_path) as lake:
        assert lake.changes(BTC, "1m") == 0
        lake.put_candles([candle(0)])
        assert lake.changes(BTC, "1m") == 1


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(tmp_path).close()
    broken = "CREATE TABLE added (x);\nCREATE TABLE added (x)"
    with monkeypatch.context() as patch:
        patch.setattr("candlewick.store.lake.database.MIGRATIONS", (*MIGRATIONS, broken))
        with pytest.raises(StoreError, match="already exists"):
            Lake(tmp_path)
    Lake(tmp_path).close()


def test_a_full_disk_is_told_and_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        lake.put_candles([candle(0)])
        with lake.database.read() as connection:
            connection.execute("PRAGMA max_page_count=60").fetchall()
        with pytest.raises(StoreError, match="disk is full"):
            lake.put_candles(candle(60 * i) for i in range(20_000))
        assert len(lake.candles(BTC, "1m")) == 1
        with lake.database.read() as connection:
            connection.execute("PRAGMA max_page_count=100000").fetchall()
        assert lake.put_candles([candle(60)]) == 1


WRITES = f"""
import os, pathlib, sys
from candlewick.core.errors import StoreError
from candlewick.core.events import Candle
from candlewick.store.lake import Lake
bar = Candle("x:A", "1m", 60, 1.0, 1.0, 1.0, 1.0, 1.0, True, 1, 1)
with Lake(pathlib.Path(sys.argv[1])) as lake:  # what it imports is in memory then
    pass
if os.geteuid() == 0:  # root may write anything
    os.setuid({NOBODY})
try:
    with Lake(pathlib.Path(sys.argv[1])) as lake:
        lake.put_candles([bar])
except StoreError as error:
    print(error)
"""


def test_a_folder_that_may_not_be_written_is_told(open_folder: Path) -> None:
    with Lake(open_folder) as lake:
        lake.put_candles([candle(0)])
    for path in (*open_folder.iterdir(), open_folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    told = subprocess.run(
        [sys.executable, "-c", WRITES, str(open_folder)], capture_output=True, text=True, timeout=60
    )
    open_folder.chmod(0o777)
    assert "Check" in told.stdout, told.stderr
    assert str(open_folder) in told.stdout


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be made"):
        Lake(tmp_path / "lake")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"time,open,high,low,close\n" * 200)
    with pytest.raises(StoreError, match="damaged"):
        Lake(tmp_path)


def test_a_closed_lake_says_so(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.close()
    with pytest.raises(StoreError, match="closed"):
        lake.candles(BTC, "1m")


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def put_and_raise() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO series (kind, instrument, interval) VALUES ('a', 'b', 'c')")
            raise KeyError

    with pytest.raises(KeyError):
        put_and_raise()
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM series").fetchone() == (0,)
    database.close()
