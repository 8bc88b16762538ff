"""Round trips with their notes, as programs and pages see them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import Http404

from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.instrument import Instrument, public_symbol
from candlewick.ledger.trips import RoundTrip
from candlewick.runtime.accounts.shapes import percent, tidy
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import FillRecord
from candlewick.store.journal.rows import cost_of
from candlewick.store.models import TradeImage
from candlewick.web.journal import excursions, images, notes
from candlewick.web.journal.notes import Note
from candlewick.web.journal.question import Question, strategy_of
from candlewick.web.services import Services

CHUNK = 1_000  # rows of an export that are read at once


@dataclass(frozen=True, slots=True)
class Trade:
    """A round trip, its instrument and its note."""

    trip: RoundTrip
    instrument: Instrument
    symbol: str
    note: Note

    @property
    def strategy(self) -> str:
        return strategy_of(self.trip.origin, self.trip.tag)

    @property
    def return_pct(self) -> Decimal | None:
        """Net profit by what the most that was held had cost."""
        return percent(self.trip.net, cost_of(self.trip, self.instrument))

    @property
    def held_s(self) -> int | None:
        exited = self.trip.exited_at
        return None if exited is None else (exited - self.trip.entered_at) // NS_PER_S


@dataclass(frozen=True, slots=True)
class TradePage:
    """Some trades, and the cursor of those after them.

    `total`, where it is known without counting. `is_cut`: of the noted trades that were meant, only the
    newest are among them.
    """

    items: list[Trade]
    next: str | None
    total: int | None
    is_cut: bool


def read(
    services: Services, account: int, question: Question, *, cursor: str | None = None, limit: int = 100
) -> TradePage:
    """A page of what is asked for.

    Raises:
        UsageError: the question cannot be asked.
    """
    records = services.records
    asked = question.arguments(records, account, services.primary)
    page = records.trips(account, cursor=cursor, limit=limit, **asked)
    known: dict[str, Instrument] = {}
    told = notes.of_trades(account, [trip.id for trip in page.items])
    trades = [_trade(records, trip, services.primary, told, known) for trip in page.items]
    meant = max(len(asked["noted"]), len(asked["filters"].ids or ()))
    return TradePage(trades, page.next, page.total, meant >= notes.MOST_FOUND)


def find(services: Services, account: int, number: int) -> Trade:
    """One trade.

    Raises:
        Http404: the account has no such.
    """
    trip = services.records.trip(account, number) if number < 2**63 else None
    if trip is None:
        raise Http404(f"This account has no trade {number}.")
    return _trade(services.records, trip, services.primary, notes.of_trades(account, [number]), {})


def all_of(services: Services, account: int, question: Question) -> Iterator[list[Trade]]:
    """Everything that is asked for, some at a time."""
    cursor = None
    while True:
        page = read(services, account, question, cursor=cursor, limit=CHUNK)
        yield page.items
        cursor = page.next
        if cursor is None:
            return


def brief(trade: Trade) -> dict[str, Any]:
    """A trade in a list."""
    trip = trade.trip
    return {
        "id": trip.id,
        "account": trip.account,
        "symbol": trade.symbol,
        "instrument": trip.instrument,
        "side": trip.side,
        "status": trip.status,
        "quantity": trip.quantity,
        "open_quantity": trip.open_quantity,
        "entry_price": tidy(trip.entry_price),
        "exit_price": tidy(trip.exit_price),
        "currency": trip.currency,
        "gross": tidy(trip.gross),
        "fees": tidy(trip.fees),
        "funding": tidy(trip.funding),
        "net": tidy(trip.net),
        "return_pct": trade.return_pct,
        "fill_count": trip.fills,
        "scale_ins": trip.scale_ins,
        "scale_outs": trip.scale_outs,
        "strategy": trade.strategy,
        "origin": trip.origin,
        "order_tag": trip.tag,
        "entered_at": iso(trip.entered_at),
        "exited_at": None if trip.exited_at is None else iso(trip.exited_at),
        "held_s": trade.held_s,
        "tags": trade.note.tags,
        "rating": trade.note.rating,
        "note": trade.note.text,
    }


def whole(services: Services, trade: Trade) -> dict[str, Any]:
    """A trade by itself: with its fills, its excursion, its pictures, and which candles show it."""
    trip, now_s = trade.trip, int(time.time())
    return brief(trade) | {
        "excursion": excursions.excursion_of(services, trip, trade.instrument, now_s),
        "chart": excursions.chart_of(trip, trade.symbol, now_s),
        "fills": [_fill(each) for each in services.records.trip_fills(trip.account, trip.id)],
        "screenshots": [picture(each) for each in images.of_trade(trip.account, trip.id)],
    }


def picture(image: TradeImage) -> dict[str, Any]:
    """A picture's row; `url` leads to its bytes."""
    return {
        "id": image.name,
        "title": image.title,
        "type": images.CONTENT_TYPES[image.kind],
        "size": image.size,
        "url": f"/api/dashboard/trades/{image.trip}/screenshots/{image.name}/?account={image.account_id}",
    }


def written(note: Note) -> dict[str, Any]:
    """A note."""
    return {
        "note": note.text,
        "tags": note.tags,
        "rating": note.rating,
        "author": note.author,
        "updated_at": note.updated_at.isoformat().replace("+00:00", "Z") if note.updated_at else None,
    }


def _fill(record: FillRecord) -> dict[str, Any]:
    fill = record.fill
    return {
        "id": fill.id,
        "order_id": fill.order_id,
        "side": fill.side,
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "liquidity": fill.liquidity,
        "realized_pnl": tidy(record.realised),
        "time": iso(fill.ts),
    }


def _trade(
    records: Records, trip: RoundTrip, primary: str, told: Mapping[int, Note], known: dict[str, Instrument]
) -> Trade:
    if trip.instrument not in known:
        instrument = records.instrument(trip.instrument)
        assert instrument is not None, "the journal names an instrument before its first fill"
        known[trip.instrument] = instrument
    symbol = public_symbol(trip.instrument, primary=primary)
    return Trade(trip, known[trip.instrument], symbol, told.get(trip.id, Note()))
