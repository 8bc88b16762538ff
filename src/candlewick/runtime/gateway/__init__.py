"""The one wire between the web processes and the engine, over ZeroMQ.

wire    frames, addresses, and a socket read through its file descriptor
server  the engine's end: market lane out, account lane out, requests in
client  a web process's end: `EngineLink`
"""
