"""`/strategies/`: what a strategy is, what was found out about it, and those that are at work.

shelf        strategies as pages see them: the bundled ones, and those of the data folder
at_work      strategies at work, in words
drifting     how far they are from their backtests, in words
starting     the form that puts one to work
views, urls  the pages
"""
