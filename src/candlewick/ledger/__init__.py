"""What accounts own, in double entry: Decimal only, append-only, and every transaction sums to zero.

posting  postings and the transactions they make
trips    round trips: from flat to flat
"""
