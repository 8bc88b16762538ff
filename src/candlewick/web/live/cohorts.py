"""Readers who are served together, and what is made once for them.

A *source* holds the newest of a channel. A *tap* is how far the readers of one phase are in it. A *cohort*
is the readers of one phase and one set of channels: its bytes are the frames of its taps, joined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from candlewick.web.live.channels import Pace, pace
from candlewick.web.live.frames import Encoding, Frame
from candlewick.web.live.readers import Reader
from candlewick.web.live.sources import Source, source_of

PHASES: Final = 50
EVERY: Final[dict[Pace, int]] = {"fast": 10, "slow": 25}  # slots between two frames of a channel
_STRIDE: Final = 31  # coprime to 50: phases that are filled one after the other are far apart on the wheel
_FULL: Final = 16  # readers a phase takes before the next is opened: what is made for one is made for all

_CohortKey = tuple[frozenset[str], int, Encoding]


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

    __slots__ = ("_taps", "encoding", "readers")

    def __init__(self, encoding: Encoding, taps: dict[str, Tap]) -> None:
        self.encoding: Encoding = encoding
        self.readers: set[Reader] = set()
        self._taps: dict[Pace, list[Tap]] = {"fast": [], "slow": []}
        for channel, tap in sorted(taps.items()):
            self._taps[pace(channel)].append(tap)

    def bytes_of(self, turn: int, due: Pace) -> tuple[bytes, int]:
        """This turn's frames, joined, and how many they are."""
        frames = [frame for tap in self._taps[due] for frame in tap.frames(turn)]
        if len(frames) == 1:
            return frames[0].encoded(self.encoding), 1
        return b"".join([frame.encoded(self.encoding) for frame in frames]), len(frames)


class Cohorts:
    """All sources, taps and cohorts, and which cohorts are due in a slot of the wheel."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._taps: dict[tuple[str, int], Tap] = {}
        self._cohorts: dict[_CohortKey, Cohort] = {}
        self._by_phase: list[list[Cohort]] = [[] for _ in range(PHASES)]
        self._load = [0] * PHASES
        self._wanted: Counter[str] = Counter()

    def take_phase(self) -> int:
        """The phase for one more reader: few readers share few phases, many are spread evenly."""
        phase = min(range(PHASES), key=lambda p: (max(self._load[p], _FULL - 1), p * _STRIDE % PHASES))
        self._load[phase] += 1
        return phase

    def give_back(self, phase: int) -> None:
        """A reader of this phase has left."""
        self._load[phase] -= 1

    def apply(self, channel: str, key: str, body: bytes) -> None:
        """Take a body from the engine; what nobody wants is passed over."""
        source = self._sources.get(channel)
        if source is not None:
            source.apply(key, body)

    def whole(self, channel: str, phase: int) -> list[bytes]:
        """What tells a reader of `phase` all of a channel."""
        tap = self._taps.get((channel, phase))
        return [] if tap is None else tap.source.whole(tap.version)

    def move(self, reader: Reader, channels: frozenset[str]) -> None:
        """Put a reader into the cohort of `channels`."""
        # In before out: the taps of channels it keeps must not be dropped with what is pending in them.
        self._enter(reader, channels)
        self._leave(reader, reader.channels)

    def due(self, turn: int) -> Iterator[tuple[Cohort, Pace]]:
        """The cohorts whose slot this is, with the pace at which they are due."""
        for at, every in EVERY.items():
            for phase in range(turn % every, PHASES, every):
                for cohort in self._by_phase[phase]:
                    yield cohort, at

    def restart(self) -> None:
        """Forget what the engine said: it is another one now."""
        self._sources = {channel: source_of(channel) for channel in self._sources}
        for (channel, _), tap in self._taps.items():
            tap.reset(self._sources[channel])

    def settle_demand(self) -> frozenset[str]:
        """The channels that somebody wants. The others are forgotten: nobody keeps them fresh."""
        self._wanted = +self._wanted
        self._sources = {name: source for name, source in self._sources.items() if name in self._wanted}
        return frozenset(self._wanted)

    def _enter(self, reader: Reader, channels: frozenset[str]) -> None:
        if not channels:
            return
        key = (channels, reader.phase, reader.sink.encoding)
        cohort = self._cohorts.get(key)
        if cohort is None:
            taps = {channel: self._tap(channel, reader.phase) for channel in channels}
            cohort = self._cohorts[key] = Cohort(reader.sink.encoding, taps)
            self._by_phase[reader.phase].append(cohort)
        cohort.readers.add(reader)
        self._wanted.update(channels)

    def _leave(self, reader: Reader, channels: frozenset[str]) -> None:
        if not channels:
            return
        key = (channels, reader.phase, reader.sink.encoding)
        cohort = self._cohorts[key]
        cohort.readers.discard(reader)
        self._wanted.subtract(channels)
        if not cohort.readers:
            del self._cohorts[key]
            self._by_phase[reader.phase].remove(cohort)
            for channel in channels:
                self._release(channel, reader.phase)

    def _tap(self, channel: str, phase: int) -> Tap:
        tap = self._taps.get((channel, phase))
        if tap is None:
            source = self._sources.setdefault(channel, source_of(channel))
            tap = self._taps[channel, phase] = Tap(source)
        tap.users += 1
        return tap

    def _release(self, channel: str, phase: int) -> None:
        tap = self._taps[channel, phase]
        tap.users -= 1
        if not tap.users:
            del self._taps[channel, phase]
