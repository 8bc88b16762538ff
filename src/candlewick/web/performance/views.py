"""The performance page, and the part of it that is slow to know."""

from __future__ import annotations

import time
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candlewick.core.errors import StoreBusy, UsageError
from candlewick.web.components import figures as text
from candlewick.web.people.accounts import AccountAccess, chosen, chosen_if_any
from candlewick.web.people.doors import page
from candlewick.web.performance import breakdown, charts
from candlewick.web.performance import market as beside
from candlewick.web.performance.breakdown import BY, Part, Table
from candlewick.web.performance.charts import Bin, Cell
from candlewick.web.performance.figures import key_metrics
from candlewick.web.performance.span import Span, presets, today
from candlewick.web.performance.study import study
from candlewick.web.scripts import script_json, scripts_of
from candlewick.web.services import services_of

ENTRY: Final = "js/performance/main.js"
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FEW: Final = 5  # days of which a distribution is no more than a list
LEAST_DAYS: Final = 30  # of fewer, no figure of a year is shown: half of it is chance


@page("read")
@require_safe
def performance(request: HttpRequest) -> HttpResponse:
    """The page for `?start=&end=&account=`."""
    span, complaint = _span(request)
    context: dict[str, Any] = {
        "scripts": scripts_of(ENTRY),
        "span": span,
        "presets": [(name, _query(request, each), each == span) for name, each in presets(today())],
        "complaint": complaint,
        "named": request.GET.get("account", ""),
    }
    access = chosen_if_any(request)
    if access is None:
        return render(request, "performance/performance.html", context | {"nothing": "no_account"})
    try:
        context |= _shown(request, access, span)
    except StoreBusy:  # no engine has run on this data folder yet
        context["nothing"] = "no_trades"
    status = 422 if complaint else 200
    return render(request, "performance/performance.html", context | {"access": access}, status=status)


@page("read")
@require_safe
def market(request: HttpRequest) -> HttpResponse:
    """Correlation and market conditions: they read many bars, so they come after the page."""
    access, (span, _) = chosen(request), _span(request)
    services = services_of(request)
    found = study(services.records, access.id, access.currency, span)
    until = time.monotonic() + beside.PATIENCE_S
    tables = beside.conditions_of(services, services.records, access.id, span, until)
    context = {
        "correlations": [
            {"title": each.title, "r": text.signed(each.r), "known": each.r is not None, "days": each.days}
            for each in beside.correlations(services, found, until)
        ],
        "tables": [_table(each) for each in tables],
    }
    return render(request, "performance/_market.html", context)


def _shown(request: HttpRequest, access: AccountAccess, span: Span) -> dict[str, Any]:
    services = services_of(request)
    records = services.records
    found = study(records, access.id, access.currency, span)
    points = charts.curve(records, access.id, span, found)
    told = key_metrics(records, access.id, span, found)
    if span == Span() and not told["fills"] and not told["trades"]:
        return {"nothing": "no_trades"}
    if not found.days and not told["trades"]:
        return {"nothing": "no_days"}
    return {
        "study": found,
        "is_marked": found.basis == "equity",
        "headline": _headline(told),
        "groups": _groups(told),
        "drawn_json": script_json(charts.drawn(points, found)),
        "has_returns": found.known_days > 0,
        "has_drawdown": found.known_days > 1,
        "bins": [_bin(each) for each in charts.distribution(found.returns)]
        if found.known_days >= FEW
        else [],
        "months": MONTHS,
        "years": [
            {"year": each.year, "months": [_cell(cell) for cell in each.months], "whole": _cell(each.whole)}
            for each in charts.monthly(found)
        ],
        "tables": [_table(breakdown.table(records, access.id, span, by)) for by in BY],
        "market_query": _query(request, span),
    }


def _headline(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures on top: what came of it, and at which risk."""
    return [
        _figure("Net profit", text.signed(told["profit"]), told["currency"]),
        _figure("Return", text.percent(told["return_pct"]), text.counted(told["days"], "day")),
        _figure("Maximum drawdown", text.percent(told["max_drawdown_pct"]), _way_back(told)),
        _figure("Sharpe", *_a_year(told, text.fixed(told["sharpe"]), "a year")),
        _figure("Win rate", text.share(told["win_rate_pct"]), text.counted(told["trades"], "trade")),
        _figure("Profit factor", text.fixed(told["profit_factor"]), "won by lost"),
    ]


def _groups(told: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    currency = told["currency"]
    return [
        (
            "Return and risk",
            [
                _figure("Return a year (CAGR)", *_a_year(told, text.percent(told["cagr_pct"]))),
                _figure("Volatility a year", *_a_year(told, text.share(told["volatility_pct"]))),
                _figure("Sortino", *_a_year(told, text.fixed(told["sortino"]))),
                _figure("Calmar", *_a_year(told, text.fixed(told["calmar"]))),
                _figure("Recovery", _days(told["recovery_days"]), _fallen(told)),
                _figure("Exposure", text.share(told["exposure_pct"]), "of the time"),
            ],
        ),
        (
            "Trades",
            [
                _figure("Closed trades", f"{told['trades']:,}", f"{told['wins']} won, {told['losses']} lost"),
                _figure("Expectancy", text.signed(told["expectancy"]), f"{currency} a trade"),
                _figure("Average win", text.signed(told["average_win"]), currency),
                _figure("Average loss", text.signed(told["average_loss"]), currency),
                _figure("Best trade", text.signed(told["best"]), currency),
                _figure("Worst trade", text.signed(told["worst"]), currency),
                _figure("Average time held", text.lasting(told["average_held_s"])),
            ],
        ),
        (
            "Costs",
            [
                _figure("Fees paid", text.fixed(told["fees"]), currency),
                _figure("Funding", text.signed(told["funding"]), f"{currency} received or paid"),
                *(
                    _figure(f"Fees in {other}", text.fixed(sums["fees"], None), other)
                    for other, sums in told["other_currencies"].items()
                    if sums["fees"]
                ),
                _figure("Fills", f"{told['fills']:,}"),
            ],
        ),
    ]


def _a_year(told: dict[str, Any], value: text.Figure | str, note: str = "") -> tuple[text.Figure | str, str]:
    """What a year would bring, with its note; of a few days it is no figure to show."""
    return (value, note) if told["days"] >= LEAST_DAYS else (text.UNKNOWN, f"after {LEAST_DAYS} days")


def _figure(title: str, value: text.Figure | str, note: str = "") -> dict[str, Any]:
    figure = value if isinstance(value, text.Figure) else text.Figure(value)
    return {"title": title, "text": figure.text, "way": figure.way, "note": note}


def _table(table: Table) -> dict[str, Any]:
    currencies = {part.currency for part in table.parts}
    widest = max((abs(part.net) for part in table.parts), default=0)
    return {
        "by": table.by,
        "title": table.title,
        "left_off": table.left_off,
        "parts": [
            _part(part) | {"bar": int(abs(part.net) / widest * 100) if widest else 0} for part in table.parts
        ],
        "has_currencies": len(currencies) > 1,
    }


def _part(part: Part) -> dict[str, Any]:
    rate = part.win_rate
    return {
        "title": part.title,
        "value": part.value,
        "currency": part.currency,
        "trades": f"{part.trades:,}",
        "win_rate": text.share(None if rate is None else rate * 100),
        "profit_factor": text.fixed(part.profit_factor),
        "expectancy": text.signed(part.expectancy),
        "net": text.signed(part.net),
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {
        "figure": text.percent(cell.returned, 1),
        "heat": f"{'p' if cell.heat > 0 else 'n'}{abs(cell.heat)}",
    }


def _bin(bin: Bin) -> dict[str, Any]:
    low, high = text.fixed(bin.low, None), text.fixed(bin.high, None)
    return {
        "way": "down" if bin.low < 0 else "up",
        "low": low,
        "high": high,
        "height": f"{bin.height:.2f}",
        "told": f"{low} % to {high} %: {text.counted(bin.days, 'day')}",
    }


def _way_back(told: dict[str, Any]) -> str:
    if not told["max_drawdown_pct"]:
        return "" if told["max_drawdown_pct"] is None else "never below a high"
    days = told["recovery_days"]
    return "not recovered yet" if days is None else f"recovered in {text.counted(days, 'day')}"


def _fallen(told: dict[str, Any]) -> str:
    if not told["max_drawdown_pct"] or told["max_drawdown_trough"] is None:
        return ""
    return f"lowest {told['max_drawdown_trough']}"


def _days(days: int | None) -> str:
    return text.UNKNOWN if days is None else text.counted(days, "day")


def _span(request: HttpRequest) -> tuple[Span, str]:
    try:
        return Span.asked(request.GET), ""
    except UsageError as error:
        return Span(), str(error)


def _query(request: HttpRequest, span: Span) -> str:
    """What an address of this page carries."""
    wanted = {"start": span.first, "end": span.last, "account": request.GET.get("account")}
    return urlencode({name: value for name, value in wanted.items() if value})
