"""The terminal: one page, whose numbers all come over `/ws/` and the API.

urls    its address
views   the page
page    what the page is told when it is made
vendor  the libraries it loads, for the import map
"""
