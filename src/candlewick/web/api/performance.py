"""`/api/dashboard/performance/`: equity, key metrics, drawdown, returns, and where they come from."""

from __future__ import annotations

import math
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from candlewick.backtest import metrics
from candlewick.core.clock import iso
from candlewick.runtime.accounts.shapes import encode, tidy
from candlewick.web.api.paging import passed_on
from candlewick.web.api.schemas import Exact
from candlewick.web.people.accounts import AccountAccess, chosen
from candlewick.web.performance import breakdown, charts
from candlewick.web.performance.figures import deepest, key_metrics
from candlewick.web.performance.span import Span
from candlewick.web.performance.study import Study, study
from candlewick.web.services import services_of

router = Router(tags=["performance"])


class EquityPoint(Schema):
    """What the account was worth; `low` and `high` since the point before."""

    time: str
    equity: Exact
    cash: Exact
    unrealized_pnl: Exact
    low: Exact
    high: Exact


class Equity(Schema):
    """The equity curve. `basis` says whether open positions are in it at their marks."""

    account: int
    currency: str
    basis: Literal["equity", "realised", "mixed"] | None
    points: list[EquityPoint]


class Costs(Schema):
    """In a currency other than the account's."""

    fees: Exact
    funding: Exact


class Metrics(Schema):
    """The key metrics; null where undefined. Formulas: docs/performance.md."""

    account: int
    currency: str
    start: str | None
    end: str | None
    days: int
    basis: Literal["equity", "realised", "mixed"] | None
    profit: Exact | None
    return_pct: float | None
    cagr_pct: float | None
    volatility_pct: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown_pct: float | None
    max_drawdown_peak: str | None
    max_drawdown_trough: str | None
    max_drawdown_recovered: str | None
    recovery_days: int | None
    trades: int
    wins: int
    losses: int
    net: Exact
    win_rate_pct: float | None
    profit_factor: Exact | None
    expectancy: Exact | None
    average_win: Exact | None
    average_loss: Exact | None
    best: Exact | None
    worst: Exact | None
    average_held_s: int | None
    exposure_pct: float | None
    fees: Exact
    funding: Exact
    other_currencies: dict[str, Costs]
    fills: int


class Below(Schema):
    """How far below its highest value so far the account stood at a day's end."""

    day: str
    drawdown_pct: float


class Fall(Schema):
    """The deepest fall. `peak` null: from the value at the start; `recovered` null: not yet."""

    depth_pct: float
    peak: str | None
    trough: str
    recovered: str | None
    recovery_days: int | None
    days_below: int | None


class Drawdowns(Schema):
    """Drawdown by day, and the deepest."""

    account: int
    maximum: Fall | None
    points: list[Below]


class DayReturn(Schema):
    """What a day returned; null: not known."""

    day: str
    return_pct: float | None


class MonthReturn(Schema):
    """What a month returned."""

    month: str
    return_pct: float


class Bin(Schema):
    """How many days returned at least `low_pct` and less than `high_pct`."""

    low_pct: float
    high_pct: float
    days: int


class Returns(Schema):
    """Time-weighted returns by day and month, and how they are spread."""

    account: int
    daily: list[DayReturn]
    monthly: list[MonthReturn]
    distribution: list[Bin]


class Part(Schema):
    """Closed trades that share something."""

    value: str
    title: str
    currency: str
    trades: int
    wins: int
    win_rate_pct: float | None
    profit_factor: Exact | None
    expectancy: Exact | None
    net: Exact


@router.get("/equity-curve/", response={200: Equity}, summary="Equity curve")
def equity_curve(
    request: HttpRequest, start: str | None = None, end: str | None = None, account: str | None = None
) -> HttpResponse:
    """About a thousand points of the days from `start` to `end`, both within, oldest first."""
    access, span, found = _found(request, start, end, account)
    points = charts.curve(services_of(request).records, access.id, span, found)
    body = {
        "account": access.id,
        "currency": access.currency,
        "basis": found.basis if found.days else None,
        "points": [
            {
                "time": iso(each.ts),
                "equity": tidy(each.equity),
                "cash": tidy(each.cash),
                "unrealized_pnl": tidy(each.unrealised),
                "low": tidy(each.low),
                "high": tidy(each.high),
            }
            for each in points
        ],
    }
    return passed_on(encode(body))


@router.get("/metrics/", response={200: Metrics}, summary="Key metrics")
def measured(
    request: HttpRequest, start: str | None = None, end: str | None = None, account: str | None = None
) -> HttpResponse:
    """Return, risk, trades and costs of the days from `start` to `end`, both within."""
    access, span, found = _found(request, start, end, account)
    told = key_metrics(services_of(request).records, access.id, span, found)
    return passed_on(encode({"account": access.id} | told))


@router.get("/drawdown/", response={200: Drawdowns}, summary="Drawdown")
def drawdown(
    request: HttpRequest, start: str | None = None, end: str | None = None, account: str | None = None
) -> HttpResponse:
    """How far below its highest value so far the account was, by day, deposits left out."""
    access, _, found = _found(request, start, end, account)
    fall = deepest(found)
    below = metrics.drawdowns(found.returns).tolist()
    body = {
        "account": access.id,
        "maximum": None
        if fall is None
        else {
            "depth_pct": fall.depth_pct,
            "peak": fall.peak,
            "trough": fall.trough,
            "recovered": fall.recovered,
            "recovery_days": fall.recovery_days,
            "days_below": fall.days_below,
        },
        "points": [
            {"day": each.day, "drawdown_pct": round(value * 100, 4)}
            for each, value in zip(found.days, below, strict=True)
        ],
    }
    return passed_on(encode(body))


@router.get("/returns/", response={200: Returns}, summary="Returns")
def returns(
    request: HttpRequest, start: str | None = None, end: str | None = None, account: str | None = None
) -> HttpResponse:
    """What each day and each month returned, and how often a day returned what."""
    access, _, found = _found(request, start, end, account)
    months = [
        {"month": f"{year.year}-{number:02d}", "return_pct": cell.returned}
        for year in reversed(charts.monthly(found))
        for number, cell in enumerate(year.months, start=1)
        if cell is not None
    ]
    body: dict[str, Any] = {
        "account": access.id,
        "daily": [
            {"day": each.day, "return_pct": round(value * 100, 6) if math.isfinite(value) else None}
            for each, value in zip(found.days, found.returns.tolist(), strict=True)
        ],
        "monthly": months,
        "distribution": [
            {"low_pct": bin.low, "high_pct": bin.high, "days": bin.days}
            for bin in charts.distribution(found.returns)
        ],
    }
    return passed_on(encode(body))


@router.get("/breakdown/", response={200: list[Part]}, summary="Closed trades by what they share")
def parts(
    request: HttpRequest,
    by: Literal["strategy", "symbol", "side", "weekday", "hour"] = "symbol",
    start: str | None = None,
    end: str | None = None,
    account: str | None = None,
) -> HttpResponse:
    """Trades closed in the days from `start` to `end`, summed; hours and weekdays are the entry's, UTC."""
    access = chosen(request, account)
    table = breakdown.table(services_of(request).records, access.id, Span.between(start, end), by)
    body = [
        {
            "value": part.value,
            "title": part.title,
            "currency": part.currency,
            "trades": part.trades,
            "wins": part.wins,
            "win_rate_pct": None if part.win_rate is None else round(part.win_rate * 100, 4),
            "profit_factor": tidy(part.profit_factor),
            "expectancy": tidy(part.expectancy),
            "net": tidy(part.net),
        }
        for part in table.parts
    ]
    return passed_on(encode(body))


def _found(
    request: HttpRequest, start: str | None, end: str | None, account: str | None
) -> tuple[AccountAccess, Span, Study]:
    access, span = chosen(request, account), Span.between(start, end)
    return access, span, study(services_of(request).records, access.id, access.currency, span)
