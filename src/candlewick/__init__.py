"""Candlewick: a self-hosted, real-time trading terminal for crypto spot and perpetuals.

cli      the `candlewick` command
web      Django at the edge: pages, REST, live channels
runtime  asyncio shells: live, replay, publish, gateway, supervisor
store    rows and the candle and tick lake
venues   one folder a venue: wire, mapper, feed
trading  the heart: `process(event) -> effects`
market   pure folds over market messages
core     the nouns
"""
