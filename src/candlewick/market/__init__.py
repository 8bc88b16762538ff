"""Pure folds over market messages: no I/O, no time of day.

bars        columns of candles, the shape every computation takes
book        order book from snapshots and diffs
"""
