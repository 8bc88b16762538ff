"""What is fast, measured: each `bench_*.py` has a `main() -> list[Figure]`.

report  the figure, the clock and the table
suite   which benches there are, and how one is run
"""
