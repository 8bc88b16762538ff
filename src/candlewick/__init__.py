"""Candlewick: a self-hosted, real-time trading terminal for crypto spot and perpetuals.

cli       the `candlewick` command
web       Django at the edge: pages, REST, live channels
runtime   asyncio shells: live, replay, publish, gateway, jobs, supervisor
store     rows and the candle and tick lake
venues    one folder a venue: wire, mapper, feed
research  studies of strategies
backtest  a strategy over history, and the figures it is judged by
trading   the heart: `process(event) -> effects`; what strategies are made of
market    pure folds over market messages
fills     where a simulated order becomes a fill
ledger    who owns what
core      the nouns
ta        indicators, for people
bundled   strategies to begin one's own from, written as people write them; no room imports them

For people: `import candlewick as cw`. Every name below is loaded when it is first used, so that the import
costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from candlewick import ta as ta
    from candlewick.backtest.lookahead import Lookahead as Lookahead
    from candlewick.backtest.lookahead import lookahead as lookahead
    from candlewick.backtest.market import FundingRates as FundingRates
    from candlewick.backtest.market import Market as Market
    from candlewick.backtest.result import Result as Result
    from candlewick.backtest.run import backtest as backtest
    from candlewick.core.errors import BadData as BadData
    from candlewick.core.errors import UsageError as UsageError
    from candlewick.market.bars import Bars as Bars
    from candlewick.market.bars import Column as Column
    from candlewick.research.comparing import Comparison as Comparison
    from candlewick.research.comparing import compare as compare
    from candlewick.research.cross_validation import CrossValidation as CrossValidation
    from candlewick.research.cross_validation import cross_validate as cross_validate
    from candlewick.research.evidence import PaperRun as PaperRun
    from candlewick.research.monte_carlo import MonteCarlo as MonteCarlo
    from candlewick.research.monte_carlo import monte_carlo as monte_carlo
    from candlewick.research.optimisation import Optimisation as Optimisation
    from candlewick.research.readiness import Readiness as Readiness
    from candlewick.research.readiness import readiness as readiness
    from candlewick.research.search import optimise as optimise
    from candlewick.research.stress import Stress as Stress
    from candlewick.research.stress import stress as stress
    from candlewick.research.walk_forward import WalkForward as WalkForward
    from candlewick.research.walk_forward import walk_forward as walk_forward
    from candlewick.runtime.face import load as load
    from candlewick.runtime.face import load_market as load_market
    from candlewick.runtime.face import read as read
    from candlewick.runtime.face import read_funding as read_funding
    from candlewick.trading.strategy.context import Context as Context
    from candlewick.trading.strategy.param import Param as Param
    from candlewick.trading.strategy.protections import Cooldown as Cooldown
    from candlewick.trading.strategy.protections import DrawdownPause as DrawdownPause
    from candlewick.trading.strategy.signals import Signals as Signals
    from candlewick.trading.strategy.signals import before as before
    from candlewick.trading.strategy.signals import crossed_above as crossed_above
    from candlewick.trading.strategy.signals import crossed_below as crossed_below
    from candlewick.trading.strategy.sizing import Fraction as Fraction
    from candlewick.trading.strategy.sizing import Kelly as Kelly
    from candlewick.trading.strategy.sizing import Notional as Notional
    from candlewick.trading.strategy.sizing import Quantity as Quantity
    from candlewick.trading.strategy.sizing import Risk as Risk
    from candlewick.trading.strategy.sizing import VolatilityTarget as VolatilityTarget
    from candlewick.trading.strategy.strategy import Indicators as Indicators
    from candlewick.trading.strategy.strategy import Strategy as Strategy

_STRATEGY: Final = "candlewick.trading.strategy"
_HOMES: Final = {
    "BadData": "candlewick.core.errors",
    "Bars": "candlewick.market.bars",
    "Column": "candlewick.market.bars",
    "Comparison": "candlewick.research.comparing",
    "Context": f"{_STRATEGY}.context",
    "Cooldown": f"{_STRATEGY}.protections",
    "CrossValidation": "candlewick.research.cross_validation",
    "DrawdownPause": f"{_STRATEGY}.protections",
    "Fraction": f"{_STRATEGY}.sizing",
    "FundingRates": "candlewick.backtest.market",
    "Indicators": f"{_STRATEGY}.strategy",
    "Kelly": f"{_STRATEGY}.sizing",
    "Lookahead": "candlewick.backtest.lookahead",
    "Market": "candlewick.backtest.market",
    "MonteCarlo": "candlewick.research.monte_carlo",
    "Notional": f"{_STRATEGY}.sizing",
    "PaperRun": "candlewick.research.evidence",
    "Optimisation": "candlewick.research.optimisation",
    "Param": f"{_STRATEGY}.param",
    "Quantity": f"{_STRATEGY}.sizing",
    "Readiness": "candlewick.research.readiness",
    "Result": "candlewick.backtest.result",
    "Risk": f"{_STRATEGY}.sizing",
    "Signals": f"{_STRATEGY}.signals",
    "Strategy": f"{_STRATEGY}.strategy",
    "Stress": "candlewick.research.stress",
    "UsageError": "candlewick.core.errors",
    "VolatilityTarget": f"{_STRATEGY}.sizing",
    "WalkForward": "candlewick.research.walk_forward",
    "backtest": "candlewick.backtest.run",
    "before": f"{_STRATEGY}.signals",
    "compare": "candlewick.research.comparing",
    "cross_validate": "candlewick.research.cross_validation",
    "crossed_above": f"{_STRATEGY}.signals",
    "crossed_below": f"{_STRATEGY}.signals",
    "load": "candlewick.runtime.face",
    "load_market": "candlewick.runtime.face",
    "lookahead": "candlewick.backtest.lookahead",
    "monte_carlo": "candlewick.research.monte_carlo",
    "optimise": "candlewick.research.search",
    "read": "candlewick.runtime.face",
    "read_funding": "candlewick.runtime.face",
    "readiness": "candlewick.research.readiness",
    "stress": "candlewick.research.stress",
    "walk_forward": "candlewick.research.walk_forward",
}

__all__ = [*sorted(_HOMES), "ta"]  # noqa: PLE0604, RUF100


def __getattr__(name: str) -> Any:
    if name == "ta":
        return importlib.import_module("candlewick.ta")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'candlewick' has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
