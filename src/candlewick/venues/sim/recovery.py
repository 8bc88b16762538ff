"""What earlier processes left in the store: their sessions, the last one ended if it was cut off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import HOUR_MS
from candlewick.venues.sim.prints import JUMP, Ended, Hour, Interest, PrintStore, Settled, Started
from candlewick.venues.sim.sessions import Session


class Past(NamedTuple):
    """A session of an earlier process, all listings together: after years there are thousands.

    `hours` are (hour, first id of each listing); an id of -1 says that the listing was not there.
    """

    start_ms: int
    end_ms: int
    hours: list[tuple[int, Ints]]
    next_ids: Ints

    def lists(self, index: int) -> bool:
        return int(self.next_ids[index]) >= 0

    def of(self, index: int, store: PrintStore | None) -> Session:
        """The part of one listing, which must have been there."""
        (_, first), *later = self.hours
        session = Session(self.start_ms, int(first[index]), index, store)
        for hour, ids in later:
            session.enter(hour, int(ids[index]))
        session.end_ms, session.next_id = self.end_ms, int(self.next_ids[index])
        return session


class Recovered(NamedTuple):
    """All that is known of the time before this process."""

    sessions: list[Past]
    settled: list[Settled]
    interest: list[Interest]


def recover(store: PrintStore, names: list[str]) -> Recovered:
    """Read the store's index; a session without an end is given one."""
    sessions: list[Past] = []
    settled: list[Settled] = []
    running: Started | None = None
    hours: list[tuple[int, Ints]] = []

    def ids_of(entry: Started | Hour | Ended) -> Ints:
        return np.array([entry.ids.get(name, -1) for name in names], dtype=np.int64)

    for entry in store.entries():
        match entry:
            case Started():
                running = entry
                hours = [(entry.ts_ms // HOUR_MS, ids_of(entry))]
            case Hour():
                hours.append((entry.ts_ms // HOUR_MS, ids_of(entry)))
            case Ended() if running is not None:
                sessions.append(Past(running.ts_ms, entry.ts_ms, hours, ids_of(entry)))
                running = None
            case Settled():
                settled.append(entry)
    if running is not None:
        ended = _cut_off(store, running.ts_ms, *hours[-1], names)
        store.note(ended)
        sessions.append(Past(running.ts_ms, ended.ts_ms, hours, ids_of(ended)))
    return Recovered(sessions, settled, store.interest())


def _cut_off(store: PrintStore, start_ms: int, hour: int, ids: Ints, names: list[str]) -> Ended:
    """The end of a session that was killed: just after its last print; ids jump."""
    last_ms, counts = store.printed(start_ms, hour)
    last_ms = max(last_ms, start_ms, hour * HOUR_MS)
    known = zip(names, ids.tolist(), counts, strict=True)
    return Ended(last_ms + 1, {name: id + count + JUMP for name, id, count in known if id >= 0})
