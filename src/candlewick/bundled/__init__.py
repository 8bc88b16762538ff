"""Strategies to read, run and begin one's own from; each is a file as a person would write it.

ema_cross           long while the fast average is above the slow one
rsi_reversion       buys dips of a rising market
bollinger_breakout  follows a close outside the bands, with stops in ATRs
donchian_trend      a portfolio of breakouts, each market as large as it is calm
funding_carry       holds the coin and is short its perpetual, for the funding
grid                buys a little at each step down and sells it one step up
"""
