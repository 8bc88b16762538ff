"""`candlewick monte-carlo`: what else might have come of a backtest, and whether it is luck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from typer import Option, echo

from candlewick.cli.edge import AsJson, progress_bar
from candlewick.cli.research_options import Asked, Seed, researching

if TYPE_CHECKING:
    from candlewick.backtest.registry import Unit


def work(
    question: Asked,
    method: Annotated[
        str, Option(help="reshuffle, skip, block_bootstrap, fill_noise or synthetic.")
    ] = "reshuffle",
    runs: Annotated[int, Option(help="How many times it is drawn.")] = 1_000,
    seed: Seed = 0,
    skip: Annotated[float, Option(help="Of `skip`: how likely a trade is missed.")] = 0.1,
    noise_bps: Annotated[float, Option(help="Of `fill_noise`: how far fills are off, in 0.01 %.")] = 5.0,
    ruin: Annotated[float, Option(help="The loss that counts as ruin: 0.5 is half.")] = 0.5,
    as_json: AsJson = False,
) -> None:
    """Draw a backtest again and again, and say how much of its result is luck."""
    from candlewick.backtest.report.figures import UNKNOWN, plain
    from candlewick.cli.backtest_report import heading
    from candlewick.cli.printing import print_json, table
    from candlewick.research.monte_carlo import FIGURES, LEVELS, monte_carlo

    result = question.run()
    with progress_bar("Drawing") as progress:
        found = monte_carlo(
            result, runs, method, seed, skip=skip, noise_bps=noise_bps, ruin=ruin,  # type: ignore[arg-type]
            progress=lambda share, step: progress(share),
        )  # fmt: skip
    if as_json:
        print_json(found.summary)
        return
    for line in heading(result):
        echo(line)
    echo(f"\n{found.runs:,} runs, {found.method}, seed {found.seed}\n")
    rows = [("", "as it was", *(f"{level} %" for level in LEVELS))]
    for name in FIGURES:
        unit: Unit = "ratio" if name in ("sharpe", "lowest") else "fraction"
        levels: Sequence[float | None] = found.quantiles(name) or (None,) * len(LEVELS)
        cells = [UNKNOWN if each is None else plain(each, unit) for each in (found.actual[name], *levels)]
        rows.append((LABELS[name], *cells))
    table(rows, right=tuple(range(1, len(rows[0]))))
    echo(f"\nEnded with a loss: {found.loss:.1%} of the runs. Lost {found.ruin_at:.0%}: {found.ruin:.1%}.")
    echo(found.verdict)


LABELS = {
    "total_return": "return",
    "max_drawdown": "maximum drawdown",
    "lowest": "lowest worth",
    "sharpe": "Sharpe",
}
command = researching(work)
