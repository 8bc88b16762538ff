"""Round trips: what a person calls a trade, from flat to flat, built from fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import is_spot, price_of, settles_in, worth
from candlewick.ledger.exact import ZERO, share


class RoundTrip(msgspec.Struct, frozen=True, kw_only=True):
    """One position from its first fill to the one that closed or reversed it.

    Attributes:
        id: unique within the account, and rising: `1`, `2`, …
        quantity: the most that was held; `open_quantity` what is held now, unsigned both.
        entry_price, exit_price: means over what was entered and left.
        gross: realised profit before fees and funding, in `currency`; `net` after them.
        fees: in `currency`; those paid in the base coin at the fill's price, those paid in coins of a third
            position at what these had cost. Others are left out, and in the account's postings alone.
        funding: received (positive) or paid.
        fills, scale_ins, scale_outs: fills in all; those after the first that added; those before the last
            that took away.
        origin, tag: of the order that opened it.
        entered_at, exited_at: ns UTC.
    """

    account: int
    id: int
    instrument: str
    side: Literal["long", "short"]
    status: Literal["open", "closed"]
    quantity: Decimal
    open_quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal | None
    currency: str
    gross: Decimal
    fees: Decimal
    funding: Decimal
    net: Decimal
    fills: int
    scale_ins: int
    scale_outs: int
    origin: str
    tag: str
    entered_at: int
    exited_at: int | None


class OpenTrip(msgspec.Struct, kw_only=True):
    """A round trip under way: what `TripFold` keeps of it, and what a snapshot holds.

    `entered` and `left` are quantities so far; `entered_worth` and `left_worth` what they were worth then.
    """

    id: int
    long: bool
    origin: str
    tag: str
    entered_at: int
    open: Decimal = ZERO
    peak: Decimal = ZERO
    entered: Decimal = ZERO
    entered_worth: Decimal = ZERO
    left: Decimal = ZERO
    left_worth: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    fills: int = 0
    entries: int = 0
    exits: int = 0


class TripFold:
    """Folds fills and funding of one account into round trips. Each call returns those it changed."""

    def __init__(
        self, account: int, *, next_id: int = 1, under_way: dict[str, OpenTrip] | None = None
    ) -> None:
        self.account = account
        self.next_id = next_id
        self.under_way: dict[str, OpenTrip] = {} if under_way is None else under_way

    def fill(
        self,
        instrument: Instrument,
        *,
        closed: Decimal,
        opened: Decimal,
        held: Decimal,
        price: Decimal,
        realised: Decimal,
        fee: Decimal,
        origin: str,
        tag: str,
        ts: int,
    ) -> tuple[RoundTrip, ...]:
        """A fill that closed some of what was open (unsigned) and opened the rest (signed).

        A reversal does both, and its `fee` is divided by quantity. `realised` belongs to what was closed;
        where nothing was, it is what a fill that was heard late made of others by its place among them.
        `held` is the position after all of it. Less than one lot of a coin cannot be sold: with no more left
        than that, the trip is closed, and what is left stands with the next one.
        """
        changed: list[RoundTrip] = []
        if closed:
            paid = share(fee, closed, closed + abs(opened))
            changed += self._leave(instrument, closed, price, realised, paid, ts)
            fee -= paid
        if opened:
            gained = ZERO if closed else realised
            changed.append(self._enter(instrument, opened, held, price, gained, fee, origin, tag, ts))
        return tuple(changed)

    def shrink(self, instrument: Instrument, quantity: Decimal, ts: int) -> tuple[RoundTrip, ...]:
        """Coins left the position without being sold: a withdrawal, or a fee paid in them."""
        trip = self.under_way.get(instrument.id)
        if trip is None:
            return ()
        trip.open -= quantity
        return (self._end_if_flat(instrument, trip, ts),)

    def funding(self, instrument: Instrument, amount: Decimal) -> tuple[RoundTrip, ...]:
        """Funding that was received (positive) or paid on what is open."""
        trip = self.under_way.get(instrument.id)
        if trip is None:
            return ()
        trip.funding += amount
        return (self._told(instrument, trip, None),)

    def _enter(
        self,
        instrument: Instrument,
        opened: Decimal,
        held: Decimal,
        price: Decimal,
        gained: Decimal,
        fee: Decimal,
        origin: str,
        tag: str,
        ts: int,
    ) -> RoundTrip:
        trip = self.under_way.get(instrument.id)
        if trip is None:
            trip = OpenTrip(id=self.next_id, long=opened > 0, origin=origin, tag=tag, entered_at=ts)
            self.under_way[instrument.id] = trip
            self.next_id += 1
        quantity = abs(opened)
        trip.open = abs(held)
        trip.peak = max(trip.peak, trip.open)
        trip.entered += quantity
        trip.entered_worth += worth(instrument, quantity, price)
        trip.gross += gained
        trip.fees += fee
        trip.fills += 1
        trip.entries += 1
        return self._told(instrument, trip, None)

    def _leave(
        self,
        instrument: Instrument,
        closed: Decimal,
        price: Decimal,
        realised: Decimal,
        fee: Decimal,
        ts: int,
    ) -> tuple[RoundTrip, ...]:
        trip = self.under_way.get(instrument.id)
        if trip is None:  # dust that a closed trip had left, sold alone
            return ()
        trip.open -= closed
        trip.left += closed
        trip.left_worth += worth(instrument, closed, price)
        trip.gross += realised
        trip.fees += fee
        trip.fills += 1
        trip.exits += 1
        return (self._end_if_flat(instrument, trip, ts),)

    def _end_if_flat(self, instrument: Instrument, trip: OpenTrip, ts: int) -> RoundTrip:
        if trip.open and not (is_spot(instrument) and instrument.lot and trip.open < instrument.lot):
            return self._told(instrument, trip, None)
        del self.under_way[instrument.id]
        return self._told(instrument, trip, ts)

    def _told(self, instrument: Instrument, trip: OpenTrip, exited_at: int | None) -> RoundTrip:
        return RoundTrip(
            account=self.account,
            id=trip.id,
            instrument=instrument.id,
            side="long" if trip.long else "short",
            status="open" if exited_at is None else "closed",
            quantity=trip.peak,
            open_quantity=trip.open,
            entry_price=price_of(instrument, trip.entered, trip.entered_worth),
            exit_price=price_of(instrument, trip.left, trip.left_worth) if trip.left else None,
            currency=settles_in(instrument),
            gross=trip.gross,
            fees=trip.fees,
            funding=trip.funding,
            net=trip.gross - trip.fees + trip.funding,
            fills=trip.fills,
            scale_ins=max(trip.entries - 1, 0),
            scale_outs=trip.exits if exited_at is None else max(trip.exits - 1, 0),
            origin=trip.origin,
            tag=trip.tag,
            entered_at=trip.entered_at,
            exited_at=exited_at,
        )
