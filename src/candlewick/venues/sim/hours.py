"""Files of records: raw while they are appended to, sealed (by listing, compressed) afterwards."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import HOUR_MS

# milliseconds into the hour, ticks, lots (negative: the seller was the taker), the listing's number
RECORD = struct.Struct("<IIqH")
RECORD_TYPE = np.dtype([("at", "<u4"), ("ticks", "<u4"), ("lots", "<i8"), ("listing", "<u2")])

Rows = np.ndarray[tuple[int], np.dtype[np.void]]


class Columns(NamedTuple):
    """Prints of one listing, session and hour; `lots` are negative where the seller was the taker."""

    ts_ms: array[int]
    ticks: array[int]
    lots: array[int]


def no_columns() -> Columns:
    return Columns(array("q"), array("q"), array("q"))


def records(file: Path, kind: np.dtype[np.void]) -> Rows:
    """All whole records of `file`; none if it does not exist."""
    try:
        body = file.read_bytes()
    except FileNotFoundError:
        body = b""
    return np.frombuffer(body, dtype=kind, count=len(body) // kind.itemsize)


def read(folder: Path, hour: int, number: int) -> Columns:
    """The prints of the listing `number` in `hour`, from whichever file there is in `folder`."""
    sealed = folder / f"{hour}.z"
    if sealed.exists():
        steps = np.frombuffer(unseal(sealed, number), dtype="<i8").reshape(3, -1)
        return _columns(np.cumsum(steps[0]) + hour * HOUR_MS, np.cumsum(steps[1]), steps[2])
    rows = records(folder / f"{hour}.raw", RECORD_TYPE)
    rows = rows[rows["listing"] == number]
    times = rows["at"].astype(np.int64) + hour * HOUR_MS
    return _columns(times, rows["ticks"].astype(np.int64), rows["lots"].astype(np.int64))


def steps_of(rows: Rows) -> bytes:
    """Prints as columns of steps, which compress well: `read` sums them up again."""
    steps = [np.diff(rows[name].astype(np.int64), prepend=0) for name in ("at", "ticks")]
    return b"".join(column.tobytes() for column in (*steps, rows["lots"]))


def seal(file: Path, kind: np.dtype[np.void], encode: Callable[[Rows], bytes]) -> Iterator[None]:
    """Sort a file of records by listing and compress it, a little with each step.

    The file is there, raw or sealed (`.z`), at any moment.
    """
    rows = records(file, kind)
    blobs: dict[int, bytes] = {}
    for number in np.flatnonzero(np.bincount(rows["listing"])).tolist():
        blobs[number] = zlib.compress(encode(rows[rows["listing"] == number]), 4)
        yield
    directory = msgspec.json.encode({str(number): len(blob) for number, blob in blobs.items()})
    body = len(directory).to_bytes(4, "little") + directory + b"".join(blobs.values())
    replace(file.with_suffix(".z"), body)
    file.unlink()
    yield


def unseal(file: Path, number: int) -> bytes:
    """What a sealed file holds of the listing `number`; nothing if it is not in it."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(4), "little")
        directory = msgspec.json.decode(stream.read(length), type=dict[str, int])
        offset = 0
        for name, size in directory.items():
            if name == str(number):
                stream.seek(offset, os.SEEK_CUR)
                return zlib.decompress(stream.read(size))
            offset += size
    return b""


def _columns(*columns: Ints) -> Columns:
    out = no_columns()
    for into, column in zip(out, columns, strict=True):
        into.frombytes(np.ascontiguousarray(column).tobytes())
    return out


def append(file: int, body: bytes | bytearray) -> None:
    """Append `body` in one piece; a piece of it would shift all records after it."""
    if os.write(file, body) < len(body):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def replace(file: Path, body: bytes) -> None:
    """Write `file` whole or not at all."""
    fresh = file.with_name(file.name + ".new")
    with fresh.open("wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
