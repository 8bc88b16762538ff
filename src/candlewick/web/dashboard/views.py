"""The dashboard, and the part of it that follows fills."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.errors import EngineAway, StoreBusy
from candlewick.core.instrument import public_symbol
from candlewick.ledger.trips import RoundTrip
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import BucketRecord
from candlewick.store.journal.selection import TripFilter
from candlewick.web import desk
from candlewick.web.components import figures as text
from candlewick.web.people.accounts import AccountAccess, chosen, chosen_if_any
from candlewick.web.people.doors import page
from candlewick.web.scripts import script_json, scripts_of
from candlewick.web.services import services_of

ENTRY: Final = "js/dashboard/main.js"
NEWEST: Final = 8
DAYS: Final = 30
CURVE_NS: Final = 30 * 86_400 * NS_PER_S
CURVE_POINTS: Final = 600
_DAY_NS: Final = 86_400 * NS_PER_S
_exact: Final = msgspec.json.Decoder(float_hook=Decimal).decode


@page("read")
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page of the chosen account."""
    context: dict[str, Any] = {"scripts": scripts_of(ENTRY)}
    access = chosen_if_any(request)
    if access is None:
        return render(request, "dashboard/dashboard.html", context | {"nothing": True})
    context["access"] = access
    try:
        portfolio = _exact(desk.ask(request, access, "account.portfolio"))
    except EngineAway as error:
        return render(request, "dashboard/dashboard.html", context | {"fault": str(error)}, status=503)
    records = services_of(request).records
    context |= {
        "value": text.fixed(portfolio["total_value"]),
        "day": text.signed(portfolio["day_pnl"]),
        "day_pct": text.percent(portfolio["day_pnl_pct"]),
        "unrealised": text.signed(portfolio["unrealized_pnl"]),
        "realised": text.signed(portfolio["realized_pnl"]),
        "free_margin": text.fixed(portfolio["free_margin"]),
        "drawdown": text.share(portfolio["drawdown_pct"]),
        "won": _won(records, access),
        "curve_json": script_json(_curve(records, access)),
        "trades": _newest(request, access),
    }
    return render(request, "dashboard/dashboard.html", context)


@page("read")
@require_safe
def trades(request: HttpRequest) -> HttpResponse:
    """The newest trades, and how many of them are won: drawn anew after a fill."""
    access = chosen(request)
    context = {"access": access, "trades": _newest(request, access)}
    answer = render(request, "dashboard/_trades.html", context)
    answer["X-Component"] = "dashboard_trades"
    return answer


def _won(records: Records, access: AccountAccess) -> dict[str, Any]:
    """The part of the closed trades that won over `DAYS` days, and by how many points it changed."""
    today = time.time_ns() // _DAY_NS * _DAY_NS + _DAY_NS
    now = _win_rate(records, access, today - DAYS * _DAY_NS, today)
    before = _win_rate(records, access, today - 2 * DAYS * _DAY_NS, today - DAYS * _DAY_NS)
    change = None if now is None or before is None else now - before
    return {"rate": text.share(now), "change": text.signed(change, 1), "is_known": change is not None}


def _win_rate(records: Records, access: AccountAccess, start: int, end: int) -> Decimal | None:
    try:
        rows = records.buckets(access.id, start, end, by="all")
    except StoreBusy:
        return None
    found: BucketRecord | None = next((row for row in rows if row.currency == access.currency), None)
    return None if found is None else Decimal(100 * found.wins) / found.trades


def _curve(records: Records, access: AccountAccess) -> dict[str, Any]:
    """What the account was worth; floats, for looking."""
    now = time.time_ns()
    try:
        points = records.equity(access.id, now - CURVE_NS, now, CURVE_POINTS)
    except StoreBusy:
        points = []
    times = [point.ts // NS_PER_S for point in points]
    return {"currency": access.currency, "data": [times, [float(point.equity) for point in points]]}


def _newest(request: HttpRequest, access: AccountAccess) -> list[dict[str, Any]]:
    """The round trips that were closed last."""
    services = services_of(request)
    try:
        closed = TripFilter(status="closed")
        found = services.records.trips(access.id, filters=closed, sort="exited", limit=NEWEST).items
    except StoreBusy:
        return []
    return [_trade(each, services.primary) for each in found]


def _trade(trip: RoundTrip, primary: str) -> dict[str, Any]:
    closed_at = iso(trip.exited_at or trip.entered_at)
    return {
        "id": trip.id,
        "symbol": public_symbol(trip.instrument, primary=primary),
        "side": trip.side,
        "quantity": text.fixed(trip.quantity, None),
        "net": text.signed(trip.net),
        "day": closed_at[:10],
        "time": closed_at[11:19],
        "closed_at": closed_at,
    }
