"""Binance's public market data, spot, USDⓈ-M and COIN-M; the simulated exchange speaks it too.

mapper      messages → events, pure
wire        the messages as typed structs
"""
