"""An account as the venue has it: open orders, what became of those we ask about, missed fills, money.

Nothing is claimed that the fills do not bear out: an order stands here as filled as far as its fills are
known, and an end is told when all of them are. Balances and positions are told only if nothing happened
while they were collected, for the parts come from several answers and would not fit together otherwise.

Which symbols may hold trades that nobody told: those with working or open orders or trades before, on
futures those that the income history names, on spot those of whose base asset the account has another amount
than when it was last asked. (A spot pair that was never traded from here, and was bought and sold again by
other means while nobody listened, leaves no trace that could be asked for but the money that it made.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from candlewick.core.errors import VenueError
from candlewick.core.instrument import Instrument
from candlewick.core.reports import (
    ExternalOrder,
    FundingPaid,
    Report,
    VenueBalance,
    VenueLeverage,
    VenueOrder,
    VenuePosition,
)
from candlewick.venues.binance.orders import leverage, money, requests, wire
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.mapper import Said
from candlewick.venues.binance.orders.refusals import NO_SUCH_ORDER, Refusal
from candlewick.venues.binance.orders.side import Side
from candlewick.venues.binance.orders.terms import Unsupported, market_of
from candlewick.venues.binance.orders.tracker import Tracked, Tracker, external

OVERLAP_MS: Final = 60_000  # a list that is read by time is read again so far back
QUOTES: Final = frozenset({"USDT"})  # what coins are bought with, even where nothing of it is left

Query = dict[str, str | int]
Hand = Callable[[Iterable[Report]], None]


@dataclass(slots=True)
class Collected:
    """What one market says.

    Attributes:
        said: by our id, every order that is open, was asked about, or has traded.
        lost: orders that the venue does not know.
        heard: how many orders the tracker was told of, so that others know what else it was told.
    """

    said: dict[str, tuple[Tracked, Said]] = field(default_factory=dict)
    lost: list[Tracked] = field(default_factory=list)
    balances: list[VenueBalance] = field(default_factory=list)
    positions: list[VenuePosition] = field(default_factory=list)
    leverages: list[VenueLeverage] = field(default_factory=list)
    fundings: list[FundingPaid] = field(default_factory=list)
    heard: int = 0

    @property
    def orders(self) -> list[VenueOrder]:
        """The orders as far as their fills bear them out."""
        return [_venue_order(*each) for each in self.said.values()]


async def collect(side: Side, tracker: Tracker, report: Hand, *, whole: bool) -> Collected:
    """Ask one market for all of it; what is news in that is handed to `report` as it is found.

    If not `whole`, only in the symbols that orders or trades are known of, and not for income: a tenth of
    the weight, and enough where the stream stood all the time.

    Raises:
        VenueError: it does not say. What it has said by then was reported.
    """
    found = Collected()
    symbols = _followed(side, tracker)
    whole = whole or len(symbols) >= requests.MANY_SYMBOLS[side.market]
    for said in await _open(side, [None] if whole else sorted(symbols)):
        _put_down(tracker, said, found, report)
    found.balances, found.positions = await money.holdings(side)
    if side.market == "usdm":
        found.leverages = await leverage.in_force(side)
    income_until_ms = side.rest.time.now_ms()
    income = await money.income(side, income_until_ms) if whole else []
    for tracked in tracker.working(side.market):
        if tracked.id in found.said or tracked.is_sending:
            continue
        became = await ask_about(side, tracker, tracked)
        if became is None:
            found.lost.append(tracked)
        else:
            found.said[tracked.id] = tracked, became
    for _, said in list(found.said.values()):
        report(tracker.heard(said))
        found.heard += 1
    symbols |= _moved(side, found) | {row.symbol for row in income if row.symbol}
    symbols |= {tracked.symbol for tracked, _ in found.said.values()}
    for native in sorted(symbols):
        await _trades(side, tracker, native, found, report)
    await _of_orders(side, tracker, found, report)
    report(tracker.release())
    found.fundings = await money.fundings(side, tracker.account, income)
    if whole:
        side.income_until_ms = income_until_ms
    return found


async def fill_in(side: Side, tracker: Tracker, report: Hand) -> None:
    """Ask for the fills of single orders of which some are missing.

    Raises:
        VenueError: the venue does not say.
    """
    await _of_orders(side, tracker, Collected(), report)


async def _of_orders(side: Side, tracker: Tracker, found: Collected, report: Hand) -> None:
    for tracked in list(tracker.missing()):
        if tracked.market == side.market and tracked.venue_id is not None:
            rows = await _rows(side, tracked.symbol, {"orderId": tracked.venue_id})
            await _deal(side, tracker, tracked.symbol, rows, found, report)


async def ask_about(side: Side, tracker: Tracker, tracked: Tracked) -> Said | None:
    """What became of an order, wherever it lives now; None: the venue knows no such order.

    Raises:
        VenueError: it does not say.
    """
    instrument = side.instruments.get(tracked.terms.instrument)
    if instrument is None:
        raise VenueError(f"Nothing is known of {tracked.terms.instrument}: the venue does not list it.")
    if tracked.algo_id is not None and tracked.venue_id is None:
        names = (
            requests.by_id(tracked.algo_id)
            if tracked.algo_id
            else requests.by_client_id(tracked.id, algo=True)
        )
        try:
            row = await side.rest.ask(requests.query(instrument, names, algo=True), wire.decode_algo)
        except Refusal as refusal:
            if refusal.number not in NO_SUCH_ORDER:
                raise
            return None
        said: Said = side.mapper.algo(row)
        if said.actual_id is None:
            # ended without ever having become an order: whatever the service calls that
            return replace(said, what="expired", status="EXPIRED") if said.what == "finished" else said
        tracker.identify(said)
    names = (
        requests.by_id(tracked.venue_id)
        if tracked.venue_id is not None
        else requests.by_client_id(tracked.id, algo=False)
    )
    try:
        order = await side.rest.ask(requests.query(instrument, names, algo=False), wire.decode_order)
    except Refusal as refusal:
        if refusal.number not in NO_SUCH_ORDER:
            raise
        return None
    return side.mapper.order(order)


async def _open(side: Side, symbols: Iterable[str | None]) -> list[Said]:
    """Everything open in some symbols; None: in all."""
    said: list[Said] = []
    for native in symbols:
        ordinary, *algo = requests.open_orders(side.market, native)
        said += map(side.mapper.order, await side.rest.ask(ordinary, wire.decode_orders))
        for request in algo:
            said += map(side.mapper.algo, await side.rest.ask(request, wire.decode_algos))
    return said


def _followed(side: Side, tracker: Tracker) -> set[str]:
    """Symbols with orders at work, or with trades that we know of; by the venue's names."""
    symbols = {each.symbol for each in tracker.working(side.market)}
    for instrument in side.instruments.values():
        cursor = tracker.cursors.get(instrument.id)
        if cursor is not None and cursor.last is not None and market_or_none(instrument) == side.market:
            symbols.add(instrument.native)
    return symbols


def _moved(side: Side, found: Collected) -> set[str]:
    """Spot symbols of whose base asset there is another amount than when it was last looked at."""
    if side.market != "spot":
        return set()
    held = {each.currency: each.free + each.locked for each in found.balances}
    moved = {currency for currency, total in held.items() if side.held.get(currency) != total}
    side.held = held
    return {
        each.native
        for each in side.instruments.values()
        if each.kind == "spot" and each.base in moved and each.quote in held.keys() | QUOTES
    }


def market_or_none(instrument: Instrument) -> PrivateMarket | None:
    """The market of an instrument; None: it is traded in none of ours."""
    try:
        return market_of(instrument)
    except Unsupported:
        return None


async def _trades(side: Side, tracker: Tracker, native: str, found: Collected, report: Hand) -> None:
    """Read the list of trades of a symbol from where it was read up to."""
    id = side.mapper.instrument(native)
    cursor = tracker.cursor(id)
    first, last, now_ms = cursor.first, cursor.last, side.rest.time.now_ms()
    start_ms = cursor.until_ms - OVERLAP_MS

    async def take(rows: list[wire.TradeRow]) -> bool:
        nonlocal first, last
        await _deal(side, tracker, native, rows, found, report)
        if rows:
            first, last = rows[0].id if first is None else first, rows[-1].id
        return bool(rows)

    if last is None and side.market == "spot":
        # the most recent ones are one request; only if they do not reach back far enough are there more
        recent = await _rows(side, native, {})
        if len(recent) < requests.TRADES_A_PAGE or recent[0].time < start_ms:
            await take([each for each in recent if each.time >= start_ms])
            start_ms = now_ms + 1
    while last is None and start_ms <= now_ms:
        end_ms = min(now_ms, start_ms + requests.TRADES_WINDOW_MS[side.market] - 1)
        await take(await _rows(side, native, {"startTime": start_ms, "endTime": end_ms}))
        start_ms = end_ms + 1
    while last is not None and await take(await _rows(side, native, {"fromId": last + 1})):
        pass
    tracker.read_up_to(id, first, last, now_ms)


async def _rows(side: Side, native: str, window: Query) -> list[wire.TradeRow]:
    rows = await side.rest.ask(requests.trades(side.market, native, window), wire.decode_trades)
    return sorted(rows, key=lambda row: row.id)


async def _deal(
    side: Side,
    tracker: Tracker,
    native: str,
    rows: list[wire.TradeRow],
    found: Collected,
    report: Hand,
) -> None:
    """Take trades in, each for its order."""
    for row in rows:
        dealt = side.mapper.deal(row)
        tracked = tracker.by_venue_id(side.market, dealt.venue_id)
        if tracked is None:
            tracked = await _who(side, tracker, native, dealt.venue_id, found, report)
        report(tracker.dealt(tracked, dealt))


async def _who(
    side: Side, tracker: Tracker, native: str, venue_id: str, found: Collected, report: Hand
) -> Tracked:
    """Whose trade it was: ask for the order, which names itself."""
    instrument = side.instrument(native)
    if instrument is None:
        raise VenueError(f"There are trades in {native}, which the venue does not list any more.")
    request = requests.query(instrument, requests.by_id(venue_id), algo=False)
    said = side.mapper.order(await side.rest.ask(request, wire.decode_order))
    tracked = _put_down(tracker, said, found, report)
    report(tracker.heard(said))
    found.heard += 1
    return tracked


def _put_down(tracker: Tracker, said: Said, found: Collected, report: Hand) -> Tracked:
    """Put down what was said of an order; a stranger's is claimed before its fills are told."""
    tracked, is_external = tracker.identify(said)
    found.said[tracked.id] = tracked, said
    if is_external:
        report([ExternalOrder(tracker.account, external(tracked, said), said.ts)])
    return tracked


def _venue_order(tracked: Tracked, said: Said) -> VenueOrder:
    """How the order stands, as far as its fills bear it out."""
    known, status = tracked.known, said.status
    if tracked.is_missing:
        status = "PARTLY_FILLED" if known else "OPEN"
    elif 0 < tracked.terms.quantity <= known:
        status = "FILLED"  # since it was asked for
    return VenueOrder(
        order_id=tracked.id,
        venue_id=said.venue_id,
        terms=tracked.terms,
        filled=known,
        average_price=said.average,
        status=status,
        reason=said.reason,
        ts=said.ts,
    )


def lost(tracked: Tracked, ts: int) -> VenueOrder:
    """The venue knows no such order: it never came there."""
    return VenueOrder(
        order_id=tracked.id,
        venue_id=tracked.venue_id or "",
        terms=tracked.terms,
        filled=tracked.known,
        average_price=None,
        status="REJECTED",
        reason="lost: the venue knows no such order",
        ts=ts,
    )
