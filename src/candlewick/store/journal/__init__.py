"""The ledger's database: entries before anything else, and what people look up, in one transaction.

journal      `Journal`: commits batches, recovers entries
writer       `JournalWriter`: the thread that commits, many batches at once
batch        what one answer of the heart leaves to be written
schema       the tables, and their migrations
projections  what is looked up: orders, fills, round trips, days, buckets, folded from effects
curves       how long what an account was worth is kept
rows         how each noun stands in its table
sums         sums of an account's day, and of round trips that share something
reader       `Records`: what pages ask of it
records      what it answers with, and how each is made of its row
selection    which classes of round trips a filter and a search choose
paging       pages of rows by key
"""
