"""What a study is given to do its work, and what it gives back."""

from __future__ import annotations

import fcntl
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from candlewick.core.errors import CandlewickError, StoreBusy
from candlewick.runtime.jobs import executors, sources
from candlewick.runtime.jobs.executors import Crew
from candlewick.runtime.jobs.messages import Assignment
from candlewick.runtime.jobs.pieces import FILE, Pieces

_LOOK_S: Final = 0.2
OCCUPIED_S: Final = 20.0  # longer than a lease


class Cancelled(CandlewickError):
    """Somebody asked for the study's end."""

    def __init__(self) -> None:
        super().__init__("The study was cancelled.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a study.

    Attributes:
        summary: headline figures for lists and comparisons; JSON, with None for what is undefined.
        result: the file of the whole result, within the study's folder; empty if there is none.
    """

    summary: dict[str, Any] = field(default_factory=dict)
    result: str = ""


class Occupied(StoreBusy):
    """Another process still works on this study."""


@contextmanager
def occupy(folder: Path, wait_s: float = OCCUPIED_S) -> Iterator[None]:
    """Be the only process that works in a study's folder; wait a while for one that is about to end.

    The lease sees to that, unless a worker stood still until after it had run out.

    Raises:
        Occupied: another process works in it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    until = time.monotonic() + wait_s
    with (folder / "lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Occupied("Another process still works on this study.") from None
                time.sleep(_LOOK_S)
        yield


class Work:
    """A study at work. Lives in the study's own process.

    Attributes:
        folder: where its files go; they stay when it is resumed.
        lake: the folder of the lake.
        primary: id of the venue whose symbols are written bare.
        source: text of the strategy, as it was when the study was asked for; empty if it has none.
        source_path: the same as a file in the folder; None if it has none.
    """

    def __init__(
        self,
        assignment: Assignment,
        *,
        tell_progress: Callable[[float | None, str], None] = lambda share, step: None,
        tell_data: Callable[[str], None] = lambda fingerprint: None,
        tell_fruitful: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = Path(assignment.folder)
        self.lake = Path(assignment.market_dir) / "lake"
        self.primary = assignment.primary
        self.source = assignment.source
        self.source_path = sources.keep(self.folder, self.source) if self.source else None
        self._assignment = assignment
        self._tell_progress = tell_progress
        self._tell_data = tell_data
        self._tell_fruitful = tell_fruitful
        self._is_fruitful = False
        self._data = ""
        self._cancelled = threading.Event()
        self._pieces: Pieces | None = None
        self._crew: Crew | None = None
        self._open = ExitStack()

    def progress(self, share: float, step: str = "") -> None:
        """Say how far it is, 0 to 1, and what it does. May be called as often as one likes."""
        self._tell_progress(share, step)

    def begin(self, step: str) -> None:
        """Say what it does next, where nobody can say yet, or tell apart, how far that is.

        One that is resumed is told to be where it was, until it knows what of that was kept.
        """
        self._tell_progress(None, step)

    def cancelled(self) -> bool:
        """Whether it should end. A study looks between its pieces, and raises `Cancelled`."""
        return self._cancelled.is_set()

    def require_going_on(self) -> None:
        """Raises `Cancelled` if it should end."""
        if self.cancelled():
            raise Cancelled

    def cancel(self) -> None:
        """It should end. Safe in a signal's handler and from every thread."""
        self._cancelled.set()

    def saw_data(self, fingerprint: str) -> None:
        """Say which bars it runs on, before the first piece: pieces of other bars are not used."""
        self._data = fingerprint
        self._tell_data(fingerprint)

    @property
    def pieces(self) -> Pieces:
        """What is done already, of this request, this strategy and these bars."""
        if self._pieces is None:
            told = self._assignment
            asked = orjson.dumps(told.spec, option=orjson.OPT_SORT_KEYS)
            parts = (told.kind.encode(), asked, told.code_hash.encode(), self._data.encode())
            stamp = hashlib.sha256(b"\0".join(parts)).hexdigest()
            self._pieces = self._open.enter_context(Pieces(self.folder / FILE, stamp, self._bear_fruit))
        return self._pieces

    def threads(self) -> tuple[Executor, int]:
        """Threads, for what the core runs, or the cluster of the settings; and how many pieces at once."""
        told = self._assignment
        crew = self._open.enter_context(
            executors.crew("threads", told.processes, told.scheduler, self.source_path)
        )
        return crew.executor, crew.size()

    def processes(self) -> tuple[Executor, int]:
        """Processes, for a person's Python, or what the settings name; and how many pieces at once."""
        crew = self._crew_at_work()
        return crew.executor, crew.size()

    def _bear_fruit(self) -> None:
        if not self._is_fruitful:
            self._is_fruitful = True
            self._tell_fruitful()

    def _crew_at_work(self) -> Crew:
        if self._crew is None:
            told = self._assignment
            self._crew = self._open.enter_context(
                executors.crew(told.executor, told.processes, told.scheduler, self.source_path)
            )
        return self._crew

    def close(self) -> None:
        """End the executor, and let go of the pieces."""
        self._open.close()
