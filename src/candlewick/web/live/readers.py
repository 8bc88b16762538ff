"""One connection, as the hub sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from candlewick.web.live.transport import Sink
from candlewick.web.people.identity import Person


@dataclass(eq=False, slots=True)
class Reader:
    """A connection: who it belongs to, what it wants, how far it is.

    Attributes:
        address: where the connection comes from; empty if from no other machine.
        phase: slot of the wheel in which it is served, for as long as it lives.
        waiting: channels asked for while the engine was away, as they were spelled.
        seqs: last number it has seen of each account channel.
        behind_since: when frames began to be skipped for it; None while it keeps up.
    """

    sink: Sink
    person: Person
    phase: int
    address: str = ""
    channels: frozenset[str] = frozenset()
    waiting: set[str] = field(default_factory=set)
    seqs: dict[str, int] = field(default_factory=dict)
    behind_since: float | None = None
    gone: bool = False
