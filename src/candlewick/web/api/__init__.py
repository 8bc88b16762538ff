"""REST under /api/, documented at /api/docs.

access       who calls, and whether they may: a bearer token, or a session with its CSRF token
accounts     which accounts a caller may see
backtest_trades  trades of backtests as a chart draws them
charts       candles, indicators, volume by price
document     errors and examples in the OpenAPI document
fills        every fill of an account
market       instruments, tickers, books, trades, funding, open interest
market_schemas  shapes of the answers about markets
orders       placing, looking up, amending and cancelling orders
paging       lists in pages
portfolio    what an account owns, and closing it
preferences  how a person likes their terminal
replay       the recording's controls
risk         limits, trading state, kill switch
root         the API, and errors as problem documents
schemas      shapes that several answers share
sent         what programs send
tokens       tokens for programs, tickets for live connections
watchlist    a person's own symbols
when         times in requests
written      the lake's candles as JSON, kept until they change
"""
