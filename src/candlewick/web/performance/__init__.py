"""`/performance/`: what an account made, at which risk, and where it came from.

span         the days that are looked at
study        an account's days as a series: what it was worth, what it returned
figures      the key metrics
breakdown    closed trades by what they share
market       beside which market: correlation, and the conditions at entry
charts       what the page's charts are drawn from
views, urls  the page
"""
