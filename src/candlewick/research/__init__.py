"""Studies of strategies: what stands between an idea and money. Strategies and arrays in, results out.

describing    what people are told of strategies, whatever their files do
loading       strategies by name: the bundled ones, a person's own, those of any file
monte_carlo   what else might have come of a run, and whether it is luck
drawing       one such run: trades, returns, fills or bars drawn again
sampling      what a run gives to be drawn from
bootstrap     rows drawn in blocks
recalled      a strategy that says again what it said before
synthetic     markets that might have been
terms         what trading costs, handed on to the backtest
stress        what comes of a run when something happens
scenarios     what might happen, each one change
crises        what did happen: days, sources, and how a run came through
comparing     runs beside each other: ranking, correlation, significance
significance  whether a difference is chance
"""
