"""`candlewick up` has workers only while studies wait."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from candlewick.cli.up import workers
from candlewick.core.errors import StoreError
from candlewick.runtime import supervisor
from candlewick.runtime.jobs import desk, registry
from candlewick.runtime.jobs.queue import Queue
from candlewick.runtime.settings import load
from candlewick.runtime.supervisor import Part, supervise
from candlewick.store.models import User
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.ground import reach


async def test_a_part_that_is_wanted_now_and_then_is_started_then_and_may_end() -> None:
    answers = iter([False, True, True, False])
    lines: list[str] = []

    def wanted() -> bool:
        answer = next(answers, None)
        if answer is None:
            os.kill(os.getpid(), signal.SIGTERM)
        return bool(answer)

    async with asyncio.timeout(60):
        await supervise([Part("now and then", ("version",), wanted)], os.environ, lines.append)
    assert next(answers, "asked four times") == "asked four times"
    assert lines == [], "an end with code 0 is no death"


async def test_a_part_that_is_not_vital_takes_nobody_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "DEATHS", 2)
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    async with asyncio.timeout(60):
        await supervise([Part("short", ("no-such-verb",), lambda: True)], os.environ, report)
    assert lines == ["short ended with code 2; starting it again."] * 3


def test_a_study_that_waits_brings_a_worker_which_takes_it(ann: User, queue: Queue) -> None:
    job = desk.submit(ann.pk, "count", {})
    settings = settings_in_force()
    environment = os.environ | {"CANDLEWICK_DATA_DIR": str(settings.data_dir)}

    def end_with_the_study() -> None:
        try:
            reach(job.pk, "failed", "done")
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(end_with_the_study)
        asyncio.run(supervise(workers(settings, queue), environment))
        ended.result()
    assert "count" in registry.KINDS, "here, and not in the worker's own process"
    assert desk.find(ann.pk, job.pk).error.startswith("There is no study of the kind 'count'.")


def test_workers_are_as_many_as_the_settings_say(tmp_path: Path, queue: Queue) -> None:
    assert [part.name for part in workers(load(data_dir=tmp_path), queue)] == ["worker 1"]
    assert workers(load(data_dir=tmp_path, jobs={"workers": 0}), queue) == []


def test_a_database_that_cannot_be_read_wants_no_worker(tmp_path: Path) -> None:
    place = tmp_path / "candlewick.sqlite3"
    place.write_bytes(b"this is no database" * 100)
    broken = Queue(place)
    [part] = workers(load(data_dir=tmp_path), broken)
    assert part.wanted is not None
    assert part.wanted() is False
    with pytest.raises(StoreError, match="damaged"):
        broken.has_work()
