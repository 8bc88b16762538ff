"""What people do with their studies. Needs Django; the web process and the command line come here.

Every function takes the owner first, and knows nobody else's studies: one of another person is answered like
one that was never asked for. What changes a state is a conditional UPDATE, and is told as an event.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet

from candlewick.core.errors import Conflict, UsageError
from candlewick.runtime.jobs.folders import folder_of
from candlewick.runtime.jobs.registry import target_of
from candlewick.store.models import Job, JobEvent, JobState

NAME: Final = 120
NOTES: Final = 20_000
WAITING: Final = 50  # studies of one person that may wait at once
PAGE: Final = 50
ENDS: Final = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class UnknownJob(UsageError):
    """The person has no such study; whether somebody else has is not told."""

    def __init__(self, id: str) -> None:
        super().__init__(f"You have no study {id[:40]!r}.")


def submit(
    owner: int,
    kind: str,
    spec: dict[str, Any],
    *,
    name: str = "",
    notes: str = "",
    source: str = "",
    draft: bool = False,
) -> Job:
    """A new study of a person; it waits for a worker unless it is a draft.

    Args:
        owner: the person's number.
        spec: the whole request, JSON; the kind says what is in it.
        source: text of the strategy as it is now. The study runs this text, whatever becomes of the file.

    Raises:
        UsageError: there is no such kind, or a text is too long.
        Conflict: too many of theirs wait already.
    """
    target_of(kind)
    now = time.time_ns()
    with transaction.atomic():
        if not draft:
            _require_room(owner)
        job = Job.objects.create(
            owner_id=owner,
            kind=kind,
            name=_short(name.strip() or kind, NAME, "name"),
            notes=_short(notes, NOTES, "note"),
            spec=spec,
            source=source,
            code_hash=_hash(source),
            state=JobState.DRAFT if draft else JobState.QUEUED,
            created_ns=now,
            queued_ns=None if draft else now,
            seq=1,
            revision=1,
        )
        JobEvent.objects.create(job=job, seq=1, state=job.state, at_ns=now)
    return job


def find(owner: int, id: str) -> Job:
    """A study of a person.

    Raises:
        UnknownJob: they have none of that name.
    """
    job = Job.objects.filter(pk=id, owner_id=owner).first()
    if job is None:
        raise UnknownJob(id)
    return job


def of_owner(
    owner: int, *, kind: str | None = None, states: Iterable[str] = (), limit: int = PAGE, before: str = ""
) -> tuple[list[Job], str | None]:
    """A page of a person's studies, the newest first, and what to give as `before` for the next one.

    Request, source and notes are left out until they are looked at.
    """
    found: QuerySet[Job] = Job.objects.filter(owner_id=owner).defer("spec", "source", "notes")
    if kind is not None:
        found = found.filter(kind=kind)
    if wanted := tuple(states):
        found = found.filter(state__in=wanted)
    if before:
        at = Job.objects.filter(pk=before, owner_id=owner).values_list("created_ns", flat=True).first()
        if at is None:
            raise UnknownJob(before)
        found = found.filter(created_ns__lte=at).exclude(created_ns=at, pk__gte=before)
    page = list(found.order_by("-created_ns", "-pk")[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def changed(known: Mapping[str, int]) -> tuple[list[Job], set[str]]:
    """Of studies by name and revision: those that have another one now, and those that were deleted.

    For who has asked `find` before: it does not ask whose they are.
    """
    now = dict(Job.objects.filter(pk__in=known).values_list("pk", "revision"))
    fresh = [id for id, revision in now.items() if revision != known[id]]
    jobs = Job.objects.filter(pk__in=fresh).defer("spec", "source", "notes") if fresh else ()
    return list(jobs), known.keys() - now.keys()


def start(owner: int, id: str) -> Job:
    """Let a draft run, or a study that failed or was cancelled go on behind what it had done.

    Raises:
        UnknownJob: they have none of that name.
        Conflict: it waits, runs or is done already, or too many of theirs wait.
    """
    with transaction.atomic():
        _require_room(owner)
        begun = _move(
            owner, id, (JobState.DRAFT, JobState.FAILED, JobState.CANCELLED), JobState.QUEUED,
            queued_ns=time.time_ns(), ended_ns=None, cancel_ns=None, attempts=0, error="",
        )  # fmt: skip
    if not begun:
        raise _refusal(owner, id, "started")
    return find(owner, id)


def cancel(owner: int, id: str) -> Job:
    """Have a study end: at once if it waits, within moments if it runs. One that has ended stays as it is.

    Raises:
        UnknownJob: they have none of that name.
    """
    waiting = (JobState.DRAFT, JobState.QUEUED)
    for _ in range(2):  # while we look, a worker may take it or give it back
        now = time.time_ns()
        with transaction.atomic():
            if _move(owner, id, waiting, JobState.CANCELLED, ended_ns=now):
                break
        if Job.objects.filter(pk=id, owner_id=owner, state=JobState.RUNNING).update(
            cancel_ns=now, revision=F("revision") + 1
        ):
            break
    return find(owner, id)


def note(owner: int, id: str, *, name: str | None = None, notes: str | None = None) -> Job:
    """Change what a study is called, and what is written about it.

    Raises:
        UnknownJob: they have none of that name.
        UsageError: a text is too long, or the name is empty.
    """
    changes: dict[str, Any] = {}
    if name is not None:
        if not name.strip():
            raise UsageError("A study needs a name.")
        changes["name"] = _short(name.strip(), NAME, "name")
    if notes is not None:
        changes["notes"] = _short(notes, NOTES, "note")
    if changes:
        Job.objects.filter(pk=id, owner_id=owner).update(**changes, revision=F("revision") + 1)
    return find(owner, id)


def delete(data_dir: Path, owner: int, id: str) -> None:
    """Remove a study that does not run, and its files.

    Raises:
        UnknownJob: they have none of that name.
        Conflict: it runs; cancel it first.
    """
    at_rest = (*ENDS, JobState.DRAFT, JobState.QUEUED)
    with transaction.atomic():
        removed, _ = Job.objects.filter(pk=id, owner_id=owner, state__in=at_rest).delete()
    if not removed:
        raise _refusal(owner, id, "deleted; cancel it first")
    shutil.rmtree(folder_of(data_dir, id), ignore_errors=True)


def _move(owner: int, id: str, states: Iterable[str], to: JobState, **changes: Any) -> bool:
    """Bring a study from one of `states` into another, and tell of it. Within a transaction."""
    moved = Job.objects.filter(pk=id, owner_id=owner, state__in=tuple(states)).update(
        state=to, seq=F("seq") + 1, revision=F("revision") + 1, **changes
    )
    if moved:
        seq = Job.objects.values_list("seq", flat=True).get(pk=id)
        JobEvent.objects.create(job_id=id, seq=seq, state=to, at_ns=time.time_ns())
    return bool(moved)


def _require_room(owner: int) -> None:
    if Job.objects.filter(owner_id=owner, state=JobState.QUEUED).count() >= WAITING:
        raise Conflict(f"{WAITING} of your studies wait already. Cancel some, or wait until they are done.")


def _refusal(owner: int, id: str, what: str) -> Conflict:
    return Conflict(f"The study {find(owner, id).name!r} is {find(owner, id).state} and cannot be {what}.")


def _short(text: str, letters: int, what: str) -> str:
    if len(text) > letters:
        raise UsageError(f"The {what} of a study has at most {letters} letters; this one has {len(text)}.")
    return text


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest() if source else ""
