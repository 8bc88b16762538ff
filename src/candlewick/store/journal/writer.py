"""`JournalWriter`: the thread that commits. What waits together goes into one transaction."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from candlewick.core.errors import StoreBusy, StoreError
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal

LARGEST_GROUP: Final = 500  # batches in one transaction: a bound on how long the first of them waits
FIRST_WAIT_S: Final = 0.02
LONGEST_WAIT_S: Final = 1.0
CLOSE_S: Final = 5.0
IDLE_S: Final = 5.0  # so long after the last transaction an empty one is written

Done = Callable[[Exception | None], None]
log = logging.getLogger(__name__)


class JournalWriter:
    """Commits batches in the order in which they were submitted, and says of each when it is on disk.

    While the database is locked, its disk full or its server away, the same transaction is tried again until
    it goes through, and nothing overtakes it. An error of another kind means that what is in memory and what
    is on disk contradict each other: from then on every batch is answered with that error, so that the engine
    stops and recovers from the disk.

    Where nothing is to be written for a while, an empty transaction is: of a disk that is full, or locked,
    people hear before they want to trade.

    What waits is not bounded, for nothing that the heart has decided may be dropped. While there is `trouble`
    new orders are refused, so that only what venues report, and a sample a minute, adds to it.

    Attributes:
        trouble: why the transaction at hand cannot be written, as a sentence that people may read: where the
            files of this machine lie is for the log. Empty while all is well.
    """

    def __init__(
        self, journal: Journal, on_trouble: Callable[[str], None] | None = None, *, idle_s: float = IDLE_S
    ) -> None:
        """`on_trouble` is called on the writer's thread with each new `trouble`, the empty one included."""
        self.trouble = ""
        self._journal = journal
        self._on_trouble = on_trouble
        self._idle_s = idle_s
        self._queue: deque[tuple[Batch, Done]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._given_up = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch, done: Done) -> None:
        """Have a batch committed; `done` is called on the writer's thread, with None once it is on disk."""
        with self._wake:
            if self._closing:
                raise StoreError("The journal is closed. Start the engine anew.")
            self._queue.append((batch, done))
            self._wake.notify()

    def close(self, wait_s: float = CLOSE_S) -> None:
        """Write what waits, and stop.

        Raises:
            StoreError: it could not be written within `wait_s`. Nothing that was told to anybody is lost.
        """
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(wait_s)
        if self._thread.is_alive():
            self._given_up.set()
            self._thread.join()
            raise StoreError(f"What waited could not be written: {self.trouble}")

    def _run(self) -> None:
        while (group := self._take()) is not None:
            error = self._failure or self._commit([batch for batch, _ in group])
            for _, done in group:
                done(error)

    def _take(self) -> Sequence[tuple[Batch, Done]] | None:
        """What waits, up to a bound; nothing, where none came for a while; None once closed and drained."""
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._closing, self._idle_s)
            if self._closing and not self._queue:
                return None
            return [self._queue.popleft() for _ in range(min(len(self._queue), LARGEST_GROUP))]

    def _commit(self, batches: Sequence[Batch]) -> Exception | None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                self._journal.commit(batches)
            except StoreBusy as error:
                if not self.trouble:
                    log.warning("The journal waits: %s", error)
                self._tell(str(error))
                if self._given_up.wait(wait_s):
                    self._failure = error
                    return error
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            except Exception as error:  # the thread's edge: every batch from here on is told
                log.error("The journal cannot go on: %s", error, exc_info=not isinstance(error, StoreError))
                self._failure = error
                self._tell(str(error))
                return error
            else:
                if self.trouble:
                    log.warning("The journal is written again.")
                self._tell("")
                return None

    def _tell(self, trouble: str) -> None:
        trouble = trouble.removeprefix(f"{self._journal.name}: ")
        if trouble == self.trouble:
            return
        self.trouble = trouble
        if self._on_trouble is not None:
            self._on_trouble(trouble)
