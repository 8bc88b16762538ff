"""`candlewick up`: starts the parts, brings back one that dies, and leaves nothing behind.

One Ctrl-C stops them all, and last what the others stand on: it takes no leave of who is leaving. Each
part dies with the supervisor, even if that is killed (Linux's parent-death signal). A part that cannot
stay up is given up, and everything stops with a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from candlewick.core.errors import CandlewickError, ConfigError, StoreError, StoreLocked
from candlewick.runtime.parents import die_with

STOP_S: Final = 8.0  # a part that does not stop by then is killed
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
PATIENCE_S: Final = 60.0  # the same for a part that is not vital
STEADY_S: Final = 10.0  # a part that ran so long has earned a fresh count of its deaths
DEATHS: Final = 6
LOOK_S: Final = 1.0
HOPELESS: Final = 78  # the exit code of a part that would fail again


@dataclass(frozen=True, slots=True)
class Part:
    """A process to keep up.

    Attributes:
        arguments: of the `candlewick` command.
        wanted: whether there is something to do for it. Such a part is started when there is, and may end by
            itself when there is nothing more; all else goes on if it cannot stay up. It is called on a
            thread, once a second.
        is_last: whether it goes on until the others have ended. A Ctrl-C does not reach it, but us.
    """

    name: str
    arguments: tuple[str, ...]
    wanted: Callable[[], bool] | None = None
    is_last: bool = False


@contextlib.contextmanager
def owning(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process alone.

    Raises:
        StoreLocked: another `candlewick` runs on it.
        StoreError: the folder cannot be made or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = (data_dir / "candlewick.lock").open("a+")
    except OSError as error:
        raise StoreError(f"The data folder {data_dir} cannot be used: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StoreLocked(
                f"Candlewick already runs on {data_dir} (process {file.read().strip() or 'unknown'}). "
                "Stop it first, or choose another folder with --data-dir."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def require_port(host: str, port: int, flag: str) -> None:
    """Make sure that `port` can be bound.

    Raises:
        ConfigError: it is taken, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} on {host} cannot be used: {error.strerror}. "
                f"End what uses it, or choose another with {flag}."
            ) from None


@contextlib.contextmanager
def claimed_port(host: str, first: int, tries: int = 100) -> Iterator[int]:
    """A free port from `first` on, claimed until left against others that start at the same moment.

    Raises:
        ConfigError: none is free.
    """
    for port in range(first, first + tries):
        claim = _claim(host, port)
        if claim is not None:
            with claim:
                yield port
            return
    raise ConfigError(f"No free port from {first} to {first + tries - 1} on {host}.")


def _claim(host: str, port: int) -> TextIO | None:
    """A locked file that stands for the port; None if somebody else has the one or the other."""
    path = Path(tempfile.gettempdir()) / f"candlewick-{os.getuid()}-port-{port}.lock"
    try:
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600), "w")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        require_port(host, port, "")
    except (OSError, ConfigError):
        file.close()
        return None
    return file


async def supervise(
    parts: list[Part], environment: Mapping[str, str], report: Callable[[str], None] = print
) -> None:
    """Keep `parts` up until SIGINT or SIGTERM, then stop them all.

    Raises:
        CandlewickError: a part cannot stay up.
    """
    stop, stop_last = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    def keep(is_last: bool, until: asyncio.Event) -> list[asyncio.Task[None]]:
        chosen = [part for part in parts if part.is_last is is_last]
        return [asyncio.create_task(_keep_up(part, environment, until, report)) for part in chosen]

    last, others = keep(True, stop_last), keep(False, stop)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, *last, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        ended = await asyncio.gather(*others, return_exceptions=True)
        stop_last.set()
        ended += await asyncio.gather(*last, return_exceptions=True)
        stopping.cancel()
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome


async def _keep_up(
    part: Part, environment: Mapping[str, str], stop: asyncio.Event, report: Callable[[str], None]
) -> None:
    loop = asyncio.get_running_loop()
    deaths = 0
    while not stop.is_set():
        if part.wanted is not None and not await _until_wanted(part.wanted, stop):
            return
        started = loop.time()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "candlewick",
            *part.arguments,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with(os.getpid()),
            process_group=0 if part.is_last else None,
        )
        try:
            code = await _until_ended(process, stop)
        except BaseException:
            process.kill()
            raise
        if code is None:
            return
        if code == 0 and part.wanted is not None:
            deaths = 0
            continue
        vital = part.wanted is None  # the terminal goes on without what is there now and then
        if code == HOPELESS and vital:
            raise CandlewickError(f"{part.name} cannot run; its last message says why.")
        deaths = 1 if loop.time() - started > STEADY_S else deaths + 1
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        if deaths >= DEATHS and vital:
            raise CandlewickError(f"{part.name} {how} {deaths} times in a row; its last messages say why.")
        # A Ctrl-C reaches the part before us: wait a moment before calling its end a death.
        wait_s = min(FIRST_WAIT_S * 2 ** (deaths - 1), LONGEST_WAIT_S if vital else PATIENCE_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
            return
        report(f"{part.name} {how}; starting it again.")


async def _until_wanted(wanted: Callable[[], bool], stop: asyncio.Event) -> bool:
    """Wait until there is something to do; False if all is to stop before."""
    while not await asyncio.to_thread(wanted):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_S)
            return False
    return not stop.is_set()


async def _until_ended(process: asyncio.subprocess.Process, stop: asyncio.Event) -> int | None:
    """The exit code of a process that ended by itself, or None once we have stopped it."""
    ended = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if ended.done():
        return None if stop.is_set() else ended.result()
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(asyncio.shield(ended), STOP_S)
    except TimeoutError:
        process.kill()
        await ended
    return None
