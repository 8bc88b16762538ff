"""`/audit/`: who did what, from where, how it was before and after.

log          the rows that a person may see
views, urls  the page, and the same rows as CSV
"""
