"""`candlewick strategy`: what there is to run, a new one to begin with, and those at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option, echo

from candlewick.cli import strategy_at_work, strategy_drift
from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import document_alone, print_json, table
from candlewick.cli.strategy_folder import folder_of

if TYPE_CHECKING:
    from candlewick.research.describing import Described

app = typer.Typer(
    name="strategy",
    help="List, show and begin strategies; put them to work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
strategy_at_work.register(app)
app.command()(strategy_drift.drift)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the strategies there are: those that come with Candlewick, and your own."""
    import msgspec

    from candlewick.research.describing import look

    folder = folder_of(data_dir)
    looked = look(folder)
    if as_json:
        print_json({"folder": str(folder), **msgspec.to_builtins(looked)})
    else:
        rows = [("strategy", "from", "parameters", "what it does")]
        for each in looked.strategies:
            given = ", ".join(f"{param.name}={param.default}" for param in each.parameters)
            rows.append(
                (looked.key_of(each), "bundled" if each.bundled else Path(each.file).name, given, each.title)
            )
        table(rows, right=())
        echo(f"\nYour own stand in {folder}. `candlewick strategy new NAME` begins one.")
    for fault in looked.broken:
        where = fault.file if fault.line is None else f"{fault.file}:{fault.line}"
        echo(f"{where}: {fault.reason}", err=True)


@app.command()
def show(
    strategy: Annotated[str, Argument(help="A class, file:Class, or a path.")],
    source: Annotated[bool, Option("--source", help="Print the file's text.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a strategy does, its parameters, and where it stands."""
    import msgspec

    from candlewick.research.describing import describe
    from candlewick.research.loading import find

    with document_alone(as_json):
        told = describe(find(strategy, folder_of(data_dir)))
    if as_json:
        print_json(msgspec.to_builtins(told))
    elif source:
        echo(told.source, nl=False)
    else:
        _show(told)


@app.command()
def new(
    name: Annotated[str, Argument(help="What it is called: MyIdea, or my-idea.")],
    like: Annotated[str | None, Option(help="Begin with the text of this strategy.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a strategy to begin with, and a test beside it that passes."""
    from candlewick.cli.strategy_new import write

    strategy, test = write(folder_of(data_dir), name, like)
    echo(f"{strategy}\n{test}\nTry it: candlewick backtest {strategy.stem} --symbol … --timeframe 1h")


def _show(told: Described) -> None:
    echo(f"{told.name} ({'bundled' if told.bundled else told.file})\n")
    echo(told.text or "It has no docstring.")
    if told.timeframe:
        echo(f"\nBars: {told.timeframe}")
    if told.parameters:
        echo("")
        rows = [("parameter", "default", "may be")]
        rows += [(each.name, str(each.default), each.allowed) for each in told.parameters]
        table(rows, right=(1,))
