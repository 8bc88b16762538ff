"""`candlewick bench`: how fast this machine does what the project promises, each as a ratio to its limit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from typer import echo

from candlewick.cli.edge import AsJson, DataDir, progress_bar

if TYPE_CHECKING:
    from candlewick.cli.measuring.figure import Figure

POSITIONS = 20


def command(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Measure backtests, the heart and the journal on this machine and this disk.

    Half a minute. CPU time, but for the journal, which waits for the disk of the data folder. A ratio of 1.00
    is at the limit that the project holds itself to, on two shared cores; less is better.
    """
    from candlewick.cli.measuring.figure import table
    from candlewick.cli.printing import print_json

    with progress_bar("Measuring") as progress:
        found = [*backtests()]
        progress(0.4)
        found.append(heart())
        progress(0.7)
        found += journal(data_dir)
    if as_json:
        print_json({"figures": [asdict(each) | {"ratio": each.ratio, "holds": each.holds} for each in found]})
    else:
        echo(table(found))


def backtests() -> tuple[Figure, Figure]:
    """A million bars by signals, and bar by bar."""
    from candlewick.cli.measuring.figure import Figure
    from candlewick.cli.measuring.strategies import MINUTES, measured

    signals, every = measured()
    return (
        Figure("backtest of 1,000,000 bars, averages that cross", signals * 1e3, "ms", 12.0),
        Figure("the same bar by bar in Python", MINUTES / every, "bars/s", 2e6, at_least=True),
    )


def heart() -> Figure:
    """A tick of a market that many accounts hold."""
    from candlewick.cli.measuring.figure import Figure
    from candlewick.cli.measuring.heart import tick_us

    return Figure("heart: a tick that marks 20 positions", tick_us(POSITIONS, 1), "µs", 10.0)


def journal(data_dir: Path | None) -> tuple[Figure, Figure]:
    """Orders on their way to the disk of the data folder."""
    from candlewick.cli.measuring.figure import Figure
    from candlewick.cli.measuring.orders import orders_a_second
    from candlewick.runtime.settings import load

    folder = load(data_dir=data_dir).data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=folder) as place:
        single, many = orders_a_second(Path(place) / "orders.sqlite3")
    return (
        Figure("orders to disk, one by one", single, "/s", 300.0, at_least=True),
        Figure("orders to disk, many at once", many, "/s", 2_000.0, at_least=True),
    )
