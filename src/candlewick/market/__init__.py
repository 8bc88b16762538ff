"""Pure folds over market messages: no I/O, no time of day.

bars         columns of candles, the shape every computation takes; longer ones made of shorter ones
book         order book from snapshots and diffs
candles      trades → candles of every interval
closed_bars  the seconds, minutes and hours behind the open candle
derivatives  mark, index, funding, open interest, put together from partial messages
forming      one candle while trades still fall into it
indicators   EMA, RSI, … over columns and a bar at a time, and what a chart needs to know of them
session      the rolling day: open, high, low, change, volume, VWAP
tape         the newest trades, each once
trade_ids    which trades have been seen, and which are missing
"""
