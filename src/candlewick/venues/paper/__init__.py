"""The simulated execution venue: paper orders, filled from live market data.

arrivals     orders, cancellations and amendments on their way
bars         a market that is known by its bars alone
floor        the seats, the time, and what is to be told
funding      perpetuals' funding, paid at the venue's hours
liquidation  positions whose margin is used up
seat         one account's orders in one instrument
terms        orders in the fill core's units, and its answers in Decimals
venue        `PaperVenue`
views        what it reads of the market and of the accounts
"""
