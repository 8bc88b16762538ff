"""The one door: every order is judged here before it is journalled.

account   rules about what the account may do at all
ask       an order before the door, with what the rules want to know
door      the rules, in their order
exposure  what positions and working orders may come to
funds     what is free to be bound or spent
groups    which instruments move together
limits    what a person allows
losses    what was lost, set against what may be
market    rules about the market as it is now
size      rules about what an order is worth and binds
tail      what a bad day may cost
terms     rules about an order in itself
use       how much of each limit is used
verdict   `Approved` or `Refused`
"""
