"""Studies that people ask for, from draft to result, and the states that each went through."""

from __future__ import annotations

import secrets

from django.db import models

from candlewick.store.models.people import User


def new_id() -> str:
    """A study's public name, which nobody guesses."""
    return secrets.token_hex(12)


class JobState(models.TextChoices):
    """Where a study stands. The last three are ends, of which only `done` cannot be left again."""

    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(models.Model):
    """A study: what was asked, by whom, how far it is and what came of it.

    Workers write it in plain SQL (`candlewick.runtime.jobs.queue`), without Django; hence times are integer
    nanoseconds (UTC), as they are elsewhere in the house. Files lie in `data_dir/studies/<id>/`.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="jobs", db_index=False)
    kind = models.CharField(max_length=32)
    name = models.CharField(max_length=120)
    notes = models.TextField(blank=True, default="")
    spec = models.JSONField(default=dict)  # the whole request
    source = models.TextField(blank=True, default="")  # of the strategy, as it was when it was asked for
    code_hash = models.CharField(max_length=64, blank=True, default="")  # SHA-256 of `source`
    data_fingerprint = models.CharField(max_length=64, blank=True, default="")  # of the bars it ran on
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.DRAFT)
    progress = models.FloatField(default=0.0)  # 0 to 1
    step = models.CharField(max_length=200, blank=True, default="")  # what it is doing, for people
    summary = models.JSONField(null=True, blank=True)  # headline figures, for lists
    result_path = models.CharField(max_length=200, blank=True, default="")  # within its folder
    error = models.TextField(blank=True, default="")  # a sentence
    worker = models.CharField(max_length=100, blank=True, default="")  # whose lease it is
    attempts = models.PositiveSmallIntegerField(default=0)
    created_ns = models.BigIntegerField()
    queued_ns = models.BigIntegerField(null=True, blank=True)
    started_ns = models.BigIntegerField(null=True, blank=True)
    ended_ns = models.BigIntegerField(null=True, blank=True)
    eta_ns = models.BigIntegerField(null=True, blank=True)
    lease_ns = models.BigIntegerField(null=True, blank=True)  # until then nobody else takes it
    cancel_ns = models.BigIntegerField(null=True, blank=True)  # when somebody asked it to end
    seq = models.PositiveIntegerField(default=0)  # number of its newest event
    revision = models.PositiveIntegerField(default=0)  # grows with every change that people may see

    class Meta:
        ordering = ["-created_ns", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(progress__range=(0.0, 1.0)), name="job_progress_is_a_share"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_ns", "-id"], name="job_of_owner"),
            models.Index(fields=["state", "queued_ns"], name="job_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


class JobEvent(models.Model):
    """A state that a study came into, numbered without a gap. `text` says why, where there is a reason."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=JobState.choices)
    at_ns = models.BigIntegerField()
    text = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["job_id", "seq"]
        constraints = [models.UniqueConstraint(fields=["job", "seq"], name="job_events_are_numbered")]

    def __str__(self) -> str:
        return f"{self.state} ({self.seq})"
