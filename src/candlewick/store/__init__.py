"""What is kept: rows in a database, and the lake of market history. A Django app; the lake needs none of it.

databases   which database a ledger is kept in
door        what SQLite and PostgreSQL have in common: the same SQL, our errors, whole transactions
sqlite      the one behind the door
postgres    the other, loaded only where it is asked for
writable    whether the rows can be written right now
tables      tables of Django's, for processes without it
journal     the ledger's database: entries, postings, lanes, and what people look up
audit       who did what, in chains of hashes
chain       the hashes, and what seals them
keys        the master key, and what it protects
venue_keys  keys of venues: kept encrypted, read, rotated
backup      everything in one file, and back
lake        candles and ticks: hot rows in SQLite, cold files in Parquet
lane_log    notices that everybody sees
models      people, accounts, keys, notes, watchlists
"""
