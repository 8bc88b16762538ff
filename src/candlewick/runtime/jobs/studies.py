"""A study's process, as its worker holds it: started, listened to, asked to end, ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

import msgspec

from candlewick.runtime.jobs.messages import Assignment, Message, decoder
from candlewick.runtime.parents import die_with

LOG: Final = "log.txt"
LOG_BYTES: Final = 1_000_000  # a strategy may print at every bar; what goes beyond this is dropped
_CHUNK: Final = 64 * 1024


class Study:
    """The process of one study, and whatever processes it starts: a group of its own."""

    def __init__(self, assignment: Assignment) -> None:
        folder = Path(assignment.folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log: IO[bytes] = (folder / LOG).open("ab")
        self._log_left = max(LOG_BYTES - self._log.tell(), 0)
        told, tell = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "candlewick.runtime.jobs.study_process", str(tell)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(tell,),
            start_new_session=True, preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )  # fmt: skip
        os.close(tell)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it is dead already, and `wait` will say so
            self._process.stdin.write(msgspec.json.encode(assignment) + b"\n")
            self._process.stdin.close()
        self._told, self._printed = told, self._process.stdout.fileno()
        self._unread = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(told, selectors.EVENT_READ)
        self._selector.register(self._printed, selectors.EVENT_READ)

    def listen(self, timeout_s: float) -> list[Message]:
        """What it says within `timeout_s`; returns as soon as it says anything."""
        messages: list[Message] = []
        for key, _ in self._selector.select(timeout_s):
            data = os.read(key.fd, _CHUNK)
            if not data:
                self._selector.unregister(key.fd)
            elif key.fd == self._printed:
                self._keep(data)
            else:
                *lines, self._unread = (self._unread + data).split(b"\n")
                messages += map(decoder.decode, lines)
        return messages

    def rest(self) -> list[Message]:
        """End it, and give what it said before."""
        self.end()
        messages: list[Message] = []
        while self._selector.select(0):
            messages += self.listen(0)
        return messages

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it lives."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Have it end between two pieces."""
        self._process.terminate()

    def ask_where(self) -> None:
        """Have it write into its log where it is; one that has not begun to work is ended by that."""
        self._process.send_signal(signal.SIGUSR2)

    def end(self) -> None:
        """End it, and every process it has started, now."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End what is left, and let go of its pipes."""
        self.end()
        self._selector.close()
        os.close(self._told)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _keep(self, printed: bytes) -> None:
        self._log.write(printed[: self._log_left])
        self._log.flush()
        self._log_left -= min(self._log_left, len(printed))
