"""Housekeeping of the lake, in a short-lived process of its own: the engine never loads what it needs."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

FIRST_AFTER_S: Final = 120.0  # the start has better things to do
EVERY_S: Final = 3_600.0
NICENESS: Final = 10


async def compact_forever(data_dir: Path, keep_trades_days: int) -> None:
    """Move old rows into files and forget old trades, once an hour, until cancelled.

    A run that is cut off loses nothing, and one that fails is logged and tried again.
    """
    wait_s = FIRST_AFTER_S
    while True:
        await asyncio.sleep(wait_s)
        wait_s = EVERY_S
        await compact_once(data_dir, keep_trades_days)


async def compact_once(data_dir: Path, keep_trades_days: int) -> bool:
    """One run; whether it went well."""
    arguments = ["--data-dir", str(data_dir), "--keep-trades-days", str(keep_trades_days), "--json"]
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "candlewick",
            "data",
            "compact",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=lambda: os.nice(NICENESS),
        )
    except OSError as error:  # no room for a process now
        log.warning("The lake could not be compacted: %s", error)
        return False
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        raise
    if process.returncode:
        log.warning("The lake could not be compacted: %s", said.decode(errors="replace").strip()[-500:])
    return process.returncode == 0
