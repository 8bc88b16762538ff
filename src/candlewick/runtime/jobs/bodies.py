"""A study as people and programs see it: the same in lists, on pages, over REST and live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewick.core.clock import iso

if TYPE_CHECKING:
    from candlewick.store.models import Job, JobEvent


def of_job(job: Job) -> dict[str, Any]:
    """All but the request, the strategy's source and the notes, which are asked for one by one."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "name": job.name,
        "state": job.state,
        **of_progress(job),
        "attempts": job.attempts,
        "error": job.error or None,
        "summary": job.summary,
        "code_hash": job.code_hash or None,
        "data_fingerprint": job.data_fingerprint or None,
        "created": _time(job.created_ns),
        "queued": _time(job.queued_ns),
        "started": _time(job.started_ns),
        "ended": _time(job.ended_ns),
    }


def of_progress(job: Job) -> dict[str, Any]:
    """How far a study is, and whether it was asked to end."""
    return {
        "progress": job.progress,
        "step": job.step or None,
        "eta": _time(job.eta_ns),
        "cancelling": job.state == "running" and job.cancel_ns is not None,
    }


def of_event(event: JobEvent) -> dict[str, Any]:
    """A state that a study came into."""
    return {"seq": event.seq, "state": event.state, "at": iso(event.at_ns), "text": event.text or None}


def _time(at_ns: int | None) -> str | None:
    return None if at_ns is None else iso(at_ns)
