"""Live data to browsers and programs: `/ws/` and `/stream/`.

access     who may connect, and for how long they may stay
channels   the names that can be subscribed to
frames     a message and its bytes on a WebSocket and on an event stream
hub        readers in cohorts, and the wheel that serves them
lanes      the account lane's snapshots and numbered events
sources    the newest of each market channel, and what changed since
transport  writing to a connection without waiting for it
ws, sse    the two endpoints
"""
