"""What is kept: rows in a database, and the lake of market history. A Django app; the lake needs none of it.

databases  SQLite and PostgreSQL behind one small door
journal    the ledger's database: entries, postings, lanes, and what people look up
lake       candles and ticks: hot rows in SQLite, cold files in Parquet
lane_log   the events of the account lanes
models     people, accounts, login links, watchlists
"""
