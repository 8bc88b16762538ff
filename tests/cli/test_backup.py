"""`candlewick backup` and `restore`: what comes back is what was there, and is proved whole."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import psycopg

from candlewick.runtime.jobs.folders import STUDIES
from candlewick.store.databases import database_at
from tests.cli.ground import Cli, refused
from tests.cli.test_audit import begun
from tests.cli.test_key import SECRET, add, opened
from tests.servers import PostgresServer


def test_everything_comes_back_into_an_empty_folder(cli: Cli, tmp_path: Path) -> None:
    begun(cli)
    made = add(cli)
    (cli.data_dir / "candlewick.toml").write_text('log_level = "warning"\n')
    picture = Path("screenshots/1/a.png")
    (cli.data_dir / picture).parent.mkdir(parents=True)
    (cli.data_dir / picture).write_bytes(b"a picture")
    result = Path(STUDIES) / "5f0c" / "result.json"
    (cli.data_dir / result).parent.mkdir(parents=True)
    (cli.data_dir / result).write_text("{}")
    (cli.data_dir / result).with_name("pieces").write_text("what only a running study needs")
    told = cli.done("backup", str(tmp_path / "b.zip"), "--with-keys")
    assert SECRET not in told
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    again = Cli(tmp_path / "again")
    assert "It is whole." in again.done("restore", str(tmp_path / "b.zip"))
    assert again.json("user", "list") == cli.json("user", "list")
    assert opened(again, made["id"]) == SECRET
    assert again.json("audit", "verify")["chains"]["audit"]["rows"] == 3
    assert (again.data_dir / "candlewick.toml").read_text() == 'log_level = "warning"\n'
    assert (again.data_dir / picture).read_bytes() == b"a picture"
    assert (again.data_dir / result).read_text() == "{}"
    assert not (again.data_dir / result).with_name("pieces").exists()
    assert stat.S_IMODE((again.data_dir / "ledger.sqlite3").stat().st_mode) == 0o600


def test_it_comes_back_into_an_empty_postgresql(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    cli = Cli(tmp_path / "data", DATABASE_URL=postgres_url)
    begun(cli)
    made = add(cli)
    cli.done("backup", str(tmp_path / "b.zip"), "--with-keys")
    name = f"{postgres_url.rpartition('/')[2]}_again"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    again = Cli(tmp_path / "again", DATABASE_URL=postgres.url(name))
    assert "It is whole." in again.done("restore", str(tmp_path / "b.zip"))
    assert again.json("user", "list") == cli.json("user", "list")
    assert opened(again, made["id"]) == SECRET
    again.done("user", "add", "bob")  # numbers go on where they were
    refused(again("restore", str(tmp_path / "b.zip")), "is not empty", code=2)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_keys_stay_out_unless_they_are_asked_for(cli: Cli, tmp_path: Path) -> None:
    begun(cli)
    assert "Keep master.key" in cli.done("backup", str(tmp_path / "b.zip"))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert {"master.key", "secret.key"}.isdisjoint(archive.namelist())
    again = Cli(tmp_path / "again")
    assert "Put its master.key" in again.done("restore", str(tmp_path / "b.zip"))
    (again.data_dir / "master.key").write_text((cli.data_dir / "master.key").read_text())
    assert again.json("audit", "verify")["whole"] is True


def test_what_cannot_be_done_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    refused(cli("backup", str(tmp_path / "b.zip")), "There is nothing in")
    cli.done("user", "add", "ann")
    cli.done("backup", str(tmp_path / "b.zip"))
    refused(cli("backup", str(tmp_path / "b.zip")), "exists already", code=2)
    refused(cli("restore", str(tmp_path / "b.zip")), "is not empty", code=2)
    refused(cli("restore", str(tmp_path / "no.zip")), "There is no file", code=2)
    (tmp_path / "text.zip").write_text("no zip")
    again = Cli(tmp_path / "again")
    refused(again("restore", str(tmp_path / "text.zip")), "is no backup")
    data = (tmp_path / "b.zip").read_bytes()
    middle = len(data) // 2
    (tmp_path / "torn.zip").write_bytes(data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :])
    refused(again("restore", str(tmp_path / "torn.zip")), "is damaged")
    assert not again.data_dir.exists() or not list(again.data_dir.iterdir())


def test_it_copies_what_is_being_written(cli: Cli, tmp_path: Path) -> None:
    begun(cli)
    connection = database_at(cli.data_dir / "ledger.sqlite3").connect()
    with connection.transaction():
        connection.write("DELETE FROM ledger_lane_event")
        cli.done("backup", str(tmp_path / "b.zip"), "--with-keys")
    connection.close()
    assert "It is whole." in Cli(tmp_path / "again").done("restore", str(tmp_path / "b.zip"))
