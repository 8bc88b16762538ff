"""Indicators for people: `from candlewick import ta`, then `ta.ema(bars.close, 20)`. Columns in, columns out.

TA-Lib is loaded with the first indicator that is computed, and not by this import.
"""

from __future__ import annotations

from inspect import isfunction

from candlewick.market.indicators.averages import dema, ema, hma, kama, sma, tema, wma
from candlewick.market.indicators.memo import remembered
from candlewick.market.indicators.momentum import (
    Macd,
    Stochastic,
    cci,
    macd,
    momentum,
    roc,
    rsi,
    stoch_rsi,
    stochastic,
    trix,
    ultimate_oscillator,
    williams_r,
)
from candlewick.market.indicators.patterns import PATTERNS, pattern
from candlewick.market.indicators.profile import VolumeProfile, volume_profile
from candlewick.market.indicators.statistics import Regression, linreg_channel, linreg_slope, zscore
from candlewick.market.indicators.trend import (
    Aroon,
    DirectionalMovement,
    HeikinAshi,
    Ichimoku,
    Pivots,
    SuperTrend,
    adx,
    aroon,
    heikin_ashi,
    ichimoku,
    parabolic_sar,
    pivots,
    supertrend,
)
from candlewick.market.indicators.volatility import (
    Bands,
    atr,
    bollinger,
    donchian,
    keltner,
    natr,
    realised_volatility,
)
from candlewick.market.indicators.volume import adl, anchored_vwap, cmf, mfi, obv, rolling_vwap, vwap

__all__ = [
    "PATTERNS",
    "Aroon",
    "Bands",
    "DirectionalMovement",
    "HeikinAshi",
    "Ichimoku",
    "Macd",
    "Pivots",
    "Regression",
    "Stochastic",
    "SuperTrend",
    "VolumeProfile",
    "adl",
    "adx",
    "anchored_vwap",
    "aroon",
    "atr",
    "bollinger",
    "cci",
    "cmf",
    "dema",
    "donchian",
    "ema",
    "heikin_ashi",
    "hma",
    "ichimoku",
    "kama",
    "keltner",
    "linreg_channel",
    "linreg_slope",
    "macd",
    "mfi",
    "momentum",
    "natr",
    "obv",
    "parabolic_sar",
    "pattern",
    "pivots",
    "realised_volatility",
    "roc",
    "rolling_vwap",
    "rsi",
    "sma",
    "stoch_rsi",
    "stochastic",
    "supertrend",
    "tema",
    "trix",
    "ultimate_oscillator",
    "volume_profile",
    "vwap",
    "williams_r",
    "wma",
    "zscore",
]  # fmt: skip

# a sweep over parameters asks for the same indicator many times
globals().update({name: remembered(each) for name, each in list(globals().items())
                  if name in __all__ and isfunction(each)})  # fmt: skip
