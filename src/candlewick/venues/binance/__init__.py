"""Binance's public market data, spot, USDⓈ-M and COIN-M; the simulated exchange speaks it too.

dialect     which streams carry what, and how they are asked for
endpoints   addresses and limits, of the real venue and of a simulated one
feed        the connector: `MarketFeed` of all markets under one venue id
history     REST: books, candles, trades, funding, open interest, page by page
listing     exchangeInfo → instruments
mapper      messages → events, pure
wire        the messages as typed structs
"""
