"""`candlewick version`."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from typer import Option, echo


def command(
    data_dir: Annotated[Path | None, Option(help="Every verb takes it; this one needs none.")] = None,
) -> None:
    """Print the version."""
    echo(version("candlewick"))
