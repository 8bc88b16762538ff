"""Live trading on Binance, spot and USDⓈ-M: orders out, what became of them back.

account     one account: what it sends, what its streams say, what is asked for when something was missed
asking      asking the venue again, and from when on its silence proves something
clock       the venue's clock, which every signed request is stamped with
endpoints   addresses of the private side, of the real venue and of a simulated one
leverage    leverage and margin mode: what is in force, and asking for another
mapper      messages → what they say of an order or of money, pure
money       what an account has in one market, and what came to it: balances, contracts, income, funding
outgoing    orders, cancellations and amendments on their way, each until its fate is known
reconcile   an account as the venue has it: open orders, missed fills, balances, positions
refusals    the venue's error codes: what each means for an order
requests    what we ask of the venue → the request that asks it, pure
rest        signed requests, and what is known when no answer comes
sequence    reports in the order in which things happened, also when some of them were missed, pure
side        one market of an account: who is asked, who reads the answers, what was read so far
signing     keys and signatures
stream      user-data streams: signed subscription on spot, listen key on futures
terms       an order's terms → the parameters of the venue's order that does the same, pure
tracker     orders of this process by every name they have, and what was told of them, pure
venue       `OrderVenue` of all live accounts
wire        messages as typed structs
"""
