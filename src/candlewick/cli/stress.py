"""`candlewick stress`: a strategy through crises that were, and with one thing after the other made worse."""

from __future__ import annotations

from typer import echo

from candlewick.cli.edge import AsJson, progress_bar
from candlewick.cli.research_options import Asked, researching

SHOWN = ("total_return", "sharpe", "max_drawdown", "trades")


def work(question: Asked, as_json: AsJson = False) -> None:
    """Run a strategy as it is, through crises, and with costs, prices and the venue made worse."""
    from candlewick.backtest.registry import METRICS
    from candlewick.backtest.report.figures import UNKNOWN, text_of
    from candlewick.cli.backtest_report import heading
    from candlewick.cli.printing import print_json, table
    from candlewick.research.stress import stress

    with progress_bar("Trying") as progress:
        found = stress(
            question.strategy,
            question.markets,
            progress=lambda share, step: progress(share),
            **question.terms,
        )
    if as_json:
        print_json(found.summary)
        return
    for line in heading(found.base):
        echo(line)
    echo("")
    rows = [("", *(METRICS[name].label.lower() for name in SHOWN), "what is other")]
    for row in found.rows:
        figures = row.figures or {}
        cells = [text_of(METRICS[name], figures[name]) if name in figures else UNKNOWN for name in SHOWN]
        rows.append((row.name, *cells, row.reason or row.changed))
    table(rows, right=tuple(range(1, 1 + len(SHOWN))))
    if found.worst is not None:
        echo(f"\nWorst: {found.worst.name}.")


command = researching(work)
