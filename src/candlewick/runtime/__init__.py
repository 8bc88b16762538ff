"""Asyncio shells around the pure rooms: what connects, keeps, publishes and supervises.

engine_process  the engine put together, started and stopped in order
live            venue feeds → heart → effects, carried out
mending         asks again for what was missed
face            history for people: `cw.load`, `cw.read`
history         fetches into the lake what somebody asks for
publish         the two lanes to the browser
gateway         the one wire between web and engine
requests        what web processes may ask the engine
health          how the feeds are doing, for people
player, replay  recordings, played as a venue
download        history from a venue, without an engine
upkeep          compaction of the lake in a process of its own
jobs            studies, each in a process of its own
supervisor      keeps the processes up behind `candlewick up`
parents         no child outlives its parent
settings        file, variables and flags
wiring          which connector stands behind a venue's name
logs            one line a record
"""
