"""What else might have come of a backtest, as a study.

monte_carlo.json  the figures of the runs together, bands and histograms
runs.npy          each run: return, maximum drawdown, lowest worth, Sharpe ratio (NaN: undefined), float64
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np

from candlewick.backtest.run import backtest
from candlewick.research.drawing import OF_RERUNS, Draws, Method
from candlewick.research.monte_carlo import FIGURES, MonteCarlo, monte_carlo
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import Request, markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "monte_carlo.json"
RUNS: Final = "runs.npy"


class Asked(Request, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. The words are those of `monte_carlo`."""

    method: Method = "reshuffle"
    runs: int = 1_000
    seed: int = 0
    block: float | None = None
    skip: float = 0.1
    noise_bps: float = 5.0
    ruin: float = 0.5


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Run the strategy, and draw what came of it again; its own runs go on where they were cut off."""
    request = read(spec, Asked)
    strategy = strategy_of(request, work)
    markets = markets_of(request, work)
    work.begin("Running the strategy")
    result = backtest(strategy, markets, **request.terms)
    reruns = request.method in OF_RERUNS
    found = monte_carlo(
        result,
        request.runs,
        request.method,
        request.seed,
        block=request.block,
        skip=request.skip,
        noise_bps=request.noise_bps,
        ruin=request.ruin,
        # threads share the bars; the core lets go of the interpreter
        executor=work.threads()[0] if reruns else None,
        progress=teller(work),
        done={int(first): _unpacked(piece) for first, piece in work.pieces.done.items()} if reruns else None,
        on_piece=(lambda first, draws: work.pieces.add(str(first), _packed(draws))) if reruns else None,
    )
    return Outcome(_keep(work, found, results.describe(result, most=1)), FILE)


def _keep(work: Work, found: MonteCarlo, base: dict[str, Any]) -> dict[str, Any]:
    """Write what was found, and give its headline figures."""
    told = ("strategy", "parameters", "markets", "timeframe", "start", "end", "account", "metrics")
    document = found.summary | found.charts | {"base": {name: base[name] for name in told}}
    results.write_json(work.folder / FILE, document)
    results.write_array(
        work.folder / RUNS, np.column_stack([getattr(found.draws, figure) for figure in FIGURES])
    )
    median = {figure: found.quantiles(figure, [50]) for figure in ("total_return", "max_drawdown", "sharpe")}
    return {
        **{figure: None if value is None else value[0] for figure, value in median.items()},
        "method": found.method,
        "runs": found.runs,
        "p_value": found.p_value,
        "ruin": found.ruin,
        "loss": found.loss,
        "verdict": found.verdict,
    }


def _packed(draws: Draws) -> dict[str, Any]:
    return {each.name: getattr(draws, each.name).tobytes() for each in fields(draws)}


def _unpacked(piece: Mapping[str, bytes]) -> Draws:
    columns = {name: np.frombuffer(piece[name], np.float64) for name in piece}
    count = len(columns["total_return"])
    columns["paths"] = columns["paths"].reshape(count, -1)
    return Draws(**columns)
