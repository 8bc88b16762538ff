"""The simulated exchange's public face: Binance's REST and WebSocket surface over its worlds.

app             the HTTP server: venues side by side, control page, clean stop
venue           one venue: world, two markets, routes
front           one market as the outside sees it
rest            requests: weighed, disturbed, answered
request_socket  the same questions over the WebSocket API
spot, futures   the endpoints; bodies, candles, exchange_info, parameters, errors serve them
publisher       what happens becomes stream messages; depths gathers books' changes
streams         stream names; messages writes their payloads
hub             subscriptions; each message is framed once (frames)
connection      one stream connection: limits, its bounded way out; control reads its control messages
limits          weights per address, control messages per second
misbehave       faults on the wire
figures         ticks and lots as decimal strings
timekeeping     the clock

The private side (signed orders, the user's stream) has its place beside `spot` and `futures`, on the
same `Front`; nothing of it exists yet.
"""
