"""A server's WebSocket frames (RFC 6455), built once and written to every subscriber as they are."""

from __future__ import annotations

import struct

TEXT = 0x81
CLOSE = 0x88
PING = 0x89
PONG = 0x8A


def frame(payload: bytes, first_byte: int = TEXT) -> bytes:
    """One unmasked, final frame around `payload`."""
    length = len(payload)
    if length < 126:
        return bytes((first_byte, length)) + payload
    if length < 65_536:
        return struct.pack("!BBH", first_byte, 126, length) + payload
    return struct.pack("!BBQ", first_byte, 127, length) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame with its status code."""
    return frame(struct.pack("!H", code) + reason.encode()[:123], CLOSE)
