"""Live data to browsers and programs: `/ws/` and `/stream/`.

access     who may connect, and for how long they may stay
channels   the names that can be subscribed to
cohorts    readers who are served together, and what is made once for them
frames     a message and its bytes on a WebSocket and on an event stream
jobs       whose a study is, and what changes in it
hub        who reads what, and the wheel that serves them
lanes      the account lane's snapshots and numbered events
messages   the messages the hub itself writes
metrics    what the hub counts about itself
readers    one connection, as the hub sees it
sources    the newest of each market channel, and what changed since
transport  writing to a connection without waiting for it
ws, sse    the two endpoints
"""
