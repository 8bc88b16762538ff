"""The process of one study: reads what to do from stdin, says how far it is on a pipe, and ends.

It touches no database. Its worker holds the lease, and ends it with a signal: SIGTERM asks, and the study
sees it between two pieces. What it prints goes to its worker too, which keeps it beside the result.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import BrokenExecutor, CancelledError
from pathlib import Path
from typing import Final

import msgspec
import orjson

from candlewick.core.errors import CandlewickError
from candlewick.runtime.jobs.messages import (
    Alive,
    Assignment,
    Ended,
    Failed,
    Finished,
    Fruitful,
    Message,
    Progress,
    SawData,
)
from candlewick.runtime.jobs.registry import load
from candlewick.runtime.jobs.work import Cancelled, Outcome, Work, occupy
from candlewick.trading.strategy.timeout import end_waits

_EVERY_S: Final = 0.2  # a study may call `progress` a million times
_ALIVE_S: Final = 1.0
_encoder = msgspec.json.Encoder()


class Teller:
    """Writes messages to the worker; of progress the newest, five times a second at most.

    Where there is none it says that it is alive, as long as it can: a thread that runs compiled code which
    never returns, nor lets go of the interpreter, keeps all others from running.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._newest: Progress | None = None
        self._share: float | None = None
        threading.Thread(target=self._tell_progress, daemon=True).start()

    def tell(self, message: Message) -> None:
        """Write a message whole."""
        line = _encoder.encode(message) + b"\n"
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except BrokenPipeError:
                os._exit(1)  # the worker is gone, and with it the right to work on

    def progress(self, share: float | None, step: str) -> None:
        """Have it written how far it is, in a moment; None: as far as it was."""
        if share is not None:
            self._share = float(share)
        self._newest = Progress(self._share, step)

    def _tell_progress(self) -> None:
        told_at = 0.0
        while True:
            time.sleep(_EVERY_S)
            newest, self._newest = self._newest, None
            if newest is not None or time.monotonic() - told_at >= _ALIVE_S:
                self.tell(newest or Alive())
                told_at = time.monotonic()


def main() -> None:
    """Do the study that stdin describes; `argv[1]` is the descriptor to tell about it."""
    teller = Teller(int(sys.argv[1]))
    assignment = msgspec.json.decode(sys.stdin.buffer.readline(), type=Assignment)
    work = Work(
        assignment,
        tell_progress=teller.progress,
        tell_data=lambda fingerprint: teller.tell(SawData(fingerprint)),
        tell_fruitful=lambda: teller.tell(Fruitful()),
    )
    signal.signal(signal.SIGTERM, lambda number, frame: work.cancel())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is its worker's to hear
    faulthandler.register(signal.SIGUSR2)  # where it is, for its log, whatever it is in
    end_waits()
    try:
        with occupy(work.folder):
            told: Message = _finished(load(assignment.target)(assignment.spec, work))
    except Cancelled:
        told = Ended()
    except BrokenExecutor:
        told = Failed("A process of the study was killed, perhaps for want of memory.", again=True)
    except CancelledError:
        told = Failed("The cluster that did the study's work was lost.", again=True)
    except CandlewickError as error:
        told = Failed(str(error), again=error.retry)
    except MemoryError:
        told = Failed("The study needs more memory than there is.", again=True)
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever a strategy raises is told
        traceback.print_exc()
        told = Failed(_blame(error, work.source_path))
    work.close()
    teller.tell(told)


def _finished(outcome: Outcome) -> Finished:
    # through orjson, which knows NumPy's numbers and writes NaN and infinity as null: unknown is no number
    return Finished(
        orjson.loads(orjson.dumps(outcome.summary, option=orjson.OPT_SERIALIZE_NUMPY)), outcome.result
    )


def _blame(error: Exception, source: Path | None) -> str:
    """A sentence with the place that raised: the last in the strategy, if it took part."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if source is not None and frame.filename == str(source)]
    where = "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in (own or frames)[-1:])
    what = str(error) or "no reason given"
    return f"The study failed: {type(error).__name__}: {what}{where}. Its log has the whole message."


if __name__ == "__main__":
    main()
