"""A process of ours that runs a person's code, as the engine starts it: it answers on a pipe of its own.

It dies with the engine, however that ends, and has a session of its own, so that it can be ended with every
process that it has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from typing import Final

from candlewick.runtime.parents import die_with

LINE: Final = 4_096


async def started(module: str, *, prints: bool) -> tuple[Process, int]:
    """The process of a module of ours, and the descriptor to read its answers from.

    Args:
        prints: whether what it prints is heard, line by line, or thrown away.
    """
    answers, answer = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, str(answer),
            stdin=PIPE,
            stdout=PIPE if prints else DEVNULL,
            stderr=STDOUT if prints else DEVNULL,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            pass_fds=(answer,),
            start_new_session=True,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
            limit=LINE,
        )  # fmt: skip
    except BaseException:
        os.close(answers)
        raise
    finally:
        os.close(answer)
    return process, answers


async def ended(process: Process) -> None:
    """End it, and every process it has started, now."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def say(answers: int, message: bytes) -> None:
    """In the process: all of an answer."""
    while message:
        message = message[os.write(answers, message) :]
