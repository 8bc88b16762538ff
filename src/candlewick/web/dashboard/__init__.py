"""The dashboard: what an account is worth, what it does, and what happened last. The first page there is.

urls   its addresses
views  the page, and its trades, which are drawn anew when one was filled
"""
