"""The queue: who gets a study, who keeps it, and who learns that it is another's. On both databases."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from candlewick.runtime.jobs import desk
from candlewick.runtime.jobs.messages import Finished
from candlewick.runtime.jobs.queue import ATTEMPTS, Claim, LeaseLost, Queue
from candlewick.store.models import Job, JobEvent, User
from candlewick.web.boot import settings_in_force


def lapse(claim: Claim) -> None:
    """Its lease has run out."""
    Job.objects.filter(pk=claim.id).update(lease_ns=1)


def claimed(queue: Queue) -> Claim:
    claim = queue.claim()
    assert claim is not None
    return claim


def told(id: str) -> list[tuple[int, str, str]]:
    return list(JobEvent.objects.filter(job=id).order_by("seq").values_list("seq", "state", "text"))


def test_what_has_waited_longest_comes_first(ann: User, queue: Queue) -> None:
    assert not queue.has_work()
    ids = [desk.submit(ann.pk, "count", {"number": number}).pk for number in range(3)]
    assert queue.has_work()
    claims = [claimed(queue) for _ in ids]
    assert [claim.id for claim in claims] == ids
    assert [claim.spec for claim in claims] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert queue.claim() is None
    assert not queue.has_work()


def test_people_take_turns(ann: User, bob: User, queue: Queue) -> None:
    moments = itertools.count(1)

    def turn() -> str:
        claim = claimed(queue)
        Job.objects.filter(pk=claim.id).update(started_ns=next(moments))  # a clock that stands at no moment
        return claim.id

    of_ann = [desk.submit(ann.pk, "count", {}).pk for _ in range(4)]
    assert [turn() for _ in range(2)] == of_ann[:2]
    of_bob = [desk.submit(bob.pk, "count", {}).pk for _ in range(2)]
    assert [turn() for _ in range(4)] == [of_bob[0], of_ann[2], of_bob[1], of_ann[3]]


def test_of_many_workers_that_claim_at_once_each_study_goes_to_one(ann: User) -> None:
    ids = [desk.submit(ann.pk, "count", {}).pk for _ in range(12)]

    def take_all(_: int) -> list[str]:
        queue = Queue(settings_in_force().rows)
        found = []
        while (claim := queue.claim()) is not None:
            found.append(claim.id)
        queue.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [id for found in pool.map(take_all, range(4)) for id in found]
    assert sorted(taken) == sorted(ids)


def test_a_lease_that_ran_out_is_anothers_and_its_old_owner_changes_nothing(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {})
    first = claimed(queue)
    assert queue.claim() is None, "it is leased"
    lapse(first)
    assert queue.has_work()
    second = claimed(queue)
    assert (second.id, second.attempts) == (first.id, 2)
    before = Job.objects.filter(pk=job.pk).values().get()
    for change in (
        lambda: queue.renew(first),
        lambda: queue.renew(first, share=0.9),
        lambda: queue.is_cancelled(first),
        lambda: queue.saw_data(first, "f"),
        lambda: queue.is_fruitful(first),
        lambda: queue.finish(first, Finished({})),
        lambda: queue.fail(first, "No."),
        lambda: queue.give_back(first, "No.", counts=True),
        lambda: queue.end_cancelled(first),
    ):
        with pytest.raises(LeaseLost):
            change()
    assert Job.objects.filter(pk=job.pk).values().get() == before
    queue.finish(second, Finished({"sharpe": 1.5}, "result.json"))
    done = Job.objects.get(pk=job.pk)
    assert (done.state, done.summary, done.result_path) == ("done", {"sharpe": 1.5}, "result.json")


def test_a_renewed_lease_outlives_its_first_term_and_tells_progress(ann: User, queue: Queue) -> None:
    desk.submit(ann.pk, "count", {})
    claim = claimed(queue)
    lapse(claim)
    assert queue.renew(claim, share=0.25, step="half of a half", eta_ns=7) is False
    assert queue.claim() is None
    job = Job.objects.get(pk=claim.id)
    assert (job.progress, job.step, job.eta_ns) == (0.25, "half of a half", 7)
    revision = job.revision
    queue.renew(claim)
    assert Job.objects.get(pk=claim.id).revision == revision, "nothing that anybody sees has changed"


def test_a_cancellation_is_seen_by_who_runs_the_study(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {})
    claim = claimed(queue)
    assert queue.is_cancelled(claim) is False
    desk.cancel(ann.pk, job.pk)
    assert queue.is_cancelled(claim) is True
    assert queue.renew(claim) is True
    queue.end_cancelled(claim)
    assert [state for _, state, _ in told(job.pk)] == ["queued", "running", "cancelled"]


def test_what_was_cancelled_while_its_worker_was_lost_is_not_run_again(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {})
    lapse(claimed(queue))
    desk.cancel(ann.pk, job.pk)
    assert queue.claim() is None
    assert Job.objects.get(pk=job.pk).state == "cancelled"
    assert not queue.has_work()


def test_what_was_cancelled_while_it_was_given_back_is_cancelled(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {})
    claim = claimed(queue)
    desk.cancel(ann.pk, job.pk)
    queue.give_back(claim, "Its worker was stopped.", counts=False)
    assert Job.objects.get(pk=job.pk).state == "cancelled"


@pytest.mark.parametrize("lost", [True, False])
def test_a_study_that_ends_its_worker_is_given_up_after_three_attempts(
    ann: User, queue: Queue, lost: bool
) -> None:
    job = desk.submit(ann.pk, "count", {})
    for attempt in range(1, ATTEMPTS + 1):
        claim = claimed(queue)
        assert claim.attempts == attempt
        if lost:
            lapse(claim)
        else:
            queue.give_back(claim, "It died.", counts=True)
    assert queue.claim() is None
    failed = Job.objects.get(pk=job.pk)
    assert failed.state == "failed"
    assert "happened 3 times without a piece done, so the study was given up" in failed.error
    assert told(job.pk)[-1][1:] == ("failed", failed.error)
    assert [seq for seq, _, _ in told(job.pk)] == list(range(1, failed.seq + 1))


def test_an_attempt_that_was_no_fault_of_the_study_does_not_count(ann: User, queue: Queue) -> None:
    desk.submit(ann.pk, "count", {})
    for _ in range(ATTEMPTS + 2):
        claim = claimed(queue)
        assert claim.attempts == 1
        queue.give_back(claim, "Its worker was stopped.", counts=False)
    assert queue.has_work()


@pytest.mark.parametrize("lost", [True, False])
def test_a_study_that_gets_on_is_never_given_up(ann: User, queue: Queue, lost: bool) -> None:
    desk.submit(ann.pk, "count", {})
    for _ in range(2 * ATTEMPTS):
        claim = claimed(queue)
        queue.is_fruitful(claim)
        if lost:
            lapse(claim)
        else:
            queue.give_back(claim, "It died.", counts=True)
    assert queue.has_work()


def test_a_database_that_is_not_there_yet_has_no_work(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "candlewick.sqlite3")
    assert not queue.is_ready()
    assert not (tmp_path / "candlewick.sqlite3").exists(), "the web process makes it"


@pytest.mark.timeout(300)
def test_the_same_holds_in_postgresql(postgres_url: str) -> None:
    """Django stands on one database a process: another process runs these tests on the other."""
    if connection.vendor == "postgresql":
        return
    here = Path(__file__).parent
    files = [str(here / f"test_{name}.py") for name in ("queue", "life", "desk", "worker")]
    unneeded = "not prints and not line and not refusal and not hears and not pool"
    command = [
        sys.executable, "-m", "pytest", *files, "-k", unneeded, "-q", "-p", "no:xdist",
        "-p", "no:cacheprovider",
    ]  # fmt: skip
    ended = subprocess.run(
        command, cwd=here.parents[2], env=os.environ | {"DATABASE_URL": postgres_url},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
