"""The portfolio page, its parts, and cancelling what is pending."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from candlewick.core.errors import Conflict, EngineAway, UnknownOrder, VenueError
from candlewick.web import desk
from candlewick.web.components import figures as text
from candlewick.web.components.component import Notice
from candlewick.web.people.accounts import AccountAccess, chosen, chosen_if_any, require_trade
from candlewick.web.people.doors import page
from candlewick.web.portfolio.allocation import owned, perpetuals
from candlewick.web.portfolio.export import EXPORTS
from candlewick.web.portfolio.orders import row_of
from candlewick.web.scripts import scripts_of
from candlewick.web.services import services_of

ENTRY: Final = "js/portfolio/main.js"
_SUMS: Final = ("total", "free", "locked")
_exact: Final = msgspec.json.Decoder(float_hook=Decimal).decode


@page("read")
@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    """The page of the chosen account."""
    context: dict[str, Any] = {"scripts": scripts_of(ENTRY)}
    access = chosen_if_any(request)
    if access is None:
        return render(request, "portfolio/portfolio.html", context | {"nothing": True})
    context |= {"access": access, "exports": [(each.name, each.title) for each in EXPORTS.values()]}
    try:
        found = _exact(desk.ask(request, access, "account.snapshot"))
    except EngineAway as error:
        return render(request, "portfolio/portfolio.html", context | {"fault": str(error)}, status=503)
    whole = found["portfolio"]
    context |= _orders(request, found["orders"]) | _holdings(found)
    context |= {
        "value": text.fixed(whole["total_value"]),
        "cash": text.fixed(whole["cash"]),
        "unrealised": text.signed(whole["unrealized_pnl"]),
        "realised": text.signed(whole["realized_pnl"]),
        "margin": text.fixed(whole["initial_margin"]),
        "margin_pct": text.share(whole["margin_pct"]),
        "free_margin": text.fixed(whole["free_margin"]),
    }
    return render(request, "portfolio/portfolio.html", context)


@page("read")
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """The working orders: drawn anew when one of them changed."""
    return _working(request, chosen(request))


@page("read")
@require_safe
def holdings(request: HttpRequest) -> HttpResponse:
    """Balances and allocation: drawn anew when a balance changed, and now and then for the prices."""
    access = chosen(request)
    context = {"access": access} | _holdings(_exact(desk.ask(request, access, "account.snapshot")))
    return _part(render(request, "portfolio/_holdings.html", context), "portfolio_holdings")


@page("read")
@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Cancel one order, or all of them; answers the list as it stands then."""
    access = require_trade(request)
    try:
        notice = _cancelled(request, access)
    except (UnknownOrder, Conflict, VenueError) as error:
        notice = Notice("warn", str(error))
    return _working(request, access, notice)


def _cancelled(request: HttpRequest, access: AccountAccess) -> Notice:
    if request.POST.get("event") == "cancel_all":
        sent = _exact(desk.act(request, access, "order.cancel_all", symbol=None))
        if not sent:
            return Notice("warn", "No order is working.")
        return Notice("ok", f"Cancellation of {text.counted(len(sent), 'order')} sent.")
    order_id = request.POST.get("order_id", "")[:64]
    if not order_id.isascii() or not order_id:
        raise UnknownOrder(order_id)
    order = _exact(desk.act(request, access, "order.cancel", order_id=order_id))
    return Notice("ok", f"Cancellation of the {order['side']} order for {order['symbol']} sent.")


def _working(request: HttpRequest, access: AccountAccess, notice: Notice | None = None) -> HttpResponse:
    found = _exact(desk.ask(request, access, "account.orders"))
    context = {"access": access, "notice": notice} | _orders(request, found)
    return _part(render(request, "portfolio/_orders.html", context), "portfolio_orders")


def _orders(request: HttpRequest, found: list[dict[str, Any]]) -> dict[str, Any]:
    listed = services_of(request).hub.directory.instruments
    return {"orders": [row_of(each, listed.get(each["instrument"])) for each in found]}


def _holdings(found: dict[str, Any]) -> dict[str, Any]:
    currency = found["portfolio"]["currency"]
    return {
        "balances": [
            {
                "currency": each["currency"],
                # the account's own money as every other figure in it; coins to their last place
                **{
                    name: text.fixed(each[name], 2 if each["currency"] == currency else None)
                    for name in _SUMS
                },
                "value": text.fixed(each["value"]),
            }
            for each in found["balances"]
            if any(each[name] for name in _SUMS) or each["currency"] == currency
        ],
        "currency": currency,
        "owned": owned(found["balances"]),
        "perpetuals": perpetuals(found["positions"], found["portfolio"]["total_value"]),
    }


def _part(answer: HttpResponse, name: str) -> HttpResponse:
    """The scripts put into a page only what says that it belongs there."""
    answer["X-Component"] = name
    return answer
