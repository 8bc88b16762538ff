"""Studies live: whose they are, and what changes in them.

Workers write into the database, perhaps on other machines, and the database is where we look: while anybody
follows a study, twice a second, at all that are followed in one question. States are numbered and none is
skipped, since each is a row; progress is conflated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson
from django.db import DatabaseError, close_old_connections

from candlewick.runtime.jobs import bodies, desk
from candlewick.store.models import Job, JobEvent
from candlewick.web.bridge import Bridge
from candlewick.web.live import messages
from candlewick.web.live.hub import Hub
from candlewick.web.live.readers import Reader

LOOK_S: Final = 0.5
_AWAY: Final = "Your studies cannot be looked up now. Try again in a moment."


@dataclass(frozen=True, slots=True)
class _Known:
    """How far a study was told."""

    seq: int
    revision: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A study as the database has it, and every state since the last that was told."""

    job: Job
    events: list[JobEvent]


class JobWatch:
    """Follows what somebody follows. Lives on the server's event loop."""

    def __init__(self, hub: Hub, bridge: Bridge) -> None:
        self._hub = hub
        self._bridge = bridge
        self._known: dict[str, _Known] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    def ask(self, reader: Reader, channel: str) -> None:
        """Let a reader follow a study, if it is theirs."""
        task = asyncio.get_running_loop().create_task(self._ask(reader, channel))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def close(self) -> None:
        """Stop looking."""
        tasks = [*self._asking, *([self._watching] if self._watching is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, reader: Reader, channel: str) -> None:
        known = self._known.get(channel)
        try:
            seen = await self._bridge.run(_find, reader.person.id, _id_of(channel), known)
        except DatabaseError:
            self._hub.tell(reader, messages.error("away", _AWAY, channel=channel))
            return
        if seen is None:
            self._hub.refuse_job(reader, channel)
            return
        self._tell(channel, seen)
        if self._known[channel].revision == seen.job.revision:  # and not something newer was told meanwhile
            data, seq = bodies.of_job(seen.job), seen.job.seq
            snapshot = {"type": "jobs_snapshot", "channel": channel, "seq": seq, "data": data}
            self._hub.take_snapshot(channel, seq, orjson.dumps(snapshot))
        self._hub.follow_job(reader, channel)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while channels := self._hub.jobs():
            for channel in self._known.keys() - channels:
                self._forget(channel)
            known = {_id_of(channel): each for channel, each in self._known.items()}
            with contextlib.suppress(DatabaseError):  # it may be there again when we look next
                seen, gone = await self._bridge.run(_look, known)
                for each in seen:
                    if f"jobs:{each.job.pk}" in self._known:
                        self._tell(f"jobs:{each.job.pk}", each)
                self._tell_gone(f"jobs:{id}" for id in gone)
            await asyncio.sleep(LOOK_S)
        for channel in list(self._known):
            self._forget(channel)
        self._watching = None

    def _tell(self, channel: str, seen: _Seen) -> None:
        job, known = seen.job, self._known.get(channel)
        if known is not None:
            if job.revision <= known.revision:
                return  # another look was faster
            for event in seen.events:
                if event.seq > known.seq:
                    data = bodies.of_job(job) | bodies.of_event(event)
                    told = {"type": "job_update", "channel": channel, "seq": event.seq, "data": data}
                    self._hub.take_lane(channel, event.seq, orjson.dumps(told))
            progress = {"type": "job_progress", "channel": channel, "data": bodies.of_progress(job)}
            self._hub.take_market(f"figures:{channel}", orjson.dumps(progress))
        self._known[channel] = _Known(job.seq, job.revision)

    def _tell_gone(self, channels: Iterable[str]) -> None:
        for channel in channels:
            known = self._known.pop(channel, None)
            if known is not None:
                told = {"type": "job_deleted", "channel": channel, "seq": known.seq + 1, "data": {}}
                self._hub.take_lane(channel, known.seq + 1, orjson.dumps(told))

    def _forget(self, channel: str) -> None:
        del self._known[channel]
        self._hub.forget_job(channel)


def _id_of(channel: str) -> str:
    return channel.partition(":")[2]


def _find(owner: int, id: str, known: _Known | None) -> _Seen | None:
    close_old_connections()
    try:
        job = desk.find(owner, id)
    except desk.UnknownJob:
        return None
    return _Seen(job, _events_after(job, known))


def _look(known: dict[str, _Known]) -> tuple[list[_Seen], set[str]]:
    close_old_connections()
    jobs, gone = desk.changed({id: each.revision for id, each in known.items()})
    return [_Seen(job, _events_after(job, known[job.pk])) for job in jobs], gone


def _events_after(job: Job, known: _Known | None) -> list[JobEvent]:
    if known is None or known.seq == job.seq:
        return []
    # one may have come since the row was read: it is told with the next look
    return list(JobEvent.objects.filter(job=job, seq__gt=known.seq, seq__lte=job.seq).order_by("seq"))
