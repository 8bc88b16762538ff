"""The kinds of studies: each module has `run(spec, work) -> Outcome`, named in `registry`.

request   which strategy, on which markets, when, at which costs
results   what is kept of a backtest
backtest  a strategy over the bars that were asked for
optimisation  the parameters of a strategy that do best
"""
