"""Columns that many processes read without copying: a file of its own each, mapped by whoever reads it.

Pickling an array of a million numbers costs a worker milliseconds and its memory as much again; pickling a
`Column` costs the length of a path. Files are named by their content, so that a study that is resumed, or two
that run on the same bars, find what is there.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from candlewick.core.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Column(msgspec.Struct, frozen=True):
    """An array in a file; `array()` maps it, for reading alone."""

    path: str

    def array(self) -> NDArray[Any]:
        """The array. It takes no memory of this process but for what is read.

        Raises:
            StoreError: the file is not here.
        """
        return _mapped(self.path)


def keep(folder: Path, array: NDArray[np.generic]) -> Column:
    """Put an array into `folder`, unless it is there already."""
    import numpy as np

    array = np.ascontiguousarray(array)
    digest = hashlib.blake2b(f"{array.dtype.str}{array.shape}".encode(), digest_size=16)
    digest.update(array.view(np.uint8).data if array.size else b"")
    path = folder / f"{digest.hexdigest()}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        with fresh.open("wb") as file:
            np.save(file, array)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    return Column(str(path))


@lru_cache(maxsize=256)
def _mapped(path: str) -> NDArray[Any]:
    import numpy as np

    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The column {path} cannot be read ({error}). "
            "All machines of a cluster must share the data folder."
        ) from None
    return array
