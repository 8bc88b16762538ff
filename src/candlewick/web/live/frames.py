"""A message and its bytes: encoded once, however many read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Encoding = Literal["ws", "sse"]

_TEXT = b"\x81"  # a whole text message in one frame (RFC 6455, 5.2)


class Frame:
    """One message with its encodings, each made when first asked for."""

    __slots__ = ("_sse", "_ws", "message")

    def __init__(self, message: bytes) -> None:
        self.message = message
        self._ws: bytes | None = None
        self._sse: bytes | None = None

    def encoded(self, encoding: Encoding) -> bytes:
        return self.ws if encoding == "ws" else self.sse

    @property
    def ws(self) -> bytes:
        if self._ws is None:
            self._ws = websocket_frame(self.message)
        return self._ws

    @property
    def sse(self) -> bytes:
        if self._sse is None:
            self._sse = sse_event(self.message)
        return self._sse


def websocket_frame(message: bytes) -> bytes:
    """`message` as an unmasked text frame, as a server sends it."""
    size = len(message)
    if size < 126:
        return _TEXT + bytes((size,)) + message
    if size < 65_536:
        return _TEXT + b"\x7e" + size.to_bytes(2, "big") + message
    return _TEXT + b"\x7f" + size.to_bytes(8, "big") + message


def unframed(data: bytes) -> Iterator[bytes]:
    """The messages of frames that `websocket_frame` made, joined in any number."""
    at = 0
    while at < len(data):
        size, header = data[at + 1], 2
        if size == 126:
            size, header = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        elif size == 127:
            size, header = int.from_bytes(data[at + 2 : at + 10], "big"), 10
        yield data[at + header : at + header + size]
        at += header + size


def sse_event(message: bytes, id: str | None = None) -> bytes:
    """`message`, JSON on one line, as a server-sent event; `id` is what a reader resumes from."""
    if id is None:
        return b"data: " + message + b"\n\n"
    return b"id: " + id.encode() + b"\ndata: " + message + b"\n\n"
