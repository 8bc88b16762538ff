"""One connection as the hub sees it, and the groups that are served together."""

from __future__ import annotations

from dataclasses import dataclass, field

from candlewick.web.live.channels import LANES, Pace, pace
from candlewick.web.live.frames import Encoding, Frame
from candlewick.web.live.sources import Source
from candlewick.web.live.transport import Sink
from candlewick.web.people.identity import Person


@dataclass(eq=False, slots=True)
class Reader:
    """A connection: who it belongs to, what it wants, how far it is.

    Attributes:
        phase: slot of the wheel in which it is served, for as long as it lives.
        waiting: channels asked for while the engine was away, as they were spelled.
        seqs: last number it has seen of each account channel.
        behind_since: when frames began to be skipped for it; None while it keeps up.
    """

    sink: Sink
    person: Person
    phase: int
    channels: frozenset[str] = frozenset()
    waiting: set[str] = field(default_factory=set)
    seqs: dict[str, int] = field(default_factory=dict)
    behind_since: float | None = None
    gone: bool = False


class Tap:
    """How far the readers of one phase are in one source; its frames of a turn are made once for all."""

    __slots__ = ("_frames", "_turn", "source", "users", "version")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.version = source.version
        self.users = 0
        self._turn = -1
        self._frames: list[Frame] = []

    def frames(self, turn: int) -> list[Frame]:
        """What changed since the turn before, for everybody who is served in this one."""
        if turn != self._turn:
            self._turn = turn
            self._frames = [Frame(message) for message in self.source.since(self.version)]
            self.version = self.source.version
        return self._frames

    def reset(self, source: Source) -> None:
        """Go on with a fresh source."""
        self.source, self.version = source, source.version


class Cohort:
    """Readers of the same channels, phase and encoding: they get the same bytes."""

    __slots__ = ("encoding", "readers", "taps")

    def __init__(self, encoding: Encoding, taps: dict[str, Tap]) -> None:
        self.encoding: Encoding = encoding
        self.readers: set[Reader] = set()
        self.taps: dict[Pace, list[Tap]] = {"fast": [], "slow": []}
        for channel, tap in sorted(taps.items()):
            self.taps[pace(channel)].append(tap)

    def bytes_of(self, turn: int, due: Pace) -> tuple[bytes, int]:
        """This turn's frames, joined, and how many they are."""
        frames = [frame for tap in self.taps[due] for frame in tap.frames(turn)]
        if len(frames) == 1:
            return frames[0].encoded(self.encoding), 1
        return b"".join([frame.encoded(self.encoding) for frame in frames]), len(frames)


CohortKey = tuple[frozenset[str], int, Encoding]


def lanes_of(channels: frozenset[str]) -> list[str]:
    """The account channels among `channels`, in a fixed order."""
    return sorted(channels & LANES)
