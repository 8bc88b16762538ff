"""`candlewick backtest`: a strategy over history, and what it would have made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option, echo

from candlewick.cli.edge import AsJson, DataDir, Timerange, edge
from candlewick.cli.research_options import (
    CASH,
    DAYS,
    FEE_MAKER,
    FEE_TAKER,
    Cash,
    DaysAYear,
    FeeMaker,
    FeeTaker,
    Files,
    Finer,
    FundingFiles,
    Leverage,
    Name,
    Parameters,
    SlippageBps,
    Symbols,
    Timeframe,
    asked,
)


def command(
    strategy: Name,
    symbol: Symbols = None,
    timeframe: Timeframe = None,
    timerange: Timerange = None,
    param: Parameters = None,
    cash: Cash = CASH,
    fee_maker: FeeMaker = FEE_MAKER,
    fee_taker: FeeTaker = FEE_TAKER,
    slippage_bps: SlippageBps = 0.0,
    leverage: Leverage = None,
    days_a_year: DaysAYear = DAYS,
    file: Files = None,
    funding: FundingFiles = None,
    finer: Finer = None,
    html: Annotated[Path | None, Option(help="Write the tear sheet to this file.")] = None,
    every: Annotated[bool, Option("--all", help="Print every figure there is.")] = False,
    whole: Annotated[
        bool, Option(help="In JSON: all trades, and the equity of each bar rather than 1,000 points.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Run a strategy over the bars of one market or several, on one account.

    A signal at a bar's close is traded at the next bar's open. What the simulation does not do stands in
    docs/what-the-simulation-does-not-do.md.
    """
    from candlewick.cli.backtest_report import document, show
    from candlewick.cli.data_report import print_json

    with edge():
        result = asked(
            strategy, data_dir=data_dir, symbols=symbol, timeframe=timeframe, timerange=timerange, files=file,
            funding=funding, finer=finer, parameters=param, cash=cash, fee_maker=fee_maker,
            fee_taker=fee_taker, slippage_bps=slippage_bps, leverage=leverage, days_a_year=days_a_year,
        ).run()  # fmt: skip
        if as_json:
            print_json(document(result, whole=whole))
        else:
            show(result, every=every)
        if html is not None:
            result.to_html(html)
            if not as_json:
                echo(f"\nThe tear sheet is {html}.")
