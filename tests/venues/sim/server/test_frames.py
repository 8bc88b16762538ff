"""WebSocket frames."""

from __future__ import annotations

import pytest

from candlewick.venues.sim.server.frames import close_frame, frame


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_it_writes_the_length_in_as_few_bytes_as_the_protocol_asks(length: int, head: bytes) -> None:
    assert frame(b"x" * length) == head + b"x" * length


def test_it_closes_with_code_and_reason() -> None:
    assert close_frame(1008, "Too many requests") == b"\x88\x13\x03\xf0Too many requests"
