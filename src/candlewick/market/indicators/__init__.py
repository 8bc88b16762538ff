"""Indicators: over columns, a bar at a time, and what a chart needs to know of them.

averages    SMA, EMA, WMA, HMA, DEMA, TEMA, KAMA
catalogue   all of them by name; what `ema:20` means
columns     what goes in: columns without holes, parameters within bounds; and TA-Lib, when it is needed
live        a formula a bar at a time, on closed bars and on the open one
memo        what was computed before, for a sweep over parameters
momentum    RSI, stochastics, MACD, CCI, Williams %R, rates of change, TRIX, ultimate oscillator
patterns    the 61 candle patterns
profile     volume by price: point of control, value area
registry    what an indicator is: parameters, lines, way of drawing, warm-up
run         one formula, run over columns or over single bars
statistics  z-score, linear regression
steps       steps that TA-Lib lacks: a delay, sessions, anchored sums, the profile of a window
trend       ADX, Aroon, Ichimoku, Parabolic SAR, SuperTrend, Heikin-Ashi, pivot points
volatility  ATR, Bollinger, Keltner, Donchian, realised volatility
volume      VWAP, money flow, OBV, accumulation/distribution, volume profile

Every column that comes out is as long as the one that went in, NaN where the indicator has not seen enough,
and no row knows anything of a later one.
"""
