"""Whatever people and workers do, in whatever order: one holder at a time, and every state told once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from candlewick.core.errors import Conflict
from candlewick.runtime.jobs import desk
from candlewick.runtime.jobs.messages import Finished
from candlewick.runtime.jobs.queue import ATTEMPTS, Claim, LeaseLost, Queue
from candlewick.store.models import Job, JobEvent, User
from candlewick.web.boot import settings_in_force
from tests.web.ground import unique

WORDS = ("renew", "progress", "fruit", "finish", "fail", "back", "stop", "end")


class Life(RuleBasedStateMachine):
    """Studies of one person, and workers that come, stand still and go."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        Job.objects.all().delete()
        self.owner = User.objects.create(username=unique("life")).pk
        self.queue = Queue(settings_in_force().rows)
        self.holders: dict[str, Claim] = {}  # who may speak for which study

    def teardown(self) -> None:
        self.queue.close()

    @rule(target=jobs, draft=st.booleans())
    def ask(self, draft: bool) -> str:
        return desk.submit(self.owner, "count", {}, draft=draft).pk

    @rule(job=jobs)
    def start(self, job: str) -> None:
        state = desk.find(self.owner, job).state
        if state in ("draft", "failed", "cancelled"):
            assert desk.start(self.owner, job).state == "queued"
        else:
            with pytest.raises(Conflict, match=f"is {state} and cannot be started"):
                desk.start(self.owner, job)

    @rule(job=jobs)
    def cancel(self, job: str) -> None:
        before = desk.find(self.owner, job).state
        after = desk.cancel(self.owner, job).state
        assert after == ("cancelled" if before in ("draft", "queued", "cancelled") else before)

    @rule(job=consumes(jobs))
    def delete(self, job: str) -> None:
        state = desk.find(self.owner, job).state
        if state == "running":
            with pytest.raises(Conflict, match="cancel it first"):
                desk.delete(settings_in_force().data_dir, self.owner, job)
            Job.objects.filter(pk=job).delete()  # with its owner, say
        else:
            desk.delete(settings_in_force().data_dir, self.owner, job)
        self.holders.pop(job, None)

    @rule(job=jobs)
    def lapse(self, job: str) -> None:
        Job.objects.filter(pk=job, state="running").update(lease_ns=1)

    @rule(target=claims)
    def claim(self) -> Any:
        free = {
            job.pk
            for job in Job.objects.filter(cancel_ns=None)
            if job.state == "queued"
            or (job.state == "running" and job.lease_ns == 1 and job.attempts < ATTEMPTS)
        }
        claim = self.queue.claim()
        assert (claim is None) == (not free)
        if claim is not None:
            assert claim.id in free
            self.holders[claim.id] = claim
        return claim

    @rule(
        claim=claims,
        said=st.sampled_from(["renew", "progress", "fruit", "finish", "fail", "back", "stop", "end"]),
    )
    def say(self, claim: Claim | None, said: str) -> None:
        if claim is None:
            return
        queue, job = self.queue, Job.objects.filter(pk=claim.id).first()
        holds = self.holders.get(claim.id) is claim and job is not None and job.state == "running"
        say: dict[str, Any] = {
            "renew": lambda: queue.renew(claim),
            "progress": lambda: queue.renew(claim, share=0.5, step="half"),
            "fruit": lambda: queue.is_fruitful(claim),
            "finish": lambda: queue.finish(claim, Finished({"sharpe": 1.0})),
            "fail": lambda: queue.fail(claim, "No bars."),
            "back": lambda: queue.give_back(claim, "It died.", counts=True),
            "stop": lambda: queue.give_back(claim, "Its worker was stopped.", counts=False),
            "end": lambda: queue.end_cancelled(claim),
        }
        if holds:
            say[said]()
        else:
            with pytest.raises(LeaseLost):
                say[said]()

    @invariant()
    def every_state_was_told_once(self) -> None:
        for job in Job.objects.all():
            told = list(JobEvent.objects.filter(job=job).order_by("seq").values_list("seq", "state"))
            assert [seq for seq, _ in told] == list(range(1, job.seq + 1))
            assert told[-1][1] == job.state

    @invariant()
    def what_is_said_of_a_study_agrees(self) -> None:
        for job in Job.objects.all():
            assert (job.worker != "") == (job.lease_ns is not None) == (job.state == "running")
            assert (job.ended_ns is not None) == (job.state in ("done", "failed", "cancelled"))
            assert (job.error != "") == (job.state == "failed")
            assert 0 <= job.attempts <= ATTEMPTS
            assert job.state != "queued" or job.cancel_ns is None, "it would wait for ever"


def test_whatever_happens_a_study_has_one_holder_and_every_state_is_told_once() -> None:
    run_state_machine_as_test(Life, settings=settings(max_examples=25, stateful_step_count=40, deadline=None))
