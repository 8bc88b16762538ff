"""The nouns of trading, typed and frozen; standard library and msgspec only.

clock       where time comes from
errors      the error tree
events      market messages: trade, quote, book change, candle, …
instrument  venues, instruments and their names
interval    candle intervals
money       floats become prices and quantities here, and nowhere else
"""
