"""The `candlewick` command. Each verb is a module of this room, imported only when it is called."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from candlewick.cli.edge import edge

VERBS = {
    "up": "Run everything: simulated or live venues, the engine, the terminal.",
    "engine": "Run the engine alone.",
    "web": "Run the web process alone.",
    "sim": "Run the simulated exchange alone.",
    "worker": "Run studies, one after the other.",
    "replay": "Play recorded messages through the real path, to the browser.",
    "normalise": "Turn raw venue messages into normalised events, one JSON a line.",
    "backtest": "Run a strategy over history, and show what it would have made.",
    "optimise": "Search a strategy's parameters.",
    "walk-forward": "Search on one stretch of time, test on the next, again and again.",
    "cross-validate": "Make many histories of one, and judge choices on what they did not see.",
    "monte-carlo": "See how much of a result is luck.",
    "stress": "Put a strategy through crises and bad assumptions.",
    "compare": "Rank strategies, and say whether they differ.",
    "readiness": "Say whether a strategy is ready for paper or for live, and why.",
    "lookahead": "Prove that no signal knows the future.",
    "strategy": "List, show and begin strategies; put them to work.",
    "data": "Import, list, check and export history.",
    "user": "Add and list people, change their role, reset their sign-in.",
    "account": "List and show accounts; bring histories of fills into them.",
    "key": "Add, list, rotate and remove keys of venues.",
    "audit": "Check the audit log, the journal and the ledger.",
    "backup": "Write all that matters into one file.",
    "restore": "Bring back what a backup holds, into an empty folder.",
    "doctor": "Print what is in force and where it came from.",
    "bench": "Measure this machine against what the project promises.",
    "version": "Print the version.",
}


class LazyGroup(TyperGroup):
    """Loads the module of a verb when the verb is called: `candlewick version` imports no Django."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [verb for verb in VERBS if importlib.util.find_spec(_module(verb))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        module: Any = importlib.import_module(_module(cmd_name))
        app = getattr(module, "app", None)
        if app is None:
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            app.command(name=cmd_name, help=module.command.__doc__ or VERBS[cmd_name])(module.command)
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        with edge(ctx):
            return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        # listing the verbs must not import them, as the inherited page would
        print(ctx.get_usage(), f"\n\n{root.info.help}\n")
        for verb in self.list_commands(ctx):
            print(f"  {verb:<14} {VERBS[verb]}")
        print("\n`candlewick VERB --help` tells more of each.")


def _module(verb: str) -> str:
    return f"{__name__}.{verb.replace('-', '_')}"


root = typer.Typer(
    cls=LazyGroup,
    help="A self-hosted, real-time trading terminal for crypto spot and perpetuals.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@root.callback()
def _root() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 the work failed (a sentence says what to do), 2 wrong usage.

    A part that runs on and on ends with 78 where its data are damaged or not its own to use, so that `up`, or
    another service manager, does not start it again and again.
    """
    typer.main.get_command(root).main(args=arguments, prog_name="candlewick")
