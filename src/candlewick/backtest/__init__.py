"""What a strategy or an account would have made, and did make: arrays in, figures out.

metrics     return, risk, drawdown and the statistics of trades; one function a figure
excursion   how far a trade was under water, and how far ahead
conditions  the market that a trade was entered in: its trend, its volatility
"""
