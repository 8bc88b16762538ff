"""The ledger's database: entries before anything else, and what people look up, in one transaction.

journal     `Journal`: commits batches, recovers entries
writer      `JournalWriter`: the thread that commits, many batches at once
batch       what one answer of the heart leaves to be written
schema      the tables, and their migrations
projections what is looked up: orders, fills, round trips, days, buckets, folded from effects
reader      `Records`: what pages ask of it
"""
