"""Accounts in the engine process: commands in, the journal, the venues, and the lanes out.

bodies     the JSON of orders, positions, portfolios and risk
execution  what the heart decides goes to disk, then to venues and people, in this order
lanes      events of accounts, numbered, and the snapshots before them
"""
