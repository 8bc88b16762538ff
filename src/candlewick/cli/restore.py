"""`candlewick restore`: what a backup holds, into an empty folder or database, and proof that it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from candlewick.core.errors import StoreError, UsageError
from candlewick.runtime.settings import Settings, load


def command(
    file: Annotated[Path, Argument(help="A file that `candlewick backup` wrote.")],
    data_dir: Annotated[Path | None, Option(help="An empty folder; the data folder unless told.")] = None,
) -> None:
    """Bring back a backup into an empty folder (and, of PostgreSQL, an empty database), then check it."""
    from candlewick.cli import audit
    from candlewick.runtime.supervisor import owning
    from candlewick.store import backup, keys

    manifest = backup.look(file)
    settings = load(data_dir=data_dir)
    url = None if settings.database_url is None else settings.database_url.get_secret_value()
    if (manifest.database == "postgresql") != (url is not None):
        where = "set DATABASE_URL to an empty one" if url is None else "unset DATABASE_URL"
        raise UsageError(f"{file} holds a database of {manifest.database}: {where}.")
    backup.require_empty(settings.data_dir)
    with owning(settings.data_dir):
        if url is not None:
            backup.require_empty_database(url)
        backup.restore_files(file, manifest, settings.data_dir)
        settings = load(data_dir=data_dir)  # its candlewick.toml is there now
        has_key = bool(keys.load(settings.data_dir, settings.master_key_text, make=False))
        if url is not None:
            _make_tables(settings)
            backup.restore_tables(file, manifest, url)
            if not has_key:  # the tables were made under one that protects nothing
                (settings.data_dir / keys.KEY_FILE).unlink(missing_ok=True)
    echo(f"Restored {len(manifest.parts)} parts of {manifest.made_at} into {settings.data_dir}.")
    if not has_key:
        echo("Put its master.key and secret.key beside them, then check with `candlewick audit verify`.")
        return
    _, faults = audit.look(settings)
    if faults:
        raise StoreError(f"It is not whole: {faults[0].text}")
    echo("It is whole.")


def _make_tables(settings: Settings) -> None:
    """The tables of this version, empty."""
    from candlewick.store.databases import database_at
    from candlewick.store.journal import schema
    from candlewick.web.boot import boot, migrate

    boot(settings)
    migrate()
    database = database_at(settings.ledger)
    connection = database.connect()
    try:
        schema.migrate(database, connection, b"")  # its head comes with the backup, sealed
    finally:
        connection.close()
