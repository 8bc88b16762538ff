"""What the verbs share: options, faults that become sentences, a progress bar where somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from typer import Option, echo

from candlewick.core.errors import (
    BadData,
    CandlewickError,
    ConfigError,
    StoreDamaged,
    StrategyError,
    UsageError,
)

PARTS: Final = ("engine", "web", "sim", "worker")

DataDir = Annotated[Path | None, Option(help="Folder for database, history and settings.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON document and nothing else.")]
Timerange = Annotated[str | None, Option(help="From-to, UTC: 20240101-20240601, 20240101- or -20240601.")]


def _known_venues(text: str | None) -> str | None:
    from candlewick.runtime.settings import names
    from candlewick.runtime.wiring import require_known

    with refusing_flags():
        require_known(names(text) or ())
    return text


VenueNames = Annotated[
    str | None,
    Option(callback=_known_venues, help="`sim`, or real venues by name: `binance`. Commas between several."),
]
Port = Annotated[int | None, Option(min=1, max=65_535, help="Port of the terminal.")]


@contextmanager
def refusing_flags() -> Iterator[None]:
    """In a flag's callback: what cannot be is wrong usage, where the same in a file is work that failed."""
    try:
        yield
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def edge(context: typer.Context) -> Iterator[None]:
    """What goes wrong in a verb becomes a sentence on stderr, and the exit code.

    2 is wrong usage: a name that nothing has, a value out of range. 1 is work that failed: a strategy that
    raised, bad rows in a file, what the machine refused.
    """
    try:
        yield
    except CandlewickError as error:
        echo(f"candlewick: {error}", err=True)
        raise typer.Exit(_code(error, context.invoked_subcommand)) from error
    except BrokenPipeError:
        raise  # whoever read us has seen enough: click ends quietly
    except OSError as error:  # a full disk, a folder that is a file, what may not be read: the machine's own
        what = f"{error.filename}: " if error.filename else ""
        echo(f"candlewick: {what}{error.strerror or error}. Put that right, and try again.", err=True)
        raise typer.Exit(1) from error


def _code(error: CandlewickError, verb: str | None) -> int:
    if isinstance(error, StoreDamaged) and verb in PARTS:
        from candlewick.runtime.supervisor import HOPELESS

        return HOPELESS
    is_work = isinstance(error, StrategyError | BadData)
    return 2 if isinstance(error, UsageError) and not is_work else 1


@contextmanager
def progress_bar(doing: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal that is told the part that is done; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda part: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=1.0)
        yield lambda part: bar.update(task, completed=part)
