"""REST under /api/, documented at /api/docs.

access     who calls: a bearer token, or a session with its CSRF token
charts     candles and indicators
market     instruments, tickers, books, trades, funding, open interest
paging     lists in pages
replay     the recording's controls
root       the API, and errors as problem documents
tokens     tokens for programs, tickets for live connections
watchlist  a person's own symbols
when       times in requests
"""
