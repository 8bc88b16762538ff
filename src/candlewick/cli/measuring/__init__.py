"""What is fast, measured on this machine: by `candlewick bench`, and by the project's own benchmarks.

figure      a measured figure, how it is taken, and the table that sets it against its limit
heart       what a tick costs that marks positions
orders      orders from accepted to on disk
strategies  backtests of a million bars
"""
