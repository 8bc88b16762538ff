"""The desk: what a person may do with studies, in which state, and that nobody else's exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from candlewick.core.errors import CandlewickError, Conflict, UsageError
from candlewick.runtime.jobs import desk
from candlewick.runtime.jobs.folders import folder_of
from candlewick.runtime.jobs.queue import Queue
from candlewick.store.models import Job, User
from tests.runtime.jobs.ground import told


def test_a_study_is_asked_for_with_its_source(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 1}, name=" Mine ", source="class A: ...")
    assert (job.state, job.name, job.seq) == ("queued", "Mine", 1)
    assert len(job.code_hash) == 64
    assert len(job.pk) == 24
    assert desk.submit(ann.pk, "count", {}).code_hash == ""


def test_a_kind_that_is_not_there_is_refused_by_name(ann: User) -> None:
    with pytest.raises(UsageError, match=r"no study of the kind 'guess'.*count"):
        desk.submit(ann.pk, "guess", {})


def test_a_draft_waits_until_it_is_started(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 1}, draft=True)
    assert queue.claim() is None
    started = desk.start(ann.pk, job.pk)
    assert (started.state, started.spec) == ("queued", {"pieces": 1})
    with pytest.raises(Conflict, match="is queued and cannot be started"):
        desk.start(ann.pk, job.pk)
    assert told(job) == [(1, "draft"), (2, "queued")]


def test_what_waits_is_cancelled_at_once_and_what_has_ended_stays_as_it_is(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 1})
    assert desk.cancel(ann.pk, job.pk).state == "cancelled"
    assert desk.cancel(ann.pk, job.pk).state == "cancelled"
    assert told(job) == [(1, "queued"), (2, "cancelled")]
    assert queue.claim() is None


def test_a_cancelled_study_may_be_started_again_and_counts_its_attempts_anew(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 1})
    claim = queue.claim()
    assert claim is not None
    desk.cancel(ann.pk, job.pk)
    queue.end_cancelled(claim)
    again = desk.start(ann.pk, job.pk)
    assert (again.state, again.attempts, again.cancel_ns, again.error) == ("queued", 0, None, "")
    assert queue.claim() is not None


@pytest.mark.parametrize(
    "ask",
    [
        lambda owner, id: desk.find(owner, id),
        lambda owner, id: desk.start(owner, id),
        lambda owner, id: desk.cancel(owner, id),
        lambda owner, id: desk.note(owner, id, name="stolen"),
        lambda owner, id: desk.delete(Path("/nowhere"), owner, id),
        lambda owner, id: desk.of_owner(owner, before=id),
    ],
)
@pytest.mark.parametrize("draft", [False, True])
def test_a_stranger_sees_and_changes_nothing(
    ann: User, bob: User, ask: Callable[[int, str], object], draft: bool
) -> None:
    job = desk.submit(ann.pk, "count", {}, name="hers", draft=draft)
    before = Job.objects.filter(pk=job.pk).values().get()
    with pytest.raises(CandlewickError) as hidden:
        ask(bob.pk, job.pk)
    with pytest.raises(CandlewickError) as absent:
        ask(bob.pk, "0" * 24)
    assert type(hidden.value) is type(absent.value) is desk.UnknownJob
    assert Job.objects.filter(pk=job.pk).values().get() == before
    assert desk.of_owner(bob.pk) == ([], None)


def test_pages_give_every_study_once_the_newest_first(ann: User, bob: User) -> None:
    mine = [desk.submit(ann.pk, "count" if number % 2 else "wait", {}).pk for number in range(7)]
    desk.submit(bob.pk, "count", {})
    Job.objects.filter(pk__in=mine[2:5]).update(created_ns=Job.objects.get(pk=mine[3]).created_ns)
    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        page, before = desk.of_owner(ann.pk, limit=2, before=before)
        seen += [job.pk for job in page]
    assert sorted(seen) == sorted(mine)
    assert seen[:2] == mine[:4:-1]
    kinds, _ = desk.of_owner(ann.pk, kind="wait")
    assert {job.kind for job in kinds} == {"wait"}
    assert desk.of_owner(ann.pk, states=["done"]) == ([], None)


def test_what_is_written_about_a_study_is_kept(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {})
    assert desk.note(ann.pk, job.pk, notes="Luck.").notes == "Luck."
    assert desk.note(ann.pk, job.pk, name="Second").notes == "Luck."
    for name, match in ((" ", "needs a name"), ("n" * 121, "at most 120 letters; this one has 121")):
        with pytest.raises(UsageError, match=match):
            desk.note(ann.pk, job.pk, name=name)


def test_a_study_is_deleted_with_its_files_unless_it_runs(ann: User, queue: Queue, tmp_path: Path) -> None:
    job = desk.submit(ann.pk, "count", {})
    claim = queue.claim()
    assert claim is not None
    folder = folder_of(tmp_path, job.pk)
    folder.mkdir(parents=True)
    with pytest.raises(Conflict, match="is running and cannot be deleted; cancel it first"):
        desk.delete(tmp_path, ann.pk, job.pk)
    queue.fail(claim, "No.")
    desk.delete(tmp_path, ann.pk, job.pk)
    assert not folder.exists()
    assert not Job.objects.exists()


def test_nobody_fills_the_queue_alone(ann: User, bob: User) -> None:
    for _ in range(desk.WAITING):
        desk.submit(ann.pk, "count", {})
    with pytest.raises(Conflict, match="50 of your studies wait already"):
        desk.submit(ann.pk, "count", {})
    assert desk.submit(bob.pk, "count", {}).state == "queued"
    assert desk.submit(ann.pk, "count", {}, draft=True).state == "draft"


def test_the_database_refuses_a_state_or_progress_that_cannot_be(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {})
    for change in ({"state": "lost"}, {"progress": 1.5}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Job.objects.filter(pk=job.pk).update(**change)
