"""The audit log's page, and the same rows as CSV."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candlewick.core.errors import UsageError
from candlewick.web.audit import log
from candlewick.web.audit.log import Question
from candlewick.web.people.doors import page, who
from candlewick.web.people.trail import note
from candlewick.web.services import services_of


@page("read")
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """A page of rows, newest first."""
    question, complaint, status = Question.asked(request.GET), "", 200
    rows, following = [], None
    try:
        found = log.read(
            who(request), services_of(request), question, cursor=request.GET.get("cursor") or None
        )
        rows, following = [log.cells(each) for each in found.items], found.next
    except UsageError as error:
        complaint, status = str(error), 422
    context = {
        "rows": rows,
        "complaint": complaint,
        "question": question,
        "kinds": log.KINDS.items(),
        "sees_all": who(request).may("admin"),
        "query": _query(question),
        "older": _query(question, cursor=following) if following else "",
        "is_first": not request.GET.get("cursor"),
        "section": "audit",
    }
    return render(request, "audit/audit.html", context, status=status)


@page("read")
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The rows as CSV, newest first. That somebody took them away is itself noted."""
    question = Question.asked(request.GET)
    text = io.StringIO()
    try:
        rows = [log.cells(each) for each in log.all_of(who(request), services_of(request), question)]
    except UsageError as error:
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    writer = csv.writer(text)
    writer.writerow(("time", "who", "what", "about", "from", "before", "after", "row"))
    writer.writerows([_plain(cell) for cell in row.values()] for row in rows)
    note(request, "audit.export", "audit log", after=msgspec.to_builtins(question) | {"rows": len(rows)})
    disposition = {"Content-Disposition": 'attachment; filename="candlewick-audit.csv"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=disposition)


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: names are typed by whoever tries to sign in."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _query(question: Question, **more: str) -> str:
    asked = {name: value for name, value in msgspec.to_builtins(question).items() if value}
    return urlencode(asked | more)
