"""The simulated exchange's public face: Binance's REST and WebSocket surface over its worlds.

app             the HTTP server: venues side by side, control page, clean stop
venue           one venue: world, two markets, routes
front           one market as the outside sees it
rest            requests: weighed, disturbed, answered
request_socket  the same questions over the WebSocket API
public          the table of public questions
spot, futures   their answers, market_data those that both give
                (bodies, candles, exchange_info, parameters, errors serve them)
publisher       what happens becomes stream messages; depths gathers books' changes
streams         stream names; messages writes their payloads
hub             subscriptions; each message is framed once (frames)
connection      one stream connection: limits, its bounded way out; control reads its control messages
limits          weights per address, control messages per second
misbehave       faults on the wire
figures         ticks and lots as decimal strings
timekeeping     the clock

The private side:

sides                  a venue's accounts and keys, each market's desk behind signed requests
routes                 what a signed request is made of, and the row of a table that answers it
keys                   API keys and signatures
order_limits           orders per account
user_streams           listen keys and subscriptions
spot_orders            spot orders; spot_lists OCO, spot_account balances and trades, spot_rules filters
spot_reports           spot orders and events as JSON
futures_orders         USDⓈ-M orders; futures_algos conditional ones, futures_account wallets and positions,
                       futures_settings leverage and margin, futures_rules filters
futures_reports        USDⓈ-M orders, positions and events as JSON
"""
