"""Frames and addresses of the gateway, and a ZeroMQ socket driven by asyncio's event loop.

Market lane (XPUB → SUB), one frame a flush: `channel, body, channel, body, …`, a line each (JSON as we
write it holds no line break, and one frame costs a fraction of many). Its first frame to whoever joins is
`JOINED`: a SUB socket may join later than the commands do, and has missed what was sent until then.
(ZeroMQ writes it with our next flush; the feeds' figures give one every second.)
Commands (DEALER ↔ ROUTER), the first frame names the message:

    → hello                            ← welcome, engine, list, json
    → demand, json list                  (the union of channels this web process wants)
    → request, engine, id, verb, json  ← reply, id, json     or   error, id, json {code, message}
    → resync, channel                  ← snapshot, channel, seq, json
                                       ← lane, channel, seq, json
    → ping                             ← pong, engine, list, json {channel: last seq}

`engine` names the process that answers: another name is another engine, and what was asked of the one
before is lost; it does nothing of what was meant for that one, whose asker was told so. `list` names what
a newcomer is told: another name is only to be read again.

ROUTER drops what a dead peer's full queue cannot take, and XPUB drops at its high-water mark: the
market lane does not mind, and the account lane notices by its numbers, which every pong repeats.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import zmq

from candlewick.core.errors import ConfigError

PING_S: Final = 1.0
LOOK_S: Final = 0.1  # how often a web process looks for an engine that is not there
UNANSWERED: Final = 4  # pings in a row after which an engine is called away
MARKET_HWM: Final = 1_000  # flushes a web process may be behind before it loses the older ones
COMMAND_HWM: Final = 10_000
JOINED: Final = b"joined"
_SOCKET_PATH_MAX: Final = 100  # sun_path holds 108 bytes


def addresses(data_dir: Path) -> tuple[str, str]:
    """The market and command addresses of the engine that owns `data_dir`, readable by us alone."""
    folder = data_dir.resolve() / "run"
    if len(os.fsencode(folder)) > _SOCKET_PATH_MAX - len("/commands"):
        name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"candlewick-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigError(f"{folder} must belong to you alone: remove it, or make it mode 0700.")
    return f"ipc://{folder}/market", f"ipc://{folder}/commands"


class LoopSocket:
    """A ZeroMQ socket whose messages are handed to a callback on the running event loop.

    Its descriptor only signals *changes*, so it is drained until empty, also after each send.
    """

    def __init__(self, socket: zmq.Socket[bytes], on_message: Callable[[list[bytes]], None]) -> None:
        self._socket = socket
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._descriptor = int(socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._descriptor, self._drain)
        self._drain_is_due = False
        self._draining = False
        self._schedule_drain()

    def send(self, frames: Sequence[bytes]) -> bool:
        """Send without waiting. False if the peer's queue is full or gone: the message is dropped."""
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except (zmq.Again, zmq.ZMQError) as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        finally:
            self._schedule_drain()
        return True

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._socket.close(linger=0)

    def _schedule_drain(self) -> None:
        if not self._drain_is_due:
            self._drain_is_due = True
            self._loop.call_soon(self._drain_later)

    def _drain_later(self) -> None:
        self._drain_is_due = False
        if not self._socket.closed:
            self._drain()

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        try:
            for _ in range(1_000):  # then let the loop breathe
                if self._socket.closed:
                    return
                try:
                    frames = self._socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    return
                self._on_message(frames)
        except BaseException:
            self._schedule_drain()  # one message that cannot be taken must not hold up those behind it
            raise
        finally:
            self._draining = False
        self._schedule_drain()
