"""The pages of studies: the list, a new one, one by itself, and several side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from candlewick.backtest.registry import METRICS
from candlewick.core.errors import Conflict, StoreDamaged, UsageError
from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS
from candlewick.research.naming import NoSuchStrategy
from candlewick.runtime.jobs import desk
from candlewick.store.models import Job, JobState, Role
from candlewick.web.people.doors import page, who
from candlewick.web.people.trail import note as audited
from candlewick.web.research import asking, comparing, form, markets, results, rows, shown
from candlewick.web.research.form import Form
from candlewick.web.research.kinds import OTHERS, Kind, kinds
from candlewick.web.research.markets import Series
from candlewick.web.scripts import library, script_json, scripts_of
from candlewick.web.services import Services, services_of
from candlewick.web.strategies.shelf import shelf

LIST_ENTRY: Final = "js/research/list.js"
NEW_ENTRY: Final = "js/research/new.js"
STUDY_ENTRY: Final = "js/research/study.js"
PLOTLY: Final = "plotly.js-cartesian-dist-min/plotly-cartesian.min.js"
STARTABLE: Final = ("backtest", "optimisation", "readiness")  # of which parameters can be taken to work
MOST_COMPARED: Final = 12
_MAY_ASK: Final = (Role.TRADER, Role.OWNER)


@page("read")
@require_safe
def research(request: HttpRequest) -> HttpResponse:
    """A person's studies, for `?kind=&state=&before=`."""
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    try:
        found, following = desk.of_owner(
            who(request).id,
            kind=kind or None,
            states=(state,) if state in JobState.values else (),
            before=request.GET.get("before", ""),
        )
    except desk.UnknownJob:
        raise Http404("There is no such page of your studies.") from None
    context = {
        "scripts": scripts_of(LIST_ENTRY),
        "rows": [rows.row_of(each) for each in found],
        "kinds": list(kinds().values()),
        "states": [(value, rows.WORDS[JobState(value)]) for value in JobState.values],
        "kind": kind,
        "state": state,
        "more": urlencode({"kind": kind, "state": state, "before": following}) if following else "",
        "may_ask": may_ask(request),
        "is_filtered": bool(kind or state),
    }
    return render(request, "research/research.html", context)


@page("read")
def new(request: HttpRequest) -> HttpResponse:
    """The form, for `?kind=&strategy=&market=` or `?again=<id>`; and what is sent from it."""
    require_asker(request)
    kind = _kind_of(request.POST.get("kind") or request.GET.get("kind", ""))
    if request.method != "POST":
        return _form_page(request, kind, Form(_begun(request, kind)))
    typed = {name: str(value) for name, value in request.POST.items()}
    try:
        chosen = shelf().find(typed.get("strategy", ""))
        asked = form.read(kind, typed, chosen.params)
        job = asking.ask(services_of(request), who(request).id, kind, asked)
    except asking.Refused as refused:
        return _form_page(request, kind, Form(typed, refused.errors), status=422)
    except NoSuchStrategy as error:
        return _form_page(request, kind, Form(typed, {"strategy": str(error)}), status=422)
    except (UsageError, Conflict) as error:
        return _form_page(request, kind, Form(typed, {"": str(error)}), status=409)
    audited(request, "study.new", f"study {job.pk}", after={"kind": job.kind, "name": job.name})
    return redirect("study", job.pk)


@page("read")
@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    """The parameters of `?strategy=`, where another strategy was chosen; of the first, if it names none."""
    require_asker(request)
    on_shelf = shelf()
    try:
        strategy = on_shelf.find(request.GET.get("strategy") or on_shelf.books[0].key)
    except NoSuchStrategy as error:
        raise Http404(str(error)) from None
    kind = _kind_of(request.GET.get("kind", ""))
    context = {"strategy": strategy, "kind": kind, "params": Form({}).of_params(strategy, kind)}
    return render(request, "research/_params.html", context)


@page("read")
@require_safe
def study(request: HttpRequest, id: str) -> HttpResponse:
    """One study: how far it is, or what it found."""
    job = find(request, id)
    context = {"scripts": scripts_of(STUDY_ENTRY), "plotly": library(PLOTLY), **_study(request, job)}
    return render(request, "research/study.html", context)


@page("read")
@require_safe
def part(request: HttpRequest, id: str) -> HttpResponse:
    """The part of a study's page that changes with its state."""
    return render(request, "research/_study.html", _study(request, find(request, id)))


@page("read")
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Backtests side by side: `?id=…&id=…&by=sharpe`."""
    named = list(dict.fromkeys(request.GET.getlist("id")))[:MOST_COMPARED]
    jobs = [find(request, id) for id in named]
    done = [each for each in jobs if each.kind == "backtest" and each.state == JobState.DONE]
    found, damaged = [], ""
    for job in done:
        try:
            found.append((job, results.whole(job)["metrics"]))
        except StoreDamaged as error:
            damaged = str(error)
    by = request.GET.get("by", "")
    by = by if by in comparing.FIGURES else comparing.BY
    beside = comparing.ranked(found, by) if len(found) > 1 else []
    context = {
        "scripts": scripts_of(STUDY_ENTRY),
        "columns": [column for column, _ in beside],
        "lines": comparing.lines([figures for _, figures in beside]),
        "by": by,
        "choices": [(name, METRICS[name].label) for name in comparing.FIGURES],
        "damaged": damaged,
        "differ": len({job.data_fingerprint for job, _ in found}) > 1,
        "ask": _chance(request, [column.job for column, _ in beside]),
    }
    return render(request, "research/compare.html", context)


@page("write")
@require_POST
def act(request: HttpRequest, id: str) -> HttpResponse:
    """Start, cancel or delete a study: `do` says which."""
    require_asker(request)
    job, owner = find(request, id), who(request).id
    try:
        match request.POST.get("do"):
            case "start":
                desk.start(owner, id)
            case "cancel":
                desk.cancel(owner, id)
            case "delete":
                desk.delete(settings.DATA_DIR, owner, id)
                audited(request, "study.remove", f"study {id}", before={"kind": job.kind, "name": job.name})
                messages.success(request, f"The study {job.name!r} is deleted.")
                return redirect("research")
            case _:
                return HttpResponse("Say what to do: start, cancel or delete.", status=422)
    except Conflict as error:
        messages.error(request, str(error))
    return redirect("study", id)


@page("write")
@require_POST
def note(request: HttpRequest, id: str) -> HttpResponse:
    """What a study is called, and what was written about it."""
    find(request, id)
    try:
        desk.note(who(request).id, id, name=request.POST.get("name", ""), notes=request.POST.get("notes", ""))
        messages.success(request, "Kept.")
    except UsageError as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('study', args=[id])}#notes")


@page("read")
@require_safe
def tear_sheet(request: HttpRequest, id: str) -> HttpResponse:
    """The tear sheet as one file to keep: it is a download, so that nothing in it runs as a page of ours."""
    job = find(request, id)
    if not who(request).reads_code:
        raise PermissionDenied("A tear sheet holds the strategy's code, which traders and owners read.")
    path = results.tear_sheet(job) if job.state == JobState.DONE else None
    if path is None:
        raise Http404("This study has no tear sheet.")
    answer = HttpResponse(path.read_bytes(), content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="candlewick-{job.pk[:8]}.html"'
    return answer


def find(request: HttpRequest, id: str) -> Job:
    """A study of the person's.

    Raises:
        Http404: they have none of that name; whether somebody else has is not told.
    """
    try:
        return desk.find(who(request).id, id)
    except desk.UnknownJob as error:
        raise Http404(str(error)) from None


def may_ask(request: HttpRequest) -> bool:
    """Whether the person may use this machine for studies: viewers may not."""
    return who(request).role in _MAY_ASK


def require_asker(request: HttpRequest) -> None:
    """Raises PermissionDenied where they may not."""
    if not may_ask(request):
        raise PermissionDenied("Your role does not permit studies; it takes trader or owner.")


def _kind_of(name: str) -> Kind:
    offered = kinds()
    if name and name not in offered:
        raise Http404(f"There is no study of the kind {name[:40]!r}.")
    return offered.get(name) or next(iter(offered.values()))


def _chance(request: HttpRequest, jobs: Sequence[Job]) -> str:
    """Where to ask how likely the differences of backtests are chance; empty where one study cannot tell."""
    if not may_ask(request) or not comparing.are_alike(jobs):
        return ""
    first, *others = jobs
    asked = [("kind", "compare"), ("again", first.pk), *(("with", each.pk) for each in others)]
    return f"{reverse('research_new')}?{urlencode(asked)}"


def _begun(request: HttpRequest, kind: Kind) -> dict[str, str]:
    """What stands in the form before anybody types; `?again=` a study, compared `?with=` others."""
    services = services_of(request)
    if again := request.GET.get("again"):
        job = find(request, again)
        public = {id: public_symbol(id, primary=services.primary) for id in job.spec.get("symbols", ())}
        if public:
            changes: dict[str, Any] = {"parameters": shown.parameters_of(job, request.GET.get("trial", ""))}
            if others := [find(request, id) for id in request.GET.getlist("with")]:
                changes[OTHERS] = [comparing.contender(each) for each in others]
            return form.typed_of(job.spec | changes, kind, public=public, named=_named(job, *others))
    chosen = (request.GET.get(name, "") for name in ("strategy", "market"))
    return form.sensible(shelf(), _there(services), *chosen)


def _named(*jobs: Job) -> Callable[[str], str]:
    """What names the strategy of a reference of the studies as it is now; empty where it has gone."""

    def named(reference: str) -> str:
        books = (shelf().studied(reference, job.source) for job in jobs)
        return next((book.key for book in books if book is not None), "")

    return named


def _there(services: Services) -> list[Series]:
    """What there is to study, in the usual timeframes and in those that the strategies want."""
    wanted = {each.told.timeframe for each in shelf().books}
    return markets.series(services.lake, primary=services.primary, offered={*markets.TIMEFRAMES, *wanted})


def _form_page(request: HttpRequest, kind: Kind, filled: Form, *, status: int = 200) -> HttpResponse:
    services, on_shelf = services_of(request), shelf()
    there = _there(services)
    try:
        strategy = on_shelf.find(filled.typed.get("strategy", ""))
    except NoSuchStrategy:
        strategy = on_shelf.books[0]
    context = {
        "scripts": scripts_of(NEW_ENTRY),
        "kind": kind,
        "kinds": list(kinds().values()),
        "form": filled,
        "shelf": on_shelf,
        "strategy": strategy,
        "params": filled.of_params(strategy, kind),
        "own": filled.of_settings(kind),
        "there": there,
        "listed": markets.listed(services.engine.link.instruments, primary=services.primary),
        "timeframes": markets.TIMEFRAMES,
        "lengths": script_json(SECONDS),
        "spans": markets.SPANS,
        "market": filled.typed.get("market", ""),
        "span": [
            filled.plain("start", "From", "", kind="date"),
            filled.plain("end", "until", "", kind="date", help="This day is not in it."),
            filled.of_finer(),
        ],
        "costs": [
            filled.of_terms("cash"),
            filled.of_terms("fee_taker", unit="%"),
            filled.of_terms("fee_maker", unit="%"),
            filled.of_terms("slippage_bps", unit="bps"),
            filled.of_terms("leverage", help="Empty: the strategy's own."),
            filled.of_terms("days_a_year", help="What yearly figures go by; 252 of stocks."),
        ],
        "complaint": filled.complaint(kind),
    }
    return render(request, "research/new.html", context, status=status)


def _study(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Everything that stands on a study's page."""
    services, strategy = services_of(request), _named(job)(job.spec.get("strategy", ""))
    reader = who(request)
    context: dict[str, Any] = {
        "job": job,
        "row": rows.row_of(job),
        "may_ask": may_ask(request),
        "request_facts": shown.facts_of(job, primary=services.primary),
        "log": results.log_tail(job) if job.state == JobState.FAILED and reader.reads_code else "",
        "code": results.code_for(reader, job.source, shown.line_at_fault(job.error)),
        "strategy": strategy,
        "can_start": strategy and job.state == JobState.DONE and job.kind in STARTABLE,
    }
    if job.state == JobState.DONE:
        try:
            context |= shown.result_of(job, primary=services.primary)
        except StoreDamaged as error:
            context["damaged"] = str(error)
    return context
