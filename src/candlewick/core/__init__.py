"""The nouns of trading, typed and frozen; standard library and msgspec only.

account     words for accounts
clock       where time comes from
errors      the error tree
events      market messages: trade, quote, book change, candle, …
instrument  venues, instruments and their names
interval    candle intervals
money       floats become prices and quantities here, and nowhere else
order       what somebody wants, and where it stands
reports     what a venue says about orders and money
timerange   ranges of days as people write them
"""
