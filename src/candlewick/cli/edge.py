"""What the verbs share: options, faults that become sentences, a progress bar where somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer import Option, echo

from candlewick.core.errors import CandlewickError, ConfigError, StrategyError, UsageError

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
def edge() -> Iterator[None]:
    """Faults become a sentence on stderr: 2 for wrong usage, 1 for work that failed, as a strategy may."""
    try:
        yield
    except CandlewickError as error:
        echo(f"candlewick: {error}", err=True)
        wrong_usage = isinstance(error, UsageError) and not isinstance(error, StrategyError)
        raise typer.Exit(2 if wrong_usage else 1) from error


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
