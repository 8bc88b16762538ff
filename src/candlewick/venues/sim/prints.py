"""What printed, kept: append-only files that survive a kill at any moment, and that nobody has to load whole.

A venue's folder holds

    index.jsonl               one line for each start, hour, settlement of funding and end
    interest-<day>.jsonl      open interest as it was told
    <start>/<hour>.raw        prints of that session and hour as fixed records, appended as they happen
    <start>/<hour>.z          the same once the hour is over, by listing, compressed
    bars-<day>.bin            candles of minutes that printed, appended as they close
    bars-<day>.z              the same once the day is over, by listing, compressed

A batch of prints is written before anybody hears of it, so no id is ever given twice. A kill can cut the
last record in two: the rest of it is ignored. After an end that nobody announced ids jump a little, since a
machine that lost its power may have lost what the disk had not yet taken.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from candlewick.venues.sim import hours
from candlewick.venues.sim.hours import Columns
from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MS, HOUR_MS

log = logging.getLogger(__name__)

_INTEREST_DAYS = 4
JUMP = 10_000  # ids left out after an end without a word
_BAR_TYPE = np.dtype([("minute", "<u4"), ("listing", "<u4"), ("candle", "<i8", (9,))])


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The live market began: each listing's first id."""

    ts_ms: int
    ids: dict[str, int]


class Hour(msgspec.Struct, frozen=True, tag="hour"):
    """An hour of a session began: each listing's next id."""

    ts_ms: int
    ids: dict[str, int]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The live market ended at `ts_ms`; the generated one continues with these ids."""

    ts_ms: int
    ids: dict[str, int]


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """Funding was settled: (rate, mark in ticks) of each perpetual."""

    ts_ms: int
    rates: dict[str, tuple[float, float]]


class Interest(msgspec.Struct, frozen=True, tag="interest"):
    """Open interest of each perpetual in lots."""

    ts_ms: int
    lots: dict[str, int]


Entry = Started | Hour | Ended | Settled | Interest
_ENTRIES = msgspec.json.Decoder(Entry)


class PrintStore:
    """The folder of one venue. One process writes it."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._numbers = self._number(names)
        self._index = (folder / "index.jsonl").open("ab")
        if self._index.tell() and not (folder / "index.jsonl").read_bytes().endswith(b"\n"):
            self._index.write(b"\n")  # a line that a kill cut in two stays alone
        self._raw: int | None = None
        self._bars: int | None = None
        self._bars_day = -1
        self._hour = -1
        self._session_ms = 0
        self._pending = bytearray()
        self._sealing: Iterator[None] | None = None
        self.failed = False

    def _number(self, names: list[str]) -> list[int]:
        """A number for each name, the same for ever: later versions may list more or in another order."""
        file = self._folder / "listings.txt"
        known = file.read_text().split() if file.exists() else []
        fresh = [name for name in names if name not in known]
        if fresh or not file.exists():
            known += fresh
            hours.replace(file, "\n".join(known).encode() + b"\n")
        number = {name: n for n, name in enumerate(known)}
        return [number[name] for name in names]

    # writing -----------------------------------------------------------------------------------

    def entries(self) -> Iterator[Entry]:
        """All whole lines of the index, oldest first."""
        return self._lines(self._folder / "index.jsonl")

    def interest(self) -> list[Interest]:
        """Open interest as it was told in the last days, oldest first."""
        files = sorted(self._folder.glob("interest-*.jsonl"))[-_INTEREST_DAYS:]
        return [entry for file in files for entry in self._lines(file) if isinstance(entry, Interest)]

    def _lines(self, file: Path) -> Iterator[Entry]:
        with file.open("rb") as stream:
            for line in stream:
                try:
                    yield _ENTRIES.decode(line)
                except msgspec.DecodeError:
                    log.warning("A line of %s cannot be read; left out.", file)

    def note(self, entry: Entry) -> None:
        """Add a line to the index; open interest goes to a file for each day."""
        if self.failed:
            return
        line = msgspec.json.encode(entry) + b"\n"
        try:
            if isinstance(entry, Interest):
                with (self._folder / f"interest-{entry.ts_ms // DAY_MS}.jsonl").open("ab") as stream:
                    stream.write(line)
            else:
                self._index.write(line)
                self._index.flush()
        except OSError as error:
            self._fail(error)

    def begin(self, session_ms: int, ts_ms: int) -> None:
        """Prints from `ts_ms` on belong to the session that began at `session_ms`."""
        self.flush()
        self._close_raw()
        self._session_ms, self._hour = session_ms, ts_ms // HOUR_MS
        folder = self._folder / str(session_ms)
        try:
            folder.mkdir(exist_ok=True)
            self._raw = os.open(folder / f"{self._hour}.raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            self._fail(error)

    def append(self, index: int, ts_ms: int, ticks: int, lots: int) -> None:
        """Keep a print with the next flush."""
        self._pending += hours.RECORD.pack(ts_ms - self._hour * HOUR_MS, ticks, lots, self._numbers[index])

    def flush(self) -> None:
        """Write what is pending, in one piece."""
        if self._pending and self._raw is not None and not self.failed:
            try:
                hours.append(self._raw, self._pending)
            except OSError as error:
                self._fail(error)
        self._pending.clear()

    def keep_bars(self, minute: int, candles: list[list[int]]) -> None:
        """Keep the candles of `minute`, one a listing."""
        rows = np.zeros(len(candles), dtype=_BAR_TYPE)
        rows["minute"], rows["listing"], rows["candle"] = minute, self._numbers, candles
        day = minute // 1440
        if self.failed:
            return
        try:
            if day != self._bars_day or self._bars is None:
                if self._bars is not None:
                    os.close(self._bars)
                name = self._folder / f"bars-{day}.bin"
                self._bars = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
                # a record that a kill cut in two must not shift those after it
                os.ftruncate(self._bars, name.stat().st_size // _BAR_TYPE.itemsize * _BAR_TYPE.itemsize)
                self._bars_day = day
            hours.append(self._bars, rows.tobytes())
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """The disk refuses. The market goes on; what prints from now on is lost at the next start."""
        self.failed = True
        log.error("Cannot keep the prints in %s: %s. The simulation goes on without.", self._folder, error)

    def _close_raw(self) -> None:
        if self._raw is not None:
            os.close(self._raw)
            self._raw = None

    def close(self) -> None:
        """Write what is pending and release the files."""
        self.flush()
        for file in (self._raw, self._bars):
            if file is not None:
                if not self.failed:
                    os.fsync(file)
                os.close(file)
        self._raw = self._bars = None
        if not self.failed:
            os.fsync(self._index.fileno())
        self._index.close()

    # reading -----------------------------------------------------------------------------------

    def bars(self, index: int, day: int) -> tuple[Ints, Ints]:
        """Kept candles of a listing and day: the minutes, and (n, 9) candles. The last of a minute wins."""
        self.flush()
        number = self._numbers[index]
        sealed = self._folder / f"bars-{day}.z"
        if sealed.exists():
            rows = np.frombuffer(hours.unseal(sealed, number), dtype=_BAR_TYPE)
        else:
            rows = hours.records(self._folder / f"bars-{day}.bin", _BAR_TYPE)
            rows = rows[rows["listing"] == number]
        return rows["minute"].astype(np.int64), rows["candle"].astype(np.int64)

    def hour(self, index: int, session_ms: int, hour: int) -> Columns:
        """The prints of a listing in one hour of a session."""
        self.flush()
        return hours.read(self._folder / str(session_ms), hour, self._numbers[index])

    def printed(self, session_ms: int, hour: int) -> tuple[int, list[int]]:
        """Of one raw hour: the time of the last print, 0 without any, and how many each listing had."""
        rows = hours.records(self._folder / str(session_ms) / f"{hour}.raw", hours.RECORD_TYPE)
        counts = np.bincount(rows["listing"], minlength=max(self._numbers) + 1)
        last_ms = hour * HOUR_MS + int(rows["at"][-1]) if len(rows) else 0
        return last_ms, [int(counts[number]) for number in self._numbers]

    # sealing -----------------------------------------------------------------------------------

    def tidy(self) -> None:
        """A little of the work of compressing hours and days that are over; call it often."""
        if self._sealing is None:
            self._sealing = self._seal()
        try:
            next(self._sealing, None)
        except OSError as error:
            self._fail(error)

    def _seal(self) -> Iterator[None]:
        while True:
            for file in sorted(self._folder.glob("*/*.raw")):
                if file.parent.name != str(self._session_ms) or int(file.stem) != self._hour:
                    yield from hours.seal(file, hours.RECORD_TYPE, hours.steps_of)
            for file in sorted(self._folder.glob("bars-*.bin")):
                if int(file.stem.removeprefix("bars-")) < self._hour // 24:
                    yield from hours.seal(file, _BAR_TYPE, bytes)
            current = self._hour
            while current == self._hour:
                yield
