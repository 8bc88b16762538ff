"""Binance: market data, and orders on spot and USDⓈ-M; the simulated exchange speaks its protocol too.

dialect     which streams carry what, and how they are asked for
endpoints   addresses and limits, of the real venue and of a simulated one
feed        the connector: `MarketFeed` of all markets under one venue id
history     REST: books, candles, trades, funding, open interest, page by page
listing     exchangeInfo → instruments
mapper      messages → events, pure
orders      live trading: orders out, what became of them back
wire        the messages as typed structs
"""
