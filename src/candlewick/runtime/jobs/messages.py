"""What a study's process and its worker say to each other: one JSON document a line."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Executor = Literal["processes", "threads"]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What a study's process is told when it starts."""

    id: str
    kind: str
    target: str  # module:function
    spec: dict[str, Any]
    source: str
    code_hash: str
    data_dir: str
    market_dir: str
    folder: str
    primary: str = ""
    executor: Executor = "processes"
    processes: int | None = None
    scheduler: str | None = None


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far it is, 0 to 1, and what it does. None: it does not know yet, as when it is resumed."""

    share: float | None
    step: str = ""


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """It has nothing to say, but could."""


class Fruitful(msgspec.Struct, frozen=True, tag="fruitful"):
    """A piece was done since it began: whatever ends it now, the next attempt begins further on."""


class SawData(msgspec.Struct, frozen=True, tag="data"):
    """The fingerprint of the bars that it runs on."""

    fingerprint: str


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """It is done: headline figures, and where in its folder the result is."""

    summary: dict[str, Any]
    result: str = ""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It cannot be done. `again`: trying again may help."""

    sentence: str
    again: bool = False


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """It ended because it was asked to."""


Message = Progress | Alive | Fruitful | SawData | Finished | Failed | Ended
decoder = msgspec.json.Decoder(Message)
