"""`candlewick compare`: strategies ranked on the same bars, and whether they differ by more than chance."""

from __future__ import annotations

from typing import Annotated

from typer import Option, echo

from candlewick.cli.edge import AsJson, progress_bar
from candlewick.cli.research_options import Asked, Seed, researching


def work(
    questions: list[Asked],
    by: Annotated[str, Option(help="What they are ranked by: sharpe, total_return, …")] = "sharpe",
    runs: Annotated[int, Option(help="Runs of the bootstraps that tell chance.")] = 1_000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Rank strategies on the same bars, and say which differ by more than chance."""
    from candlewick.backtest.registry import METRICS
    from candlewick.backtest.report.figures import UNKNOWN, text_of
    from candlewick.cli.printing import print_json, table
    from candlewick.research.comparing import FIGURES, compare

    results = [each.run() for each in questions]
    with progress_bar("Comparing") as progress:
        found = compare(results, by=by, runs=runs, seed=seed, progress=lambda share, step: progress(share))
    if as_json:
        print_json(found.summary)
        return
    shown = [name for name in FIGURES if name in METRICS]
    rows = [("", "strategy", *(METRICS[name].label.lower() for name in shown), "trades")]
    for place in found.ranking:
        cells = [text_of(METRICS[name], place.figures[name]) for name in shown]
        rows.append((str(place.rank), place.name, *cells, str(place.figures["trades"])))
    echo(f"{found.periods:,} returns, {found.start} to {found.end}\n")
    table(rows, right=(0, *range(2, len(rows[0]))))
    echo("")
    pairs: list[tuple[str, ...]] = [("better", "worse", "correlation", "p of the Sharpe ratios, corrected")]
    for pair in found.pairs:
        told = [UNKNOWN if each is None else f"{each:.3f}" for each in (pair.correlation, pair.sharpe_holm)]
        pairs.append((pair.better, pair.worse, *told))
    table(pairs, right=(2, 3))
    echo(f"\n{found.verdict}")


command = researching(work, several=True)
