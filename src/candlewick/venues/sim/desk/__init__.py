"""The private side's inside: accounts and their orders in the simulated market; nothing here knows a wire.

account   an account: its spot and its futures side
algo      conditional orders of perpetuals, which wait outside the book
brackets  leverage and maintenance margin by size of position
cashier   futures wallets: what comes in and goes out, and why
desk      orders into the book and out of it, whatever the market
margin    positions and the margin they need
orders    the nouns: order, fill, trader
perp      the perpetuals' desk: orders against positions and margin
spot      the spot desk: balances and lists of orders
trigger   when a conditional order wakes
upkeep    funding, calls for margin, liquidation
"""
