"""Strategies at work: each in a process of its own, its intents through the one door.

desk      what people do with them: start, pause, resume, stop (needs Django)
spec      what is asked for when one is started
rows      the rows of strategies as the engine sees them
house     all of them in the engine, kept as their rows say
at_work   one of them: its past, the lives of its process, its pauses
means     what it needs of the engine
health    how it is, for its page
closes    what it is told at each close, and what of its answer is carried out
course    what its capital was worth, close by close: the day's beginning, pauses after a fall
feed      closed bars of its markets, in order, without a gap
host      its process, as the engine holds it
host_process  the process itself: runs a person's code, and nothing else does
messages  what both say to each other
orders    its orders: sent, taken back, waited for
ordering  intents become orders, sized as they are sent
keeping   its rules at each close: time exits, partial exits, break-even stops
protection  stops and targets that follow its entries, and stand again if they are gone
sizing    how much an entry is for, by the compiled core's own rule
rates     what was settled of its perpetuals' funding
rules     which rules those are, and how long a market rests after a loss
ownings   what is its own of an account: holdings, capital, trades
running   a strategy in its process: bars in, intents out
drift     what it did beside its backtest, and why they differ
drifting  gathers what is compared; expected_process runs the backtest
drifts    keeps drifts until there are new bars, and the last one for good
child     a process that runs a person's code, as the engine starts it
bodies    strategies as people see them
requests  verbs of the gateway
replaying     a strategy over history through the real heart, as a backtest's proof
replay_market one market of it: what was sent, and what is to be done
replay_legs   stops, targets and parts that follow its entries
replay_sizes  how much its entries are for
replay_heart  the heart and the paper venue in one thread, driven by bars
"""
