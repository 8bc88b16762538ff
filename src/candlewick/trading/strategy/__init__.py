"""What a person writes to trade: a strategy, its parameters, and what it may say.

blame        a strategy that raised, and its line
checking     whether what a strategy says about itself makes sense
context      what a strategy sees and can do at a bar
funding      what of a perpetual's funding is settled
intents      what a strategy asks for
known        columns as far as they are known
order_terms  what an order may say, and whether it contradicts itself
param        parameters with their ranges
protections  pauses after losses
runner       a strategy bar by bar: intents for every lane
signals      what a strategy that only signals answers
sizing       how much an entry is for
strategy     `Strategy`, the class to derive from
timeout      a strategy that does not come back
"""
