"""Which instruments move together, judged by what the market fold remembers.

Two instruments are of one group when they have the same base, or when the correlation (Pearson) of their
returns from one closed hour to the next reaches `TOGETHER` over the hours that both have, `LEAST_RETURNS` of
them at least. With fewer hours nothing is known, and they count as apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import Final

from candlewick.core.instrument import Instrument
from candlewick.trading.marks import Market

TOGETHER: Final = 0.8
LEAST_RETURNS: Final = 12


def correlated_with(instrument: Instrument, others: Mapping[str, Instrument], market: Market) -> set[str]:
    """Those of `others` that move together with `instrument`, itself included."""
    own = _returns(market, instrument.id)
    return {
        id
        for id, other in others.items()
        if other.base == instrument.base or _moves_with(own, _returns(market, id))
    }


def correlation(one: Mapping[int, float], other: Mapping[int, float]) -> float | None:
    """Pearson's, of the values at the times that both have; None: too few, or one of them never moved."""
    times = one.keys() & other.keys()
    n = len(times)
    if n < LEAST_RETURNS:
        return None
    mean_one, mean_other = sum(one[t] for t in times) / n, sum(other[t] for t in times) / n
    both = sum((one[t] - mean_one) * (other[t] - mean_other) for t in times)
    spread = sqrt(
        sum((one[t] - mean_one) ** 2 for t in times) * sum((other[t] - mean_other) ** 2 for t in times)
    )
    return both / spread if spread else None


def _moves_with(one: Mapping[int, float], other: Mapping[int, float]) -> bool:
    found = correlation(one, other)
    return found is not None and found >= TOGETHER


def _returns(market: Market, id: str) -> dict[int, float]:
    watch = market.watches.get(id)
    closes = {} if watch is None else watch.candles.hour_closes()
    return {
        time: log(close / closes[time - 3_600])
        for time, close in closes.items()
        if time - 3_600 in closes and close > 0 and closes[time - 3_600] > 0
    }
