"""Workers in processes of their own, on the database of the tests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, JobEvent
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.studies import KINDS

ROOT: Final = Path(__file__).resolve().parents[3]


@contextmanager
def worker(
    *, lease_s: float = 15.0, processes: int = 2, scheduler: str = "", silent_s: float = 900.0
) -> Iterator[psutil.Popen]:
    """A worker in a process of its own, on the tests' database, that knows the tests' kinds."""
    settings = settings_in_force()
    place = repr(str(settings.rows)) if isinstance(settings.rows, str) else f"Path({str(settings.rows)!r})"
    code = (
        "from pathlib import Path\n"
        "from candlewick.runtime.jobs import registry\n"
        "from candlewick.runtime.jobs.queue import Queue\n"
        "from candlewick.runtime.jobs.worker import Means, run\n"
        f"registry.KINDS.update({KINDS!r})\n"
        f"means = Means(processes={processes}, scheduler={scheduler or None!r})\n"
        f"run(Queue({place}, lease_s={lease_s}), Path({str(settings.data_dir)!r}), means,\n"
        f"    silent_s={silent_s})\n"
    )
    process = psutil.Popen(
        [sys.executable, "-c", code], cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


def reach(id: str, *states: str) -> Job:
    """The study once it is in one of `states`."""
    until(lambda: Job.objects.get(pk=id).state in states)
    return Job.objects.get(pk=id)


def files_of(job: Job) -> Path:
    """Where the study's files lie."""
    return folder_of(settings_in_force().data_dir, job.pk)


def told(job: Job) -> list[tuple[int, str]]:
    """The states that it went through, numbered."""
    return list(JobEvent.objects.filter(job=job).order_by("seq").values_list("seq", "state"))
