"""The terminal: one page, whose numbers all come over `/ws/` and the API.

page   what the page is told when it is made
urls   its address
views  the page
"""
