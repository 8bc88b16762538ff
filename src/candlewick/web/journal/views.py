"""The journal's pages: the list, a trade by itself, and writing about it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from candlewick.core.errors import Conflict, StoreBusy, UsageError
from candlewick.core.instrument import public_symbol
from candlewick.web.components import figures as text
from candlewick.web.journal import images, notes, trades
from candlewick.web.journal.question import Question, strategy_of
from candlewick.web.journal.rows import figures_of, moment, price_of, row_of, strategy_title
from candlewick.web.journal.trades import Trade, TradePage
from candlewick.web.journal.writing import may_write, require_writer, write_note
from candlewick.web.people.accounts import AccountAccess, chosen, chosen_if_any
from candlewick.web.people.doors import page, who
from candlewick.web.people.trail import note as audited
from candlewick.web.scripts import script_json, scripts_of
from candlewick.web.services import Services, services_of

LIST_ENTRY: Final = "js/journal/list.js"
TRADE_ENTRY: Final = "js/journal/trade.js"
ROWS: Final = 100
FILLS_SHOWN: Final = 200
MARKS: Final = 500
SORTS: Final = {
    "entered": "Entry", "exited": "Exit", "net": "Net profit", "return": "Return", "held": "Time held",
}  # fmt: skip


@page("read")
@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    """The filters, and the first page of what they choose."""
    question, access = Question.asked(request.GET), chosen_if_any(request)
    context: dict[str, Any] = {"scripts": scripts_of(LIST_ENTRY), "question": question, "access": access}
    if access is None:
        return render(request, "journal/journal.html", context | {"nothing": "no_account"})
    services = services_of(request)
    status = 200
    try:
        context |= _choices(services, access) | _list(request, access, question)
    except UsageError as error:
        context |= {"complaint": str(error), "rows": []}
        status = 422
    except StoreBusy:  # no engine has run on this data folder yet
        context["rows"] = []
    context["nothing"] = "" if context["rows"] or context.get("complaint") else "no_trades"
    if context["nothing"] and not question.is_open:
        context["nothing"] = "no_match"
    return render(request, "journal/journal.html", context, status=status)


@page("read")
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """One more page of the list, to stand where its link stood; or again, where it was put away."""
    access, question = chosen(request), Question.asked(request.GET)
    try:
        return render(request, "journal/_rows.html", _list(request, access, question))
    except UsageError as error:
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")


@page("read")
@require_safe
def trade(request: HttpRequest, id: int) -> HttpResponse:
    """A trade by itself."""
    return _trade_page(request, id)


@page("write")
@require_POST
def note(request: HttpRequest, id: int) -> HttpResponse:
    """What was typed about a trade."""
    access = require_writer(request)
    found = trades.find(services_of(request), access.id, id)
    rating = request.POST.get("rating", "")
    try:
        told = notes.checked(
            request.POST.get("note", ""),
            notes.tags_in(request.POST.get("tags", "")),
            int(rating) if rating.isdecimal() else None,
        )
    except UsageError as error:
        return _trade_page(request, id, complaint=str(error), status=422)
    write_note(request, found, told)
    return redirect(_address(request, id, "note"))


@page("write")
@require_POST
def screenshots(request: HttpRequest, id: int) -> HttpResponse:
    """A picture that was chosen, or one that is to go."""
    access = require_writer(request)
    found = trades.find(services_of(request), access.id, id)
    subject = f"account {access.id} trade {id}"
    gone = request.POST.get("remove")
    if gone:
        image = images.find(access.id, id, gone)
        if image is None:
            raise Http404("There is no such picture.")
        images.remove(settings.DATA_DIR, image)
        audited(request, "trade.screenshot", subject, before={"removed": gone})
        return redirect(_address(request, id, "pictures"))
    file = request.FILES.get("file")
    try:
        if file is None:
            raise UsageError("file: choose a picture first.")
        if (file.size or 0) > images.LARGEST:
            raise UsageError(f"file: it has {(file.size or 0) / 1024 / 1024:.1f} MB. Use at most 2 MB.")
        image = images.keep(
            settings.DATA_DIR, found.trip, file.read(), request.POST.get("title", ""), who(request).id
        )
    except (UsageError, Conflict) as error:
        return _trade_page(request, id, complaint=str(error), status=422)
    audited(request, "trade.screenshot", subject, after={"added": image.name})
    return redirect(_address(request, id, "pictures"))


def _list(request: HttpRequest, access: AccountAccess, question: Question) -> dict[str, Any]:
    cursor = request.GET.get("cursor") or None
    found: TradePage = trades.read(services_of(request), access.id, question, cursor=cursor, limit=ROWS)
    named = request.GET.get("account", "")
    return {
        "access": access,
        "rows": [row_of(each) for each in found.items],
        "total": None if found.total is None else f"{found.total:,}",
        "most_found": f"{notes.MOST_FOUND:,}" if found.is_cut else "",
        "query": question.query(account=named),
        "here": question.query(account=named, cursor=cursor),
        "older": question.query(account=named, cursor=found.next) if found.next else "",
        "named": named,
    }


def _choices(services: Services, access: AccountAccess) -> dict[str, Any]:
    """What the filters offer: what there is."""
    classes = services.records.trip_classes(access.id)
    instruments = sorted({one.instrument for one in classes})
    made_by = sorted({strategy_of(one.origin, one.tag) for one in classes} - {""})
    return {
        "symbols": [public_symbol(each, primary=services.primary) for each in instruments],
        "strategies": [(each, strategy_title(each)) for each in made_by],
        "tags": notes.tags_of(access.id),
        "sorts": SORTS.items(),
        "count": f"{sum(one.trips for one in classes):,}",
    }


def _trade_page(request: HttpRequest, id: int, *, complaint: str = "", status: int = 200) -> HttpResponse:
    access, services = chosen(request), services_of(request)
    found = trades.find(services, access.id, id)
    told = trades.whole(services, found)
    fills = services.records.trip_fills(access.id, id)
    context = {
        "scripts": scripts_of(TRADE_ENTRY),
        "access": access,
        "row": row_of(found),
        "figures": figures_of(found, told["excursion"]),
        "fills": [
            {
                "time": moment(each.fill.ts),
                "side": each.fill.side,
                "quantity": text.fixed(each.fill.quantity, None),
                "price": price_of(found.instrument, each.fill.price),
                "fee": f"{text.fixed(each.fill.fee, None)} {each.fill.fee_currency}",
                "liquidity": each.fill.liquidity,
                "realised": text.signed(each.realised),
            }
            for each in fills[:FILLS_SHOWN]
        ],
        "more_fills": max(len(fills) - FILLS_SHOWN, 0),
        "note": found.note,
        "tags": ", ".join(found.note.tags),
        "known_tags": notes.tags_of(access.id),
        "ratings": notes.RATINGS,
        "pictures": told["screenshots"],
        "may_write": may_write(request, access),
        "complaint": complaint,
        "named": request.GET.get("account", ""),
        "here": _address(request, id),
        "drawn_json": script_json(_drawn(found, told)),
    }
    return render(request, "journal/trade.html", context, status=status)


def _drawn(found: Trade, told: dict[str, Any]) -> dict[str, Any]:
    """What the chart is drawn from. Floats: they are for looking."""
    trip = found.trip
    return {
        **told["chart"],
        "tick": None if found.instrument.tick is None else float(found.instrument.tick),
        "long": trip.side == "long",
        "entry": float(trip.entry_price),
        "exit": None if trip.exit_price is None else float(trip.exit_price),
        "fills": [
            {
                "time": each["time"],
                "side": each["side"],
                "price": float(each["price"]),
                "quantity": float(each["quantity"]),
            }
            for each in told["fills"][:MARKS]
        ],
    }


def _address(request: HttpRequest, id: int, part: str = "") -> str:
    named = request.GET.get("account")
    address = reverse("trade", args=[id])
    return address + (f"?{urlencode({'account': named})}" if named else "") + (f"#{part}" if part else "")
