"""An account of one venue: its spot side and its futures side, with a wallet each."""

from __future__ import annotations

import zlib

from candlewick.venues.sim.desk.margin import PerpTrader
from candlewick.venues.sim.desk.spot import SpotTrader


class Account:
    """Who trades. Any number of API keys may open it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.uid = zlib.crc32(name.encode())
        self.spot = SpotTrader(name)
        self.perp = PerpTrader(name)
