"""Pure folds over market messages: no I/O, no time of day.

bars        columns of candles, the shape every computation takes
book        order book from snapshots and diffs
candles     trades → candles of every interval
forming     one candle while trades still fall into it
trade_ids   which trades have been seen, and which are missing
"""
