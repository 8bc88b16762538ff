"""Components: parts of a page that the server renders, each with the few events it answers to.

component    what a component is: what it shows, which events it declares, who may send them
dispatch     the one road from an event to its handler, for HTTP, WebSocket and tests alike
figures      numbers as people read them
order        the ticket
permissions  who may see a component and send its events
portfolio    positions, their profit, and what can be done with them
registry     components by name
risk_metrics margin, limits, exposure, kill switch
socket       events over /ws/
testing      what tests of components stand on
urls         their addresses, and the import of each
views        events over HTTP
visit        who asks, about which account
watchlist    prices of a person's own symbols
"""

from __future__ import annotations

from candlewick.web.components.component import Component, Event, FormComponent, Params, Schema
from candlewick.web.components.registry import registry

__all__ = ["Component", "Event", "FormComponent", "Params", "Schema", "registry"]
