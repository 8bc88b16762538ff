"""A worker: takes one study after the other, and looks after its process until it ends.

The worker is thin and holds the lease; the study runs in a process of its own, so that a strategy that hangs,
eats all memory or ends its process takes nobody with it. What ends a study's process is an attempt that
counts, unless a piece was done since; the next goes on behind the pieces that are done. A study that raises
has failed, since it would raise again. A worker that is stopped gives its study back, and that attempt does
not count. One that gives no sign of life any more has failed too: it would hang again.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import StoreBusy, UsageError
from candlewick.runtime.jobs import registry
from candlewick.runtime.jobs.folders import STUDIES, folder_of
from candlewick.runtime.jobs.messages import (
    Alive,
    Assignment,
    Ended,
    Executor,
    Failed,
    Finished,
    Fruitful,
    Message,
    Progress,
    SawData,
)
from candlewick.runtime.jobs.queue import Claim, LeaseLost, Queue
from candlewick.runtime.jobs.studies import Study

log = logging.getLogger(__name__)

NICE: Final = 10  # prices and orders come first
POLL_S: Final = 0.5
ORPHANED_S: Final = 3600.0  # a folder without a row for so long belongs to nobody
GRACE_S: Final = 3.0  # from the request to end until the end
SILENT_S: Final = 900.0  # a study says each second that it is alive, unless compiled code keeps it from that
_LISTEN_S: Final = 0.25
_LOOK_S: Final = 0.5  # how soon a cancellation is seen
_TELL_S: Final = 0.5  # how often progress is written
_MARGIN: Final = 0.6  # of the lease: a study that could not be renewed for so long is ended by us


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a study may use.

    Attributes:
        market_dir: the folder of the lake, where it is not the data folder.
        primary: id of the venue whose symbols are written bare.
        executor, processes, scheduler: see `executors.crew`.
    """

    market_dir: Path | None = None
    primary: str = ""
    executor: Executor = "processes"
    processes: int | None = None
    scheduler: str | None = None


class Worker:
    """Runs studies until it is stopped, or has been idle for `idle_s`."""

    def __init__(
        self,
        queue: Queue,
        data_dir: Path,
        means: Means | None = None,
        *,
        kinds: Mapping[str, str] | None = None,
        idle_s: float | None = None,
        grace_s: float = GRACE_S,
        silent_s: float = SILENT_S,
    ) -> None:
        self._queue = queue
        self._silent_s = silent_s
        self._data_dir = data_dir
        self._means = means or Means()
        self._kinds = registry.KINDS if kinds is None else kinds
        self._idle_s = idle_s
        self._grace_s = grace_s
        self._is_stopping = False

    def stop(self) -> None:
        """End soon; the study that runs is given back. Safe in a signal's handler."""
        self._is_stopping = True

    def run(self) -> None:
        """Take studies until stopped."""
        last_busy = time.monotonic()
        has_swept = False
        while not self._is_stopping:
            claim = None
            try:
                if self._queue.is_ready():
                    claim = self._queue.claim()
                    if claim is None and not has_swept:
                        self._sweep()
                        has_swept = True
            except StoreBusy as error:
                log.warning("No study can be claimed: %s", error)
            if claim is not None:
                self.work_on(claim)
                last_busy = time.monotonic()
            elif self._idle_s is not None and time.monotonic() - last_busy > self._idle_s:
                return
            else:
                time.sleep(POLL_S)

    def work_on(self, claim: Claim) -> None:
        """See a claimed study through to its end."""
        log.info("Study %s (%s) begins, attempt %d.", claim.id, claim.kind, claim.attempts)
        try:
            target = registry.target_of(claim.kind, self._kinds)
        except UsageError as error:
            sentence = str(error)
            self._settle(lambda: self._queue.fail(claim, sentence))
            return
        study = Study(self._assignment(claim, target))
        course = _Course(self._queue, claim, study, self._grace_s, self._silent_s)
        try:
            while not course.is_over:
                course.step(is_stopping=self._is_stopping)
            course.hear_the_rest()
        finally:
            course.study.close()
        self._settle(course.settle)

    def _sweep(self) -> None:
        """Remove the folders of studies that went with their owner."""
        before = time.time() - ORPHANED_S
        folders = (self._data_dir / STUDIES).glob("*")
        old = {path.name: path for path in folders if path.stat().st_mtime < before}
        for id in self._queue.unknown(old):
            log.info("The files of study %s are removed: it was deleted.", id)
            shutil.rmtree(old[id], ignore_errors=True)

    def _assignment(self, claim: Claim, target: str) -> Assignment:
        means = self._means
        return Assignment(
            id=claim.id,
            kind=claim.kind,
            target=target,
            spec=claim.spec,
            source=claim.source,
            code_hash=claim.code_hash,
            data_dir=str(self._data_dir),
            market_dir=str(means.market_dir or self._data_dir),
            folder=str(folder_of(self._data_dir, claim.id)),
            primary=means.primary,
            executor=means.executor,
            processes=means.processes,
            scheduler=means.scheduler,
        )

    def _settle(self, write: Callable[[], None]) -> None:
        """Write an end down; if the database is away for longer than the lease, another worker goes on."""
        until = time.monotonic() + self._queue.lease_s
        while True:
            try:
                write()
            except LeaseLost as error:
                log.warning("%s", error)
            except StoreBusy as error:
                if time.monotonic() < until:
                    time.sleep(POLL_S)
                    continue
                log.error("The end of a study cannot be written: %s", error)
            return


class _Course:
    """The way of one study from its claim to its end."""

    def __init__(self, queue: Queue, claim: Claim, study: Study, grace_s: float, silent_s: float) -> None:
        self.study = study
        self._queue = queue
        self._claim = claim
        self._grace_s = grace_s
        self._silent_s = silent_s
        self._heard_at = self._renewed_at = self._looked_at = time.monotonic()
        self._told_at = 0.0
        self._progress = Progress(None)
        self._has_moved = False
        self._fingerprint = ""
        self._has_fruit = False
        self._first: tuple[float, float] | None = None  # share, and when it was told
        self._said: Finished | Failed | Ended | None = None
        self._ending: Literal["", "cancel", "stop", "lost", "silent"] = ""
        self._kill_at = float("inf")

    @property
    def is_over(self) -> bool:
        return self._said is not None or self.study.exit_code is not None

    def step(self, *, is_stopping: bool) -> None:
        """Listen for a moment, and do what is due."""
        for message in self.study.listen(_LISTEN_S):
            self._heard_at = time.monotonic()
            self._take(message)
        if time.monotonic() - self._heard_at > self._silent_s and not self._ending:
            self._ending, self._kill_at = "silent", time.monotonic() + self._grace_s
            self.study.ask_where()
        if is_stopping and not self._ending:
            self._end("stop")
        try:
            self._keep_lease()
        except LeaseLost:
            self._end("lost")
            self.study.end()
        except StoreBusy as error:
            log.warning("Study %s: %s", self._claim.id, error)
            if time.monotonic() - self._renewed_at > _MARGIN * self._queue.lease_s:
                self._end("lost")  # before anybody else may take it
                self.study.end()
        if time.monotonic() > self._kill_at:
            self.study.end()

    def hear_the_rest(self) -> None:
        """Take what it said before it ended."""
        for message in self.study.rest():
            self._take(message)

    def settle(self) -> None:
        """Write down how it ended."""
        claim, queue = self._claim, self._queue
        if self._fingerprint and self._ending != "lost":
            queue.saw_data(claim, self._fingerprint)
        match self._said, self._ending:
            case _, "lost":
                log.warning("Study %s was let go: its lease could not be kept.", claim.id)
            case Finished() as outcome, _:
                queue.finish(claim, outcome)
            case (_, "cancel") | (Ended(), ""):
                queue.end_cancelled(claim)
            case _, "stop":
                queue.give_back(claim, "Its worker was stopped.", counts=False)
            case Failed(sentence, True), _:
                queue.give_back(claim, sentence, counts=True)
            case Failed(sentence, _), _:
                queue.fail(claim, sentence)
            case _, "silent":
                queue.fail(claim, _silence(self._silent_s))
            case _:
                queue.give_back(claim, _death(self.study.exit_code), counts=True)

    def _take(self, message: Message) -> None:
        match message:
            case Progress():
                self._progress, self._has_moved = message, True
                if self._first is None and message.share is not None:
                    self._first = message.share, time.monotonic()
            case Alive():
                pass
            case Fruitful():
                self._has_fruit = True
            case SawData(fingerprint):
                self._fingerprint = fingerprint
            case _:
                self._said = message

    def _end(self, why: Literal["cancel", "stop", "lost"]) -> None:
        self._ending = why
        self._kill_at = time.monotonic() + self._grace_s
        self.study.ask_to_end()

    def _keep_lease(self) -> None:
        now = time.monotonic()
        if self._fingerprint:
            self._queue.saw_data(self._claim, self._fingerprint)
            self._fingerprint = ""
        if self._has_fruit:
            self._queue.is_fruitful(self._claim)
            self._has_fruit = False
        is_due = now - self._renewed_at >= self._queue.lease_s / 4
        if is_due or (self._has_moved and now - self._told_at >= _TELL_S):
            share, step = self._progress.share, self._progress.step
            asked = self._queue.renew(self._claim, share=share, step=step, eta_ns=self._eta(share))
            self._told_at = self._renewed_at = self._looked_at = now
            self._has_moved = False
        elif now - self._looked_at >= _LOOK_S:
            asked = self._queue.is_cancelled(self._claim)
            self._looked_at = now
        else:
            return
        if asked and not self._ending:
            self._end("cancel")

    def _eta(self, share: float | None) -> int | None:
        """When it will end if it goes on as it did since it began, or was resumed.

        Told again with each renewal: the longer it stands still the later that is, and never in the past.
        """
        if self._first is None or share is None or not self._first[0] < share < 1:
            return None
        first, at = self._first
        left_s = (time.monotonic() - at) * (1 - share) / (share - first)
        return time.time_ns() + int(left_s * NS_PER_S)


def _death(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "The study's process was killed, perhaps for want of memory."
    if code is not None and code < 0:
        return f"The study's process was ended by {signal.Signals(-code).name}."
    return f"The study's process ended with code {code} and said nothing."


def _silence(silent_s: float) -> str:
    return (
        f"The study gave no sign of life for {silent_s:g} s and was ended: it hung in compiled code that "
        "does not come back, perhaps. Its log has the line; see to it that what it calls there ends."
    )


def run(
    queue: Queue,
    data_dir: Path,
    means: Means,
    *,
    idle_s: float | None = None,
    silent_s: float = SILENT_S,
) -> None:
    """Be a worker, until SIGTERM or SIGINT."""
    worker = Worker(queue, data_dir, means, idle_s=idle_s, silent_s=silent_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    os.nice(max(0, NICE - os.nice(0)))
    try:
        worker.run()
    finally:
        queue.close()
