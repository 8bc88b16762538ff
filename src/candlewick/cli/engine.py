"""`candlewick engine`: the engine alone, for service managers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from candlewick.runtime.logs import set_up_logging
from candlewick.runtime.settings import load


def command(
    venues: Annotated[
        str | None, Option(help="`sim`, or real venues by name. Commas between several.")
    ] = None,
    data_dir: Annotated[Path | None, Option(help="Folder for database, history and settings.")] = None,
) -> None:
    """Run the engine until SIGTERM."""
    from candlewick.runtime import engine_process

    settings = load(data_dir=data_dir, venues=venues.split(",") if venues else None)
    set_up_logging("engine", settings.log_level)
    engine_process.run(settings)
