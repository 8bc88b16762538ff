"""What of a study is done already: an append-only file that a crash cannot spoil.

A record is a length, a checksum and a body. It is on the disk before `add` returns; a record that was cut off
is dropped when the file is opened again. The first record is the study's *stamp*: pieces of another request,
of another version of the strategy or of other bars are not used, and the file begins afresh.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final, Self

import msgspec

from candlewick.core.errors import Conflict

FILE: Final = "pieces"
_HEAD: Final = struct.Struct("<II")  # bytes of the body, and their CRC-32
_LARGEST: Final = 256 * 1024 * 1024  # a length beyond this is no length


class Pieces:
    """The pieces of a study by name. Values are what msgpack can hold: numbers, texts, bytes, lists, maps."""

    def __init__(self, path: Path, stamp: str, on_add: Callable[[], None] = lambda: None) -> None:
        """Open the file, and read what is done. One process at a time does: `work.occupy`."""
        self._on_add = on_add
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "r+b", buffering=0)
        self._done: dict[str, Any] = {}
        self._end: int = 0
        if self._read() != stamp:
            self._done.clear()
            self._begin_at(0)
            self._append(stamp)

    @property
    def done(self) -> Mapping[str, Any]:
        """Every piece that is done, in the order in which they were."""
        return MappingProxyType(self._done)

    def __contains__(self, name: object) -> bool:
        return name in self._done

    def __getitem__(self, name: str) -> Any:
        return self._done[name]

    def __len__(self) -> int:
        return len(self._done)

    def __iter__(self) -> Iterator[str]:
        return iter(self._done)

    def add(self, name: str, value: Any) -> None:
        """Keep a piece. It survives whatever comes after this returns.

        Raises:
            Conflict: it is done already.
        """
        if name in self._done:
            raise Conflict(f"The piece {name!r} is done already.")
        self._append([name, value])
        self._done[name] = value
        self._on_add()

    def close(self) -> None:
        """Let another process have the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, what: Any) -> None:
        body = msgspec.msgpack.encode(what)
        left = memoryview(_HEAD.pack(len(body), zlib.crc32(body)) + body)
        try:
            while left:
                left = left[self._file.write(left) :]  # a disk that is nearly full takes a part
            os.fsync(self._file.fileno())
        except OSError:
            # the disk is full, perhaps: whatever follows half a record could never be read again
            self._file.truncate(self._end)
            self._file.seek(self._end)
            raise
        self._end = self._file.tell()

    def _read(self) -> str | None:
        """Take in what is whole, cut off what is not, and tell the stamp."""
        stamp: str | None = None
        good = 0
        for index, body in enumerate(self._bodies()):
            record = msgspec.msgpack.decode(body)
            if index == 0:
                stamp = record
            else:
                name, value = record
                self._done[name] = value
            good += _HEAD.size + len(body)
        self._begin_at(good)
        return stamp

    def _begin_at(self, end: int) -> None:
        self._end = self._file.seek(end)
        self._file.truncate()

    def _bodies(self) -> Iterator[bytes]:
        while len(head := self._file.read(_HEAD.size)) == _HEAD.size:
            size, checksum = _HEAD.unpack(head)
            body = self._file.read(size) if size <= _LARGEST else b""
            if len(body) != size or zlib.crc32(body) != checksum:
                return
            yield body
