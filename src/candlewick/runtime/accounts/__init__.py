"""Accounts in the engine process: commands in, the journal, the venues, and the lanes out.

accounts   all of it put together: recovered, run, and closed
arrears    funding that fell due while no engine ran
asking     reading what people ask for
audit      what a command leaves in the audit
bodies     the JSON of positions, portfolios and risk
connections  how live accounts are connected with their venues
disk       what people hear while the ledger cannot be written
execution  what the heart decides goes to disk, then to venues and people, in this order
figures    what goes without a number: what prices move, once a window
leverage   leverage is set, and of a live account its venue waited for
live_trading  where orders of live accounts go
lanes      events of accounts, numbered, and the snapshots before them
offline    the same without an engine, for one command
recovery   snapshot, then the entries after it
requests   verbs of the gateway
shapes     what the engine and the pages share
statement  what an account's book says, exactly
tail       past days and stated shocks on what is held now
views      the heart as the paper venue reads it
"""
