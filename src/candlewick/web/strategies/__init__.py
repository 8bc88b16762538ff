"""`/strategies/`: what a strategy is: its idea, its parameters, its code, and what was found out about it.

shelf        strategies as pages see them: the bundled ones, and those of the data folder
code         a source text as numbered lines
views, urls  the pages
"""
