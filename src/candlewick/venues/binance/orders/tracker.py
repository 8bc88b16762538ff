"""The orders of one account by every name they have, and what was told of them. Pure.

The user stream carries no numbers that would show a gap. What shows one is arithmetic: each message of an
order tells how much of it is filled in all, and the fills that were told must add up to that. Where they
do not, an end of the order is held back until its fills are there, and `is_missing` asks for them.

An order that is none of ours gets the id `x-` + market + venue id: a client id may be used again at the
venue (`adl_autoclose` always is), its own id never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import msgspec

from candlewick.core.clock import NS_PER_MS
from candlewick.core.order import Order, Terms
from candlewick.core.reports import (
    Accepted,
    Amended,
    ExternalOrder,
    Fill,
    Gone,
    Refused,
    Report,
    Triggered,
    VenueOrder,
)
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.mapper import Deal, Dealt, Said

KEEP_DONE: Final = 5_000  # orders that are done, in case the venue has more to say of them
ZERO: Final = Decimal(0)
_LETTER: Final[dict[PrivateMarket, str]] = {"spot": "s", "usdm": "u"}


@dataclass(slots=True)
class Tracked:
    """One order.

    Attributes:
        id: as the heart knows it.
        venue_id: in the matching engine; algo_id: in the algo service (`algo-…`), before its trigger.
        told: how much of it this process has told in fills; None: it was done before, and its fills are the
            ledger's.
        booked: how much of it the heart had when it was first followed.
        filled: how much of it the venue has filled; is_full: that is all of it.
        is_sending: its fate is being found out; nobody else may judge it.
        is_refused: it was told that the venue never took it.
        end: how it ended, held back until its fills are told.
        changed_ms: since when its terms are these, by the venue's clock.
    """

    id: str
    market: PrivateMarket
    symbol: str
    terms: Terms
    told: Decimal | None
    is_ours: bool
    venue_id: str | None = None
    algo_id: str | None = None
    booked: Decimal = ZERO
    filled: Decimal = ZERO
    is_full: bool = False
    is_sending: bool = False
    is_accepted: bool = False
    is_triggered: bool = False
    is_forced: bool = False
    is_done: bool = False
    is_refused: bool = False
    end: Said | None = None
    changed_ms: int = 0

    @property
    def waits(self) -> bool:
        """Whether it stands in the algo service, untriggered."""
        return self.algo_id is not None and self.venue_id is None

    @property
    def known(self) -> Decimal:
        """How much of it the heart knows to be filled. (What was booked may be told once more.)"""
        return self.filled if self.told is None else max(self.told, self.booked)

    @property
    def is_missing(self) -> bool:
        """Whether the venue has filled more of it than is known."""
        return self.known < self.filled


@dataclass(slots=True)
class Cursor:
    """Which trades of one instrument are known: those of the list from `first` to `last`, and some others.

    Attributes:
        until_ms: until when the list was read.
        others: told by the stream, or with their order, and not within the part of the list that was read.
    """

    until_ms: int
    first: int | None = None
    last: int | None = None
    others: set[int] = field(default_factory=set)

    def was_read(self, number: int) -> bool:
        """Whether the trade is in the part of the list that was read."""
        return self.first is not None and self.last is not None and self.first <= number <= self.last


class Tracker:
    """What is known of one account's orders.

    Attributes:
        account: its number.
        is_missing: something was missed, and the venue is to be asked.
        ghosts: orders that were refused as lost, and stand at the venue after all.
        news: counts what the streams told, so that others see whether something was told meanwhile.
    """

    def __init__(self, account: int, knows: Callable[[str], bool], since_ms: int) -> None:
        """`knows` tells whether the heart has an order of this id; what strangers traded before `since_ms`
        is not told."""
        self.account = account
        self.is_missing = False
        self.news = 0
        self.ghosts: list[Tracked] = []
        self.cursors: dict[str, Cursor] = {}
        self._knows = knows
        self._since_ms = since_ms
        self._by_id: dict[str, Tracked] = {}
        self._by_venue: dict[tuple[PrivateMarket, str], Tracked] = {}
        self._orphans: dict[str, list[Said]] = {}

    @property
    def holds_back(self) -> bool:
        """Whether something was heard of which it is not known yet whose it is."""
        return bool(self._orphans)

    # Which orders there are.

    def follow(self, order: Order, market: PrivateMarket, symbol: str, *, algo: bool) -> Tracked:
        """Follow an order of the heart's, as it has it."""
        tracked = self._by_id.get(order.id)
        if tracked is None:
            tracked = Tracked(order.id, market, symbol, order.terms, ZERO, not _is_external(order.id))
            self._add(tracked)
            tracked.is_triggered = order.triggered_at is not None
            tracked.is_accepted = order.venue_id is not None or order.status != "IN_FLIGHT"
            if order.venue_id is not None:
                self._name(tracked, order.venue_id)
            elif _is_external(order.id):
                self._name(tracked, order.id[3:])
            tracked.booked = tracked.filled = order.filled
        if algo and tracked.venue_id is None and tracked.algo_id is None:
            tracked.algo_id = ""  # it is there under our id, and has not told its own
        return tracked

    def get(self, order_id: str) -> Tracked | None:
        """The order of this id."""
        return self._by_id.get(order_id)

    def by_venue_id(self, market: PrivateMarket, venue_id: str) -> Tracked | None:
        """The order that has this id at the venue."""
        return self._by_venue.get((market, venue_id))

    def working(self, market: PrivateMarket) -> list[Tracked]:
        """Orders of a market that are not done."""
        return [each for each in self._by_id.values() if each.market == market and not each.is_done]

    def identify(self, said: Said) -> tuple[Tracked, bool]:
        """The order that the venue speaks of, and whether it was not known before.

        One that is none of ours is external, and followed from here on.
        """
        found = self._find(said)
        is_new = found is None
        if found is None:
            # one of this id that is followed already stands in the other market
            ours = self._knows(said.client_id) and said.client_id not in self._by_id
            id = said.client_id if ours else _external_id(said)
            found = Tracked(id, said.market, said.symbol, said.terms, None if ours else ZERO, ours)
            found.is_forced = said.is_forced
            found.is_accepted = True
            self._add(found)
        self._name(found, said.venue_id)
        if said.actual_id is not None:
            self._name(found, said.actual_id)
        return found, is_new and not found.is_ours

    # What the streams say.

    def heard(self, said: Said) -> list[Report]:
        """What is news in a message of the user stream, or in the answer to a question about one order."""
        self.news += 1
        if self._is_orphan(said):
            self._orphans.setdefault(said.venue_id, []).append(said)
            self.is_missing = True
            return []
        tracked, is_external = self.identify(said)
        if is_external and said.what == "rejected":
            tracked.is_done = True
            return []  # a person's order that never was one
        if tracked.is_refused and said.status in ("OPEN", "PARTLY_FILLED"):
            self.ghosts.append(tracked)
        reports: list[Report] = []
        if is_external:
            reports.append(ExternalOrder(self.account, external(tracked, said), said.ts))
        reports += self._news(tracked, said)
        if said.actual_id is not None:
            for orphan in self._orphans.pop(said.actual_id, ()):
                reports += self._news(tracked, orphan)
        return reports

    def release(self) -> list[Report]:
        """What was held back because it might belong to a conditional order, and was found not to."""
        reports: list[Report] = []
        orphans, self._orphans = self._orphans, {}
        for said in (each for held in orphans.values() for each in held):
            tracked, is_external = self.identify(said)
            if is_external:
                reports.append(ExternalOrder(self.account, external(tracked, said), said.ts))
            reports += self._news(tracked, said)
        return reports

    def acknowledged(self, order_id: str, venue_id: str, ts: int) -> list[Report]:
        """The venue answered that it has the order."""
        tracked = self._by_id[order_id]
        self._name(tracked, venue_id)
        return self._accept(tracked, venue_id, ts)

    def refused(self, order_id: str, code: str, reason: str, ts: int) -> list[Report]:
        """The venue has not taken the order."""
        tracked = self._by_id[order_id]
        if tracked.is_done:
            return []
        tracked.is_done = tracked.is_refused = True
        return [Refused(self.account, order_id, code, reason, ts)]

    def gone(self, order_id: str, reason: str, ts: int) -> list[Report]:
        """An order that waited for its trigger is gone, unfilled."""
        tracked = self._by_id[order_id]
        if tracked.is_done:
            return []
        tracked.is_done = True
        return [Gone(self.account, order_id, reason, ts)]

    def amended(self, order_id: str, terms: Terms, ts: int) -> list[Report]:
        """The venue has changed the order, at `ts` by its clock."""
        tracked = self._by_id[order_id]
        if tracked.terms == terms or ts // NS_PER_MS < tracked.changed_ms:
            return []
        tracked.terms, tracked.changed_ms = terms, ts // NS_PER_MS
        return [Amended(self.account, order_id, terms, ts)]

    # What the venue's list of trades says.

    def cursor(self, instrument: str) -> Cursor:
        """Where the trades of an instrument are known up to."""
        found = self.cursors.get(instrument)
        if found is None:
            found = self.cursors[instrument] = Cursor(self._since_ms)
        return found

    def dealt(self, tracked: Tracked, dealt: Dealt) -> list[Report]:
        """A trade from the list: a fill, unless it was told."""
        reports = self._fill(tracked, dealt.deal, dealt.ts)
        reports += self._settle(tracked)
        return reports

    def read_up_to(self, instrument: str, first: int | None, last: int | None, until_ms: int) -> None:
        """The list was read from the trade `first` to `last`, and until then; None: it holds none."""
        cursor = self.cursor(instrument)
        cursor.first, cursor.last = first, last
        cursor.until_ms = max(cursor.until_ms, until_ms)
        cursor.others = {number for number in cursor.others if not cursor.was_read(number)}

    def missing(self) -> Iterator[Tracked]:
        """Orders of which the venue has filled more than was told."""
        return (each for each in list(self._by_id.values()) if each.is_missing)

    def lacks(self, instrument: str) -> bool:
        """Whether fills of an instrument are missing."""
        return any(each.terms.instrument == instrument for each in self.missing())

    # Inside.

    def _find(self, said: Said) -> Tracked | None:
        for venue_id in (said.venue_id, said.actual_id):
            if venue_id is not None:
                found = self._by_venue.get((said.market, venue_id))
                if found is not None:
                    return found
        found = self._by_id.get(said.client_id)
        return found if found is not None and found.market == said.market else None

    def _is_orphan(self, said: Said) -> bool:
        """Whether it may be the order that the trigger of a conditional order of ours has sent.

        It has the same client id as far as has been seen; the documentation does not promise it, and its
        first message may come before the one that links the two.
        """
        if said.market != "usdm" or said.venue_id.startswith("algo-") or self._find(said) is not None:
            return False
        if said.is_forced or self._knows(said.client_id):
            return False
        return any(
            each.waits
            and each.symbol == said.symbol
            and each.terms.side == said.terms.side
            and each.terms.quantity == said.terms.quantity
            for each in self.working("usdm")
        )

    def _news(self, tracked: Tracked, said: Said) -> list[Report]:
        if said.filled is not None and said.filled > tracked.filled:
            tracked.filled = said.filled
        tracked.is_full = tracked.is_full or said.status == "FILLED"
        if said.what == "rejected" and not tracked.is_accepted:
            return self.refused(tracked.id, "venue", said.reason or "refused by the venue", said.ts)
        reports = self._accept(tracked, said.venue_id, said.ts)
        if said.is_triggered and not tracked.is_triggered:
            tracked.is_triggered = True
            price = tracked.terms.stop_price or said.terms.stop_price or said.terms.limit_price or ZERO
            reports.append(Triggered(self.account, tracked.id, price, said.ts))
        if said.what in ("amended", "new"):
            reports += self._compare(tracked, said)
        if said.deal is not None:
            if said.deal.id is None:
                self.is_missing = True  # the list of trades will tell its id
            else:
                reports += self._fill(tracked, said.deal, said.ts)
        if said.what in ("cancelled", "expired", "rejected") and not tracked.is_done:
            tracked.end = said
        return reports + self._settle(tracked)

    def _compare(self, tracked: Tracked, said: Said) -> list[Report]:
        """Whether an order that stands was changed: its quantity, or a limit order's price."""
        old, seen = tracked.terms, said.terms
        if said.status not in ("OPEN", "PARTLY_FILLED") or said.filled is None or not seen.quantity:
            return []
        new = msgspec.structs.replace(old, quantity=seen.quantity)
        if old.limit_price is not None and seen.limit_price is not None:
            new = msgspec.structs.replace(new, limit_price=seen.limit_price)
        return self.amended(tracked.id, new, said.ts)

    def _accept(self, tracked: Tracked, venue_id: str, ts: int) -> list[Report]:
        if tracked.is_accepted:
            return []
        tracked.is_accepted = True
        return [Accepted(self.account, tracked.id, venue_id, ts)]

    def _fill(self, tracked: Tracked, deal: Deal, ts: int) -> list[Report]:
        number = int(deal.id or 0)
        cursor = self.cursor(tracked.terms.instrument)
        if number in cursor.others or cursor.was_read(number):
            return []
        cursor.others.add(number)
        if tracked.told is not None:
            tracked.told += deal.quantity
        # of orders of ours that were at work the heart itself knows which fills it has
        if ts < self._since_ms * NS_PER_MS and (tracked.told is None or not tracked.is_ours):
            return []
        fill = Fill(
            account=self.account,
            id=str(number),
            order_id=tracked.id,
            instrument=tracked.terms.instrument,
            side=tracked.terms.side,
            price=deal.price,
            quantity=deal.quantity,
            fee=deal.fee,
            fee_currency=deal.fee_currency or _settles_in(tracked.symbol),
            liquidity=deal.liquidity,
            ts=ts,
            liquidation=tracked.is_forced,
        )
        return [fill]

    def _settle(self, tracked: Tracked) -> list[Report]:
        """End the order when everything of it was told."""
        if tracked.is_missing:
            self.is_missing = True
            return []
        if tracked.is_done:
            return []
        if tracked.end is not None:
            tracked.is_done = True
            said, tracked.end = tracked.end, None
            expired = said.what != "cancelled"
            return [Gone(self.account, tracked.id, said.reason, said.ts, expired)]
        if tracked.is_full or 0 < tracked.terms.quantity <= tracked.known:
            tracked.is_done = True
        return []

    def _add(self, tracked: Tracked) -> None:
        self._by_id[tracked.id] = tracked
        if len(self._by_id) > 2 * KEEP_DONE:
            done = [each for each in self._by_id.values() if each.is_done]
            self._forget(done[: max(0, len(done) - KEEP_DONE)])

    def _forget(self, orders: Iterable[Tracked]) -> None:
        for each in orders:
            del self._by_id[each.id]
            for venue_id in (each.venue_id, each.algo_id):
                if venue_id:
                    self._by_venue.pop((each.market, venue_id), None)

    def _name(self, tracked: Tracked, venue_id: str) -> None:
        if venue_id.startswith("algo-"):
            tracked.algo_id = venue_id
        else:
            tracked.venue_id = venue_id
        self._by_venue[tracked.market, venue_id] = tracked


def external(tracked: Tracked, said: Said) -> VenueOrder:
    """An order of somebody else's as it began: what was filled of it is told in fills."""
    return VenueOrder(
        order_id=tracked.id,
        venue_id=said.venue_id,
        terms=tracked.terms,
        filled=ZERO,
        average_price=None,
        status="OPEN",
        reason=said.reason,
        ts=said.ts,
    )


def _external_id(said: Said) -> str:
    return f"x-{_LETTER[said.market]}{said.venue_id}"[:36]


def _is_external(order_id: str) -> bool:
    return order_id.startswith(("x-s", "x-u"))


def _settles_in(symbol: str) -> str:
    """The currency of a fee of nothing, which the venue does not name."""
    return "USDC" if symbol.endswith("USDC") else "USDT"
