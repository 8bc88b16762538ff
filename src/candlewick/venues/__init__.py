"""One folder a venue, never named elsewhere but in the wiring, and what all of them share.

binance     Binance spot, USDⓈ-M and COIN-M
connection  a WebSocket that stays
contract    what every market connector offers
execution   what every venue that takes orders offers
http        REST within a venue's weight limit
pool        streams spread over connections
recording   recorded messages, line by line
sim         the simulated exchange
"""
