"""`/api/research/`: studies of strategies: asked for, followed, cancelled. Each is its owner's alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from candlewick.runtime.jobs import bodies, desk
from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, JobState, Role
from candlewick.web import problem
from candlewick.web.api import schemas
from candlewick.web.api.access import person_of, require_role
from candlewick.web.api.paging import answer
from candlewick.web.people.trail import note as audited
from candlewick.web.research import asking
from candlewick.web.research.kinds import AskedStudy, Kind, kinds
from candlewick.web.services import services_of

State = Literal["draft", "queued", "running", "done", "failed", "cancelled"]
MAY_ASK: Final = (Role.TRADER, Role.OWNER)
Id = Annotated[str, Field(max_length=32)]


class Study(Schema):
    """A study: whose request it is, how far it is, and its headline figures (null where undefined)."""

    id: str
    kind: str
    name: str
    state: State
    cancelling: bool
    progress: float
    step: str | None
    eta: str | None
    attempts: int
    error: str | None
    summary: dict[str, Any] | None
    code_hash: str | None
    data_fingerprint: str | None
    created: str | None
    queued: str | None
    started: str | None
    ended: str | None


class WholeStudy(Study):
    """The same with what was asked, what was noted, and, once it is done, what it found."""

    request: dict[str, Any]
    notes: str
    result: dict[str, Any] | None


class Studies(Schema):
    """A page of studies, the newest first."""

    items: list[Study]
    next: str | None


class Said(Schema):
    """What a study is called, and what is written about it; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"notes": "Too many trades."}]})

    name: Annotated[
        str | None, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
    ] = None
    notes: Annotated[str | None, Field(max_length=20_000, pattern=r"^[^\x00]*$")] = None


def router_of(kind: Kind) -> Router:
    """The addresses of one kind of study."""
    router = Router(tags=["research"])
    noun = kind.title.lower()

    def submit(request: HttpRequest, asked: AskedStudy) -> HttpResponse:
        """Queued at once, or kept as a draft: 202 with the study. Every value is judged before."""
        require_role(request, *MAY_ASK)
        try:
            job = asking.ask(services_of(request), person_of(request).id, kind, asked)
        except asking.Refused as refused:
            return problem.response(422, str(refused), errors={k: [v] for k, v in refused.errors.items()})
        audited(request, "study.new", f"study {job.pk}", after={"kind": job.kind, "name": job.name})
        return _answer(bodies.of_job(job), status=202)

    submit.__annotations__["asked"] = kind.model  # so that the document shows what this kind asks for

    def listing(
        request: HttpRequest,
        state: Annotated[State | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=32)] = None,
    ) -> HttpResponse:
        """Yours alone, the newest first."""
        states = () if state is None else (state,)
        found, following = desk.of_owner(
            person_of(request).id, kind=kind.kind, states=states, limit=limit, before=cursor or ""
        )
        return answer({"items": [bodies.of_job(each) for each in found], "next": following})

    def one(request: HttpRequest, id: Id) -> HttpResponse:
        """With its request and its result; `jobs:<id>` tells live how far it is."""
        job = _find(request, kind, id)
        return _answer(bodies.of_job(job) | {"request": job.spec, "notes": job.notes, "result": _result(job)})

    def say(request: HttpRequest, id: Id, said: Said) -> HttpResponse:
        """Name it, or write about it."""
        job = _find(request, kind, id)
        return _answer(bodies.of_job(desk.note(job.owner_id, job.pk, name=said.name, notes=said.notes)))

    def start(request: HttpRequest, id: Id) -> HttpResponse:
        """Run a draft, or go on with one that failed or was cancelled behind what it had done."""
        require_role(request, *MAY_ASK)
        job = _find(request, kind, id)
        return _answer(bodies.of_job(desk.start(job.owner_id, job.pk)), status=202)

    def remove(request: HttpRequest, id: Id) -> HttpResponse:
        """With all its files. One that runs has to be cancelled first."""
        require_role(request, *MAY_ASK)
        job = _find(request, kind, id)
        desk.delete(settings.DATA_DIR, job.owner_id, job.pk)
        audited(request, "study.remove", f"study {job.pk}", before={"kind": job.kind, "name": job.name})
        return HttpResponse(status=204)

    def cancel(request: HttpRequest, id: Id) -> HttpResponse:
        """At once if it waits, within moments if it runs; what has ended stays as it is."""
        require_role(request, *MAY_ASK)
        job = _find(request, kind, id)
        return _answer(bodies.of_job(desk.cancel(job.owner_id, job.pk)))

    add: list[tuple[str, str, Callable[..., HttpResponse], dict[Any, Any], str]] = [
        ("POST", "/", submit, {202: Study, 409: schemas.Problem, 422: schemas.Problem}, f"Ask for a {noun}"),
        ("GET", "/", listing, {200: Studies}, f"Your studies of the kind {noun}"),
        ("GET", "/{id}/", one, {200: WholeStudy}, f"A {noun}, and what it found"),
        ("PATCH", "/{id}/", say, {200: Study}, f"Name a {noun}, or write about it"),
        ("POST", "/{id}/start/", start, {202: Study, 409: schemas.Problem}, f"Start or resume a {noun}"),
        ("DELETE", "/{id}/", cancel, {200: Study}, f"Cancel a {noun}"),
        ("POST", "/{id}/remove/", remove, {204: None, 409: schemas.Problem}, f"Remove a {noun}"),
    ]
    for method, path, view, response, summary in add:
        router.add_api_operation(
            path, [method], view, response=response, summary=summary,
            operation_id=f"{kind.kind}_{view.__name__}",
        )  # fmt: skip
    return router


def routers() -> list[tuple[str, Router]]:
    """Where each kind of study has its addresses."""
    return [(f"/research/{each.path}", router_of(each)) for each in kinds().values()]


def _find(request: HttpRequest, kind: Kind, id: str) -> Job:
    """A study of the caller's, of this kind.

    Raises:
        UnknownJob: they have none of that name.
    """
    job = desk.find(person_of(request).id, id)
    if job.kind != kind.kind:
        raise desk.UnknownJob(id)
    return job


def _result(job: Job) -> orjson.Fragment | None:
    """The whole result as its process wrote it; None while there is none."""
    if job.state != JobState.DONE or not job.result_path:
        return None
    path = Path(folder_of(settings.DATA_DIR, job.pk)) / job.result_path
    return orjson.Fragment(path.read_bytes()) if path.suffix == ".json" and path.is_file() else None


def _answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
