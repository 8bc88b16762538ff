"""What a strategy or an account would have made, and did make: arrays in, figures out.

metrics        return, risk and drawdown, and the exact statistics of an account's trades
distribution   the shape of returns: value at risk, expected shortfall, tails, skew, kurtosis
relative       returns beside a benchmark's: alpha, beta, information ratio
trade_metrics  the same for arrays of closed trades: win rate, profit factor, SQN, R-multiples
statistics     whether a Sharpe ratio is more than luck: probabilistic, deflated, minimum track record
overfitting    how often the best of many trials would have disappointed out of sample
track_record   what a run left behind, as arrays: equity, trades, and the returns they come to
run_metrics    the metrics of a run, from that
registry       every metric with its name, unit, formula and source
figures        all metrics of a run by name, each computed when it is asked for
excursion      how far a trade was under water, and how far ahead
conditions     the market that a trade was entered in: its trend, its volatility
"""
