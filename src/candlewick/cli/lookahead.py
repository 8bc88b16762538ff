"""`candlewick lookahead`: proof that no signal of a strategy knows the future."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from typer import Option, echo

from candlewick.cli.edge import AsJson
from candlewick.cli.research_options import Asked, researching


def work(
    question: Asked,
    most: Annotated[int, Option(min=1, help="At how many closes the future is cut off.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Cut the future off at many closes, and say which indicator, signal or order changes.

    Exit code 1 if one does: then no figure of this strategy can be believed.
    """
    from candlewick.backtest.lookahead import lookahead
    from candlewick.cli.printing import print_json

    found = lookahead(question.strategy, question.markets, most=most, cash=question.terms["cash"])
    if as_json:
        print_json(
            {
                "strategy": found.strategy,
                "clean": found.is_clean,
                "cuts": found.cuts,
                "values": found.values,
                "leaks": [asdict(leak) | {"sentence": str(leak)} for leak in found.leaks],
                "warm_ups": [
                    asdict(each) | {"enough": each.is_enough, "sentence": str(each)}
                    for each in found.warm_ups
                ],
            }
        )
    else:
        for sentence in found.sentences:
            echo(sentence)
    if not found.is_clean:
        raise typer.Exit(1)


command = researching(work)
