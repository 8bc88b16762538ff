"""`/api/fills/`: every fill of an account, with the profit that it closed."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UnknownInterval
from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS
from candlewick.runtime.accounts import shapes
from candlewick.runtime.accounts.shapes import encode, tidy
from candlewick.store.journal.records import FillRecord
from candlewick.web import desk
from candlewick.web.api.paging import passed_on, records_page
from candlewick.web.api.schemas import Exact
from candlewick.web.api.when import utc_ns
from candlewick.web.people.accounts import chosen
from candlewick.web.services import services_of

router = Router(tags=["orders"])


class Fill(Schema):
    """A trade of an order. `realized_pnl` is what it closed, before fees; `fee` negative is a rebate."""

    id: str
    order_id: str
    symbol: str
    instrument: str
    side: Literal["buy", "sell"]
    price: Exact
    quantity: Exact
    fee: Exact
    fee_currency: str
    liquidity: Literal["maker", "taker"]
    liquidation: bool
    realized_pnl: Exact
    time: str


class Fills(Schema):
    """A page of fills."""

    items: list[Fill]
    next: str | None


@router.get("/", response={200: Fills}, summary="Fills, newest first")
def listing(
    request: HttpRequest,
    symbol: str | None = None,
    start: str | None = None,
    end: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    account: str | None = None,
) -> HttpResponse:
    """What was traded, at which price and fee, in [start, end)."""
    access = chosen(request, account)
    page = services_of(request).records.fills(
        access.id,
        symbol=desk.require_symbol(request, symbol) if symbol else None,
        start=utc_ns(start, "start"),
        end=utc_ns(end, "end"),
        cursor=cursor,
        limit=limit,
    )
    primary = services_of(request).primary
    return records_page([encode(fill_json(each, primary)) for each in page.items], page.next)


class Mark(Schema):
    """What was bought, or sold, within one candle: at the mean `price`, closing `realized_pnl`."""

    time: int
    side: Literal["buy", "sell"]
    price: Exact
    quantity: Exact
    realized_pnl: Exact


@router.get("/marks/", response={200: list[Mark]}, summary="Fills as marks on a chart")
def marks(
    request: HttpRequest,
    symbol: str,
    interval: str,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    account: str | None = None,
) -> HttpResponse:
    """The newest fills of a symbol, added up by candle (`time` is when it opens) and side; oldest first."""
    access = chosen(request, account)
    if interval not in SECONDS:
        raise UnknownInterval(interval[:20], tuple(SECONDS))
    instrument = desk.require_symbol(request, symbol)
    records = services_of(request).records.fills(access.id, symbol=instrument, limit=limit).items
    found: dict[tuple[int, str], list[FillRecord]] = {}
    for record in reversed(records):
        opened = record.fill.ts // NS_PER_S // SECONDS[interval] * SECONDS[interval]
        found.setdefault((opened, record.fill.side), []).append(record)
    body = encode([_mark_json(*key, records) for key, records in sorted(found.items())])
    return passed_on(body)


def _mark_json(time: int, side: str, records: list[FillRecord]) -> dict[str, Any]:
    quantity = sum((each.fill.quantity for each in records), Decimal(0))
    value = sum((each.fill.quantity * each.fill.price for each in records), Decimal(0))
    realised = sum((each.realised for each in records), Decimal(0))
    return {
        "time": time,
        "side": side,
        "price": tidy(value / quantity),
        "quantity": quantity,
        "realized_pnl": tidy(realised),
    }


def fill_json(record: FillRecord, primary: str) -> dict[str, Any]:
    """A fill as programs see it, its numbers exact."""
    fill = record.fill
    return shapes.fill_json(fill) | {
        "order_id": fill.order_id,
        "symbol": public_symbol(fill.instrument, primary=primary),
        "instrument": fill.instrument,
        "side": fill.side,
        "realized_pnl": tidy(record.realised),
    }
