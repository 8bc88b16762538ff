"""The kinds of studies: each module has `run(spec, work) -> Outcome`, named in `registry`.

request           which strategy, on which markets, when, at which costs
searching         which sets of parameters, and who runs them
results           what is kept of a backtest
telling           how far a study is
backtest          a strategy over the bars that were asked for
optimisation      the parameters of a strategy that do best
walk_forward      parameters chosen on one stretch of time and judged on the next
cross_validation  many histories out of one, each with parameters chosen on the rest
monte_carlo       what else might have come of a backtest
stress            crises that were, and what might happen
compare           strategies beside each other
readiness         whether a strategy may be traded, and why not
"""
