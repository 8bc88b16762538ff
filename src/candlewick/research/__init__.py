"""Studies of strategies: what stands between an idea and money. Strategies and arrays in, results out.

naming            which strategy a name means
describing        what people are told of strategies, whatever their files do
loading           strategies by name: the bundled ones, a person's own, those of any file
monte_carlo       what else might have come of a run, and whether it is luck
drawing           one such run: trades, returns, fills or bars drawn again
sampling          what a run gives to be drawn from
bootstrap         rows drawn in blocks
recalled          a strategy that says again what it said before
synthetic         markets that might have been
terms             what trading costs, handed on to the backtest
stress            what comes of a run when something happens
scenarios         what might happen, each one change
crises            what did happen: days, sources, and how a run came through
comparing         runs beside each other: ranking, correlation, significance
significance      whether a difference is chance
search            `optimise()`: the parameters that do best
space             what a search may try
objectives        what it looks for, and what must hold
samplers          which sets it tries next: a grid, chance, what a method learns
sets              those of a study that must know them all beforehand
genetic           NSGA-II
cmaes             CMA-ES
tpe               TPE
sweep             many sets of parameters on the same markets
crew              who runs them, in pieces
returns           what each of many sets returned, period by period
lean              figures of a result, of which a sweep asks for a few
trial             one set, and what came of it
optimisation      what a search found: trials, the best, the Pareto front
heatmap           a figure over two parameters
stability         how far it falls around the best
windows           parts of the time that bars cover
stitching         runs over one window after the other as one run
walk_forward      parameters chosen on one stretch of time and judged on the next
cross_validation  many histories out of one, each with parameters chosen on the rest
readiness         whether a strategy may be traded, and why not
evidence          the figures that it is judged by
thresholds        how good they must be
"""
