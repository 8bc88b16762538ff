"""Studies as rows of a list, and as the head of their page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import Written, written
from candlewick.core.clock import NS_PER_S
from candlewick.store.models import Job, JobState
from candlewick.web.components import figures as text
from candlewick.web.research.kinds import kinds, title_of

WORDS: Final = {
    JobState.DRAFT: "Draft",
    JobState.QUEUED: "Waiting",
    JobState.RUNNING: "Running",
    JobState.DONE: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}
MOVING: Final = (JobState.QUEUED, JobState.RUNNING)


def row_of(job: Job) -> dict[str, Any]:
    """A study in a list: what it is, how far it is, and its headline."""
    is_cancelling = job.state == JobState.RUNNING and job.cancel_ns is not None
    return {
        "id": job.pk,
        "name": job.name,
        "kind": title_of(job.kind),
        "state": job.state,
        "word": "Cancelling" if is_cancelling else WORDS[JobState(job.state)],
        "is_moving": job.state in MOVING,
        "is_done": job.state == JobState.DONE,
        "percent": f"{100 * job.progress:.0f}",
        "step": job.step,
        "eta": moment(job.eta_ns),
        "created": moment(job.created_ns),
        "ended": moment(job.ended_ns),
        "took": _took(job),
        "error": job.error,
        "headline": headline(job),
        "can_compare": job.kind == "backtest" and job.state == JobState.DONE,
    }


def headline(job: Job) -> list[Written]:
    """The figures that a kind is headed by."""
    summary, kind = job.summary or {}, kinds().get(job.kind)
    wanted = kind.headline if kind is not None else tuple(summary)
    return [written(name, summary[name]) for name in wanted if name in summary and name in METRICS]


def moment(at_ns: int | None) -> str:
    """`2026-01-26 12:04`, UTC; empty if it is not known."""
    if at_ns is None:
        return ""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")


def _took(job: Job) -> str:
    if job.started_ns is None or job.ended_ns is None:
        return ""
    took = (job.ended_ns - job.started_ns) / NS_PER_S
    return f"{took:.1f} s" if took < 60 else text.lasting(int(took))
