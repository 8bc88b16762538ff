"""The web process: Django at the edge, live data beside it.

api           REST, documented at /api/docs
asgi          the one application: what is live, and what is Django's
audit         the page of the audit log
away          the page for while the engine is away
boot          makes Django ready in this process
bridge        Django's handler on a pool of threads
compression   answers in fewer bytes
charts        the page of several charts at once
components    parts of pages that the server renders, with the events they answer to
cors          pages of other origins
dashboard     the page that the day begins on
desk          asking the engine about a person's account
download      files that are made while they are sent
handler       the way of a request through Django: that of pages, and the short one of data
headers       security headers, and what pages and data may load
health        readiness and metrics
journal       the pages of trades, and what people write about them
limits        how often somebody may ask
link          the engine, as this process needs it
live          /ws/ and /stream/
metrics       what was counted, for Prometheus
people        signing in, accounts, tokens, settings
performance   the page of what an account made, and at which risk
portfolio     the page of what an account holds and has asked for, and its files
problem       errors as problem documents
redis_cache   a cache that many processes share
risk          the page of limits, exposures and the kill switch
scripts       what a page's scripts are, and what is fetched ahead
secret        the key that signs sessions
server        uvicorn, in our hands
services      what a view can reach
settings      Django's
shared        what is to be known of Redis
static_files  gathered and compressed once a version
terminal      the terminal's page
urls          every address that Django answers
watchlist     which instruments a person watches
windows       exact moving windows in memory
"""
