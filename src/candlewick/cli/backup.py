"""`candlewick backup`: all that matters in one file, while everything runs."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json
from candlewick.core.clock import iso
from candlewick.runtime.settings import load


def command(
    file: Annotated[Path, Argument(help="The file to write, as `monday.zip`. It must not exist yet.")],
    with_keys: Annotated[
        bool, Option("--with-keys", help="Put master.key and secret.key in too: whoever has it has all.")
    ] = False,
    with_lake: Annotated[bool, Option("--with-lake", help="Put market history in too.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write people, accounts, ledger, audit and settings into FILE. Works beside a running Candlewick."""
    from candlewick.store import backup

    settings = load(data_dir=data_dir)
    url = None if settings.database_url is None else settings.database_url.get_secret_value()
    made = backup.write(
        file,
        settings.data_dir,
        url,
        version=version("candlewick"),
        made_at=iso(time.time_ns()),
        with_keys=with_keys,
        with_lake=with_lake,
    )
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "bytes": size, "parts": [part.name for part in made.parts]})
        return
    echo(f"Wrote {file}: {len(made.parts)} parts, {size:,} bytes.")
    if not with_keys and settings.master_key is None:
        echo(
            f"Keep master.key and secret.key of {settings.data_dir} too, somewhere else: without them "
            "venues' keys and two-factor secrets stay closed, and the audit cannot be proved."
        )
