"""Frames: what they carry, and how they end on the wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from candlewick.web.live.frames import Frame, sse_event, unframed, websocket_frame


def read_by_websockets(data: bytes) -> WireFrame:
    reader = StreamReader()
    reader.feed_data(data)
    parsing = WireFrame.parse(reader.read_exact, mask=False)
    try:
        next(parsing)
    except StopIteration as done:
        frame: WireFrame = done.value
        return frame
    raise AssertionError("the frame is not whole")


@given(
    st.one_of(
        st.binary(max_size=200), st.integers(124, 128).map(bytes), st.integers(65_533, 65_539).map(bytes)
    )
)
def test_it_frames_as_a_client_reads(message: bytes) -> None:
    frame = read_by_websockets(websocket_frame(message))
    assert (frame.opcode, bytes(frame.data), frame.fin) == (Opcode.TEXT, message, True)


@given(st.lists(st.binary(max_size=300)))
def test_joined_frames_come_apart_again(messages: list[bytes]) -> None:
    assert list(unframed(b"".join(websocket_frame(each) for each in messages))) == messages


def test_an_event_carries_its_id_only_when_there_is_one() -> None:
    assert sse_event(b'{"a":1}') == b'data: {"a":1}\n\n'
    assert sse_event(b'{"a":1}', "x.orders-3") == b'id: x.orders-3\ndata: {"a":1}\n\n'


def test_a_frame_is_encoded_once_for_each_kind_of_reader() -> None:
    frame = Frame(b"{}")
    assert frame.encoded("ws") is frame.encoded("ws")
    assert frame.encoded("sse") is frame.sse
