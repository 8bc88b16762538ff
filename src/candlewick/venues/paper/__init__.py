"""The simulated execution venue: paper orders, filled from live market data.

seat      one account's orders in one instrument
terms     orders in the fill core's units, and its answers in Decimals
venue     `PaperVenue`
views     what it reads of the market and of the accounts
"""
