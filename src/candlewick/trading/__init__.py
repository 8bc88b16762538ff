"""The heart: what happens is decided here, by a pure function of state and event.

account      what is known of one account
booking      what can be booked
brackets     stops and targets that follow an entry, and orders that cancel each other
changing     cancelling and amending orders
commands     what people ask it to do
deciding     what a command or a report leads to
desk         all accounts: decide, apply, react
effects      what the heart wants done
engine       `process(event) -> effects`
entries      what the journal holds
folding      how each entry changes an account
idempotency  one key, one order
importing    histories of fills from elsewhere
kill         the kill switch at work
marking      what positions are worth, tick by tick
marks        what the market says an instrument is worth
orders       the life of an order, a function a step
owning       accounts: opening, money, limits, settings
placing      new orders
reacting     what follows from an entry by itself
reconciling  an account as its venue has it
reporting    what venues report
risk         the one door
settings     what belongs to an account beside its money
snapshot     the desk as bytes
steps        what decisions are made of
valuing      an account at the marks of now
watch        what is known of one instrument
watching     limits that prices alone can break
"""
