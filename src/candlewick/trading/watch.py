"""`Watch`: everything that is known of one instrument, folded from what its venue said."""

from __future__ import annotations

from typing import Final, get_args

from candlewick.core.events import Quote
from candlewick.market.book import OrderBook
from candlewick.market.candles import CandleLadder
from candlewick.market.derivatives import DerivativeState
from candlewick.market.session import Session
from candlewick.market.tape import Tape
from candlewick.trading.effects import Aspect, Effects, Updated

TAPE_LENGTH: Final = 200


class Watch:
    """State of one instrument.

    Attributes:
        last: price of the newest trade, or of the venue's ticker before one came; None unknown.
        last_ts: exchange time of `last`, ns; 0 unknown.
        heard: when the newest message was received, ns; 0: none was.
        stale: why what is shown here may be old; empty while its connection stands.
        snapshot_wanted: a book snapshot has been asked for and has not come.
        updated: for each aspect, the effects that say it is new (made once: this is the hot path).
    """

    __slots__ = (
        "book",
        "candles",
        "derivative",
        "heard",
        "id",
        "last",
        "last_ts",
        "quote",
        "session",
        "snapshot_wanted",
        "stale",
        "tape",
        "updated",
    )

    def __init__(self, id: str) -> None:
        self.id = id
        self.book = OrderBook()
        self.candles = CandleLadder(id)
        self.tape = Tape(TAPE_LENGTH)
        self.session = Session()
        self.derivative = DerivativeState()
        self.quote: Quote | None = None
        self.last: float | None = None
        self.last_ts = 0
        self.heard = 0
        self.stale = "nothing received yet"
        self.snapshot_wanted = False
        self.updated: dict[Aspect, Effects] = {
            aspect: (Updated(f"{id}/{aspect}", id, aspect),) for aspect in get_args(Aspect)
        }
