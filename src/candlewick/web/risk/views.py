"""The risk page, its limits, and what a bad day may cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from candlewick.core.errors import EngineAway, UsageError
from candlewick.web import desk
from candlewick.web.components import figures as text
from candlewick.web.components.risk_metrics import gauge
from candlewick.web.people.accounts import AccountAccess, chosen, chosen_if_any, require_risk
from candlewick.web.people.doors import page
from candlewick.web.risk import limits
from candlewick.web.scripts import scripts_of

ENTRY: Final = "js/components/main.js"
_exact: Final = msgspec.json.Decoder(float_hook=Decimal).decode


@page("read")
@require_safe
def risk(request: HttpRequest) -> HttpResponse:
    """The page of the chosen account."""
    return _page(request)


@page("read")
@require_safe
def tail(request: HttpRequest) -> HttpResponse:
    """Value at risk and shocks: they read a year of history, so they come after the page."""
    access = chosen(request)
    try:
        found = _exact(desk.ask(request, access, "risk.tail"))
    except EngineAway as error:
        return _part(render(request, "risk/_tail.html", {"fault": str(error)}))
    context = {
        "access": access,
        "days": found["days"],
        "least_days": found["least_days"],
        "without_history": found["without_history"],
        "tails": [
            {
                "confidence": f"{float(each['confidence']):.0%}",
                "rows": [
                    ("Historical", text.fixed(each["historical_var"]), text.fixed(each["historical_es"])),
                    ("Normal", text.fixed(each["parametric_var"]), text.fixed(each["parametric_es"])),
                ],
            }
            for each in found["tails"]
        ],
        "shocks": [
            {
                "name": each["name"],
                "pnl": text.signed(each["pnl"]),
                "equity": text.fixed(each["equity"]),
                "margin": text.share(each["margin_pct"]),
                "liquidated": ", ".join(each["liquidated"]),
            }
            for each in found["shocks"]
        ],
    }
    return _part(render(request, "risk/_tail.html", context))


@page("read")
@require_POST
def set_limits(request: HttpRequest) -> HttpResponse:
    """Set what was typed; what cannot be is told in its place."""
    access = require_risk(request)
    typed = {name: str(value) for name, value in request.POST.items()}
    wanted, errors = limits.changes(typed)
    if not errors:
        try:
            desk.act(request, access, "risk.limits", limits=wanted)
        except UsageError as error:
            field = str(error).partition(" ")[0]
            errors[field if field in wanted else "max_order_notional"] = str(error)
    if errors:
        return _page(request, typed, errors, status=422)
    messages.success(request, "The limits are set, for orders by every road.")
    return redirect(f"{reverse('risk')}?{urlencode({'account': access.id})}")


def _part(answer: HttpResponse) -> HttpResponse:
    """The scripts put into a page only what says that it belongs there."""
    answer["X-Component"] = "risk_tail"
    return answer


def _page(
    request: HttpRequest,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"scripts": scripts_of(ENTRY)}
    access = chosen_if_any(request)
    if access is None:
        return render(request, "risk/risk.html", context | {"nothing": True})
    context["access"] = access
    try:
        context |= _shown(request, access, typed, errors)
    except EngineAway as error:
        return render(request, "risk/risk.html", context | {"fault": str(error)}, status=503)
    return render(request, "risk/risk.html", context, status=status)


def _shown(
    request: HttpRequest,
    access: AccountAccess,
    typed: Mapping[str, str] | None,
    errors: Mapping[str, str] | None,
) -> dict[str, Any]:
    found = _exact(desk.ask(request, access, "account.risk"))
    return {
        "groups": [
            {
                "name": each["name"],
                "notional": text.fixed(each["notional"]),
                "gauge": gauge(each["pct"]),
            }
            for each in found["groups"]
        ],
        "fields": limits.fields(found["limits"], access.currency, typed, errors),
        "halts": found["limits"]["halt_on_breach"] if typed is None else typed.get("halt_on_breach") == "on",
        "may_set": access.may_manage_risk,
        "has_errors": bool(errors),
    }
