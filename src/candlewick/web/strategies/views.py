"""The pages of strategies: what there is, one by itself, and those at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from candlewick.core.errors import CandlewickError, Conflict, EngineAway, NotYet
from candlewick.core.interval import INTERVALS
from candlewick.research.naming import NoSuchStrategy
from candlewick.runtime.strategies.desk import UnknownStrategy
from candlewick.store.models import Job, StrategyAtWork
from candlewick.web.api import strategies as rest
from candlewick.web.people.accounts import AccountAccess, chosen_if_any
from candlewick.web.people.doors import page, who
from candlewick.web.research import rows
from candlewick.web.research.form import Form
from candlewick.web.research.kinds import kinds
from candlewick.web.research.results import code_for
from candlewick.web.research.views import may_ask
from candlewick.web.scripts import scripts_of
from candlewick.web.strategies import at_work, drifting, starting
from candlewick.web.strategies.shelf import Book, shelf

ENTRY: Final = "js/strategies/main.js"
STUDIES: Final = 8


@page("read")
@require_safe
def strategies(request: HttpRequest) -> HttpResponse:
    """Those at work on an account, all that there are, and the files that are broken."""
    access = chosen_if_any(request)
    context = {
        "scripts": scripts_of(ENTRY),
        "shelf": shelf(),
        "may_ask": may_ask(request),
        **_working(request, access),
    }
    return render(request, "strategies/strategies.html", context)


@page("read")
@require_safe
def working(request: HttpRequest) -> HttpResponse:
    """The table of those at work, again."""
    return render(request, "strategies/_working.html", _working(request, chosen_if_any(request)))


@page("read")
@require_safe
def strategy(request: HttpRequest, name: str) -> HttpResponse:
    """One strategy: its idea, its parameters, its code, its studies."""
    book = _book(name)
    context: dict[str, Any] = {
        "scripts": scripts_of(ENTRY),
        "strategy": book,
        "params": [
            {
                "name": name,
                "default": param.default,
                "allowed": param.allowed,
                "step": "" if param.step is None or param.choices else f"{param.step:g}",
            }
            for name, param in book.params.items()
        ],
        "code": code_for(who(request), book.told.source),
        "studies": [rows.row_of(each) for each in studies_of(who(request).id, book)],
        "may_ask": may_ask(request),
        "may_start": _may_start(chosen_if_any(request)),
    }
    return render(request, "strategies/strategy.html", context)


@page("trade")
def start(request: HttpRequest, name: str) -> HttpResponse:
    """The form that puts a strategy to work, filled as a study of it was where `?study=` names one."""
    book, access = _book(name), chosen_if_any(request)
    if request.method != "POST":
        return _start_page(request, book, access, _begun(request))
    typed = {name: str(value) for name, value in request.POST.items()}
    try:
        made = orjson.loads(rest.put_to_work(request, starting.read(typed, book), book.told).content)
    except starting.Wrong as wrong:
        return _start_page(request, book, access, typed, wrong.errors, status=422)
    except CandlewickError as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _start_page(request, book, access, typed, {"": str(error)}, status=status)
    messages.success(request, f"{made['name']} is put to work.")
    return redirect(_address(made["id"], access))


@page("read")
@require_safe
def one(request: HttpRequest, id: str) -> HttpResponse:
    """One strategy at work."""
    row, access = _find(request, id)
    context = _one(request, row, access) | {
        "scripts": scripts_of(ENTRY),
        "code": code_for(who(request), _source(row)),
    }
    return render(request, "strategies/one.html", context)


@page("read")
@require_safe
def part(request: HttpRequest, id: str) -> HttpResponse:
    """What changes on the page of a strategy at work."""
    row, access = _find(request, id)
    return render(request, "strategies/_one.html", _one(request, row, access))


@page("read")
@require_safe
def drift(request: HttpRequest, id: str) -> HttpResponse:
    """How far it is from its backtest: that has to run first, so it comes after the page."""
    _find(request, id)
    try:
        context = drifting.told(orjson.loads(rest.drift(request, id).content))
    except (NotYet, EngineAway) as error:
        context = {"complaint": str(error), "again": request.path}
    except Conflict as error:
        context = {"complaint": str(error)}
    return render(request, "strategies/_drift.html", context)


@page("trade")
@require_POST
def act(request: HttpRequest, id: str) -> HttpResponse:
    """Pause, resume or stop: `do` says which."""
    _, access = _find(request, id)
    try:
        match request.POST.get("do"):
            case "pause":
                rest.pause(request, id)
            case "resume":
                rest.resume(request, id)
            case "stop":
                rest.stop(request, id, rest.Stop(close_position=request.POST.get("keep") != "on"))
            case _:
                return HttpResponse("Say what to do: pause, resume or stop.", status=422)
    except Conflict as error:
        messages.error(request, str(error))
    return redirect(_address(id, access))


def studies_of(owner: int, book: Book) -> list[Job]:
    """A person's newest studies of a strategy."""
    found = Job.objects.filter(owner_id=owner, spec__strategy=book.told.reference).defer("source", "notes")
    return list(found.order_by("-created_ns", "-pk")[:STUDIES])


def _book(name: str) -> Book:
    try:
        return shelf().find(name)
    except NoSuchStrategy as error:
        raise Http404(str(error)) from None


def _find(request: HttpRequest, id: str) -> tuple[StrategyAtWork, AccountAccess]:
    try:
        return rest.find(request, id)
    except UnknownStrategy as error:
        raise Http404(str(error)) from None


def _working(request: HttpRequest, access: AccountAccess | None) -> dict[str, Any]:
    found = [] if access is None else at_work.of_account(request, access)
    return {
        "access": access,
        "at_work": [each for each in found if not each["is_ended"]],
        "ended": [each for each in found if each["is_ended"]],
    }


def _one(request: HttpRequest, row: StrategyAtWork, access: AccountAccess) -> dict[str, Any]:
    return {"told": at_work.one(request, row, access), "access": access, "may_act": access.may_trade}


def _source(row: StrategyAtWork) -> str:
    """The text that runs: as it was when it was started; of a bundled one, as it is."""
    text = row.source
    if not text and (book := shelf().studied(row.spec.get("strategy", ""), "")) is not None:
        text = book.told.source
    return text


def _may_start(access: AccountAccess | None) -> bool:
    return access is not None and access.may_trade


def _begun(request: HttpRequest) -> dict[str, str]:
    """What stands in the form before anybody types: what a study had, where one is named."""
    named = request.GET.get("study", "")
    job = Job.objects.filter(pk=named, owner_id=who(request).id).first() if named else None
    typed = {"timeframe": "1h", "symbols": "BTCUSDT", "share": "25"}
    if job is None or "symbols" not in job.spec:
        return typed
    values = (job.summary or {}).get("parameters") or job.spec.get("parameters", {})
    return typed | {
        "timeframe": job.spec["timeframe"],
        "symbols": ", ".join(job.spec["symbols"]),
        **{f"p_{name}": str(value) for name, value in values.items()},
    }


def _start_page(
    request: HttpRequest,
    book: Book,
    access: AccountAccess | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    wrong = dict(errors or {})
    filled = Form(typed, wrong | {f"parameters.{name[2:]}": text for name, text in wrong.items()})
    timeframe = filled.plain("timeframe", "Bars of", book.told.timeframe or "1h", kind="choice",
                             choices=[(each, each) for each in INTERVALS])  # fmt: skip
    context = {
        "scripts": scripts_of(ENTRY),
        "strategy": book,
        "access": access,
        "params": filled.of_params(book, kinds()["backtest"]),
        "fields": [
            filled.plain("symbols", "Markets", "BTCUSDT", help="With commas between."),
            timeframe,
            filled.plain("share", "Of the account", "25", kind="number", unit="%",
                         help="What it may use; its figures are of this part."),
        ],
        "confirm": filled.plain("confirm_live", "Type the account’s name to let it trade real money", ""),
        "complaint": " ".join(wrong.values()),
    }  # fmt: skip
    return render(request, "strategies/start.html", context, status=status)


def _address(id: str, access: AccountAccess | None) -> str:
    account = "" if access is None else f"?{urlencode({'account': access.id})}"
    return reverse("strategy_at_work", args=[id]) + account
