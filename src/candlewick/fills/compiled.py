"""How functions become machine code, and where that code is kept between starts.

The compiler keeps its results by the source of each function's own file. A function that calls one of another
file would go on with the old code when that other file changes, so the folder is named after the sources of
the whole room: a new release starts a folder of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from platformdirs import user_cache_path

UNUSED_S: Final = 30 * 24 * 3600
Function = TypeVar("Function", bound=Callable[..., object])
_one_at_a_time: Final = threading.Lock()


def folder() -> Path | None:
    """Where the compiled code of these sources is kept; None if no such folder can be written.

    In the compiler's own folder (`NUMBA_CACHE_DIR`) where one is set, else in the person's cache folder: an
    installed package may not be writable.
    """
    base: str = getattr(numba.config, "CACHE_DIR", "")
    kept = Path(base or user_cache_path("candlewick")) / "candlewick-fills" / _digest()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        os.utime(kept)  # it is in use
    except OSError:
        return None
    return kept if os.access(kept, os.W_OK) else None


def forget_older() -> None:
    """Remove what was compiled from other sources, once nobody has started with it for a month."""
    kept = folder()
    if kept is None:
        return
    begun = kept.stat().st_mtime
    for other in kept.parent.iterdir():
        if begun - other.stat().st_mtime > UNUSED_S:
            with suppress(OSError):  # another process may be removing it as well
                shutil.rmtree(other)


def compiled(function: Function) -> Function:
    """`function` as machine code. It sees arrays and numbers, and lets other threads run."""
    config: Any = numba.config
    # Modules may be imported on several threads: one that puts the setting back while another wraps
    # would leave it a folder without a base, in whatever folder the process was started.
    with _one_at_a_time:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(_KEPT or before)  # it is asked for while the function is being wrapped
        try:
            made: Any = numba.njit(cache=_KEPT is not None, nogil=True, error_model="numpy")(function)
        finally:
            config.CACHE_DIR = before
    return cast(Function, made)


def _digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


_KEPT: Final = folder()
