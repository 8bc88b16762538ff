"""One file that holds all that matters: rows, ledger, lanes, pictures, settings; and the way back.

A backup is a zip of consistent copies, made while everything runs. What is in SQLite is copied by SQLite's
own backup; what is in PostgreSQL is copied from one snapshot. The keys that open what is encrypted in it are
left out unless they are asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import psycopg
from psycopg import sql

from candlewick.core.errors import StoreDamaged, StoreError, UsageError
from candlewick.store.audit.anchor import FILE_NAME as ANCHOR_FILE
from candlewick.store.databases import LEDGER_FILE, ROWS_FILE
from candlewick.store.keys import KEY_FILE

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
LANES_FILE: Final = "lanes.sqlite3"
SECRET_FILE: Final = "secret.key"
SETTINGS_FILE: Final = "candlewick.toml"
PICTURES: Final = "screenshots"
STUDIES: Final = "studies"
_PASSING: Final = frozenset({"lock", "pieces"})  # of a study: what only its own process needs
_TABLE_FOLDER: Final = "postgresql"
_CHUNK: Final = 1 << 20
# What the ledger knows of an account, the rows must know too: so the ledger is copied first.
_DATABASES: Final = (LEDGER_FILE, ROWS_FILE, LANES_FILE)
_MADE_BY_MIGRATIONS: Final = frozenset(("django_migrations", "ledger_version"))


class Part(msgspec.Struct, frozen=True):
    """A file in a backup: its name and its SHA-256; of a table, its columns too."""

    name: str
    sha256: str
    columns: list[str] | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, and what made it."""

    format: int
    version: str
    made_at: str
    database: str
    parts: list[Part]


def write(
    file: Path,
    data_dir: Path,
    url: str | None,
    *,
    version: str,
    made_at: str,
    with_keys: bool,
    with_lake: bool,
) -> Manifest:
    """Write a backup into `file`, which must not exist yet.

    Raises:
        UsageError: the file exists.
        StoreError: there is nothing to back up, a database cannot be read, or the file not be written.
    """
    if file.exists():
        raise UsageError(f"{file} exists already. Choose another name: a backup never replaces one.")
    if url is None and not (data_dir / ROWS_FILE).exists():
        raise StoreError(f"There is nothing in {data_dir} to back up.")
    fresh = file.with_name(f"{file.name}.part")
    parts: list[Part] = []
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
                plain = _plain_files(data_dir, with_keys=with_keys)
                parts += [_put_file(archive, path, path.name) for path in plain]
                parts += _put_databases(archive, data_dir)
                if url is not None:
                    parts += _put_tables(archive, url)
                for folder in (PICTURES, STUDIES):  # after the rows that name what is in them
                    parts += _put_folder(archive, data_dir, folder)
                if with_lake:
                    parts += _put_lake(archive, data_dir / "lake")
                manifest = Manifest(
                    format=FORMAT, version=version, made_at=made_at,
                    database="sqlite" if url is None else "postgresql", parts=parts,
                )  # fmt: skip
                archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
            raw.flush()
            os.fsync(descriptor)
        fresh.rename(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}. Choose another place.") from None
    finally:
        fresh.unlink(missing_ok=True)
    return manifest


def look(file: Path) -> Manifest:
    """What a backup holds; every part of it is read and compared.

    Raises:
        StoreError: it is none, is damaged, or was written by a newer Candlewick.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            if manifest.format > FORMAT:
                raise StoreError(f"{file} was written by a newer Candlewick. Install that one.")
            for part in manifest.parts:
                with archive.open(part.name) as content:
                    if _digest(content) != part.sha256:
                        raise StoreDamaged(f"{file} is damaged: {part.name} is not what was written.")
    except FileNotFoundError:
        raise UsageError(f"There is no file {file}.") from None
    except (OSError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise StoreDamaged(f"{file} is no backup, or is damaged ({error}). Take another.") from None
    return manifest


def require_empty(data_dir: Path) -> None:
    """Make sure that nothing would be overwritten.

    Raises:
        UsageError: the folder holds something.
    """
    if data_dir.exists() and any(path.name != "candlewick.lock" for path in data_dir.iterdir()):
        raise UsageError(f"{data_dir} is not empty. Restore into an empty folder: name one with --data-dir.")


def restore_files(file: Path, manifest: Manifest, data_dir: Path) -> None:
    """Bring back the files of a backup into an empty folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file) as archive:
        for part in manifest.parts:
            if part.columns is not None:
                continue
            path = (data_dir / part.name).resolve()
            if not path.is_relative_to(data_dir.resolve()):
                raise StoreDamaged(f"{file} is no backup of ours: it holds {part.name!r}.")
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target, archive.open(part.name) as content:
                while chunk := content.read(_CHUNK):
                    target.write(chunk)
                target.flush()
                os.fsync(descriptor)


def require_empty_database(url: str) -> None:
    """Make sure that the database holds nothing of ours.

    Raises:
        UsageError: it does.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        if _tables(connection):
            raise UsageError("The database of DATABASE_URL is not empty. Restore into an empty one.")


def restore_tables(file: Path, manifest: Manifest, url: str) -> None:
    """Fill the tables that the migrations have made, all in one transaction."""
    with (
        zipfile.ZipFile(file) as archive,
        psycopg.connect(url) as connection,
    ):
        there = _tables(connection)
        wanted = [part for part in manifest.parts if part.columns is not None]
        for part in wanted:
            table = _table_of(part)
            if table in _MADE_BY_MIGRATIONS:
                continue
            if table not in there:
                raise StoreError(f"{file} holds the table {table}, which this version does not know.")
            if connection.execute(
                sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))
            ).fetchone():
                # what the migrations put in; rows that refer to it are gone when the transaction ends
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for part in wanted:
            table = _table_of(part)
            if table not in _MADE_BY_MIGRATIONS:
                _fill(connection, archive, part, table)
        for table, column, sequence in _sequences(connection):
            connection.execute(
                sql.SQL("SELECT setval({}, coalesce((SELECT max({}) FROM {}), 0) + 1, false)").format(
                    sql.Literal(sequence), sql.Identifier(column), sql.Identifier(table)
                )
            )


def _plain_files(data_dir: Path, *, with_keys: bool) -> Iterator[Path]:
    names = [ANCHOR_FILE, SETTINGS_FILE, *((KEY_FILE, SECRET_FILE) if with_keys else ())]
    for name in names:
        if (data_dir / name).exists():
            yield data_dir / name


def _put_file(archive: zipfile.ZipFile, path: Path, name: str) -> Part:
    with path.open("rb") as content:
        digest = _digest(content)
    archive.write(path, name)
    return Part(name, digest)


def _put_databases(archive: zipfile.ZipFile, data_dir: Path) -> list[Part]:
    parts = []
    for name in _DATABASES:
        if (data_dir / name).exists():
            with tempfile.TemporaryDirectory(prefix="candlewick-backup-") as folder:
                copy = Path(folder) / name
                _copy_sqlite(data_dir / name, copy)
                parts.append(_put_file(archive, copy, name))
    return parts


def _copy_sqlite(source: Path, copy: Path) -> None:
    """A consistent copy of a database that others write meanwhile."""
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as theirs,
            contextlib.closing(sqlite3.connect(copy)) as ours,
        ):
            theirs.backup(ours)
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be copied: {error}.") from error


def _put_folder(archive: zipfile.ZipFile, data_dir: Path, folder: str) -> list[Part]:
    """What people hung on their trades, or found in studies. What is deleted at this moment is left out."""
    parts = []
    for path in sorted((data_dir / folder).rglob("*")):
        if path.is_file() and path.name not in _PASSING and path.suffix != ".part":
            with contextlib.suppress(FileNotFoundError):
                parts.append(_put_file(archive, path, path.relative_to(data_dir).as_posix()))
    return parts


def _put_lake(archive: zipfile.ZipFile, lake: Path) -> list[Part]:
    """The lake: its manifest first, so that every file it names is copied after it; none is ever changed."""
    if not (lake / "lake.sqlite3").exists():
        return []
    parts = []
    with tempfile.TemporaryDirectory(prefix="candlewick-backup-") as folder:
        copy = Path(folder) / "lake.sqlite3"
        _copy_sqlite(lake / "lake.sqlite3", copy)
        parts.append(_put_file(archive, copy, "lake/lake.sqlite3"))
    files = sorted(lake.rglob("*.parquet"))
    return parts + [_put_file(archive, path, f"lake/{path.relative_to(lake).as_posix()}") for path in files]


def _put_tables(archive: zipfile.ZipFile, url: str) -> list[Part]:
    parts = []
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables(connection):
            columns = _columns(connection, table)
            name, digest = f"{_TABLE_FOLDER}/{table}", hashlib.sha256()
            statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), _listed(columns))
            with (
                archive.open(name, "w", force_zip64=True) as target,
                connection.cursor() as cursor,
                cursor.copy(statement) as rows,
            ):
                for data in rows:
                    digest.update(data)
                    target.write(data)
            parts.append(Part(name, digest.hexdigest(), columns))
    return parts


def _fill(connection: psycopg.Connection[Any], archive: zipfile.ZipFile, part: Part, table: str) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _listed(part.columns or []))
    with (
        archive.open(part.name) as content,
        connection.cursor() as cursor,
        cursor.copy(statement) as rows,
    ):
        while chunk := content.read(_CHUNK):
            rows.write(chunk)


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    found = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    )
    return [name for (name,) in found]


def _columns(connection: psycopg.Connection[Any], table: str) -> list[str]:
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        (table,),
    )
    return [name for (name,) in found]


def _sequences(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Every table's column that is numbered by a sequence, and the sequence."""
    found = connection.execute(
        "SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) "
        "FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'"
    )
    return [row for row in found if row[2] is not None]


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _table_of(part: Part) -> str:
    return part.name.removeprefix(f"{_TABLE_FOLDER}/")


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
