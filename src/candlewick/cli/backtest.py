"""`candlewick backtest`: a strategy over history, and what it would have made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option, echo

from candlewick.cli.edge import AsJson
from candlewick.cli.research_options import Asked, researching


def work(
    question: Asked,
    html: Annotated[Path | None, Option(help="Write the tear sheet to this file.")] = None,
    every: Annotated[bool, Option("--all", help="Print every figure there is.")] = False,
    whole: Annotated[
        bool, Option(help="In JSON: all trades, and the equity of each bar rather than 1,000 points.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a strategy over the bars of one market or several, on one account.

    A signal at a bar's close is traded at the next bar's open. What the simulation does not do stands in
    docs/what-the-simulation-does-not-do.md.
    """
    from candlewick.cli.backtest_report import document, show
    from candlewick.cli.printing import print_json

    result = question.run()
    if as_json:
        print_json(document(result, whole=whole))
    else:
        show(result, every=every)
    if html is not None:
        result.to_html(html)
        if not as_json:
            echo(f"\nThe tear sheet is {html}.")


command = researching(work)
