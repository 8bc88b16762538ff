"""What data and which code a result came from, as short hashes: the same hash, the same result."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from typing import Final

import numpy as np

from candlewick.backtest.market import Market
from candlewick.market.bars import COLUMNS
from candlewick.trading.strategy.strategy import Strategy

LENGTH: Final = 16


def of_data(markets: Iterable[Market]) -> str:
    """Of everything that a run read: bars, funding, finer bars and marks of all its markets."""
    digest = hashlib.sha256()
    for market in markets:
        for bars in (market.bars, market.finer, market.mark):
            if bars is None:
                continue
            digest.update(f"{bars.symbol} {bars.timeframe} {len(bars)}".encode())
            for column in (bars.time, *(getattr(bars, name) for name in COLUMNS)):
                digest.update(np.ascontiguousarray(column).data)
        if market.funding is not None:
            digest.update(np.ascontiguousarray(market.funding.time).data)
            digest.update(np.ascontiguousarray(market.funding.rate).data)
    return digest.hexdigest()[:LENGTH]


def of_code(strategy: Strategy | type[Strategy]) -> str | None:
    """Of a strategy's source, with what it derives from; None where it has none, as in a console."""
    kind = strategy if isinstance(strategy, type) else type(strategy)
    source = source_of(kind)
    return None if source is None else hashlib.sha256(source.encode()).hexdigest()[:LENGTH]


def source_of(kind: type[Strategy]) -> str | None:
    """The source of a strategy's class and of those it derives from, its own first."""
    parts = []
    for each in kind.__mro__:
        if not issubclass(each, Strategy) or each is Strategy:
            continue
        try:
            parts.append(inspect.getsource(each))
        except (OSError, TypeError):
            return None
    return "\n".join(parts)
