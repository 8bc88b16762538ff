"""What a person writes to trade: a strategy, its parameters, and what it may say.

bundled      strategies to read, run and begin one's own from
context      what a strategy sees and can do at a bar
param        parameters with their ranges
protections  pauses after losses
signals      what a strategy that only signals answers
sizing       how much an entry is for
strategy     `Strategy`, the class to derive from
"""
