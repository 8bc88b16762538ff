"""`LakeWriter`: group commit on a thread, so that an event loop never waits for a disk."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

from candlewick.core.errors import CandlewickError, StoreError, UsageError
from candlewick.core.events import Candle, Funding, OpenInterest, Trade
from candlewick.store.lake.admission import check_candle, check_moment, check_trades
from candlewick.store.lake.lake import Lake

INTERVAL_S: Final = 0.25
BATCH_ROWS: Final = 5_000
MAX_TRADES: Final = 200_000
_RETRY_S: Final = 1.0
_Key = tuple[str, str, int]
_Row = TypeVar("_Row")


class LakeWriter:
    """Group commit in the background: every 250 ms, or sooner once 5,000 rows wait.

    What waits is bounded. Candles wait by (instrument, interval, time) and the better version replaces
    the other, so their number is bounded by the bars that change and none is ever dropped. Trades
    beyond `max_trades` are dropped and counted in `dropped`: the venue still has them. What the lake
    cannot keep at all (a time in the wrong unit) is sorted out and counted in `refused`, so that it cannot
    hold up the rest. When a commit fails (disk full), its rows go back to waiting and are tried
    again every second. `last_error` says why in both cases.

    Should the thread itself fail, whoever hands over rows next is told: nothing is lost unseen.

    A killed process loses what was not committed yet, at most one interval, and nothing else.
    """

    def __init__(
        self,
        lake: Lake,
        *,
        interval_s: float = INTERVAL_S,
        batch_rows: int = BATCH_ROWS,
        max_trades: int = MAX_TRADES,
    ) -> None:
        self.committed = 0
        self.dropped = 0
        self.refused = 0
        self.last_error: CandlewickError | None = None
        self._lake = lake
        self._interval_s = interval_s
        self._batch_rows = batch_rows
        self._max_trades = max_trades
        self._candles: dict[_Key, Candle] = {}
        self._trades: defaultdict[str, list[Trade]] = defaultdict(list)
        self._trade_count = 0
        self._funding: list[Funding] = []
        self._open_interest: list[OpenInterest] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._in_flight = 0
        self._crash: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="lake-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pending(self) -> int:
        """Rows handed over and not committed yet."""
        return self._waiting() + self._in_flight

    def candles(self, *candles: Candle) -> None:
        """Have candles stored, open or closed. Returns at once."""
        with self._lock:
            for candle in self._kept(candles, check_candle):
                self._keep_better(candle)
        self._nudge()

    def trades(self, instrument: str, *trades: Trade) -> None:
        """Have trades stored; those beyond what may wait are dropped and counted. Returns at once."""
        with self._lock:
            taken = trades[: self._max_trades - self._trade_count]
            self._trades[instrument].extend(taken)
            self._trade_count += len(taken)
            self.dropped += len(trades) - len(taken)
        self._nudge()

    def funding(self, *rates: Funding) -> None:
        """Have settled funding rates stored. Returns at once."""
        with self._lock:
            self._funding.extend(self._kept(rates, check_moment))

    def open_interest(self, *readings: OpenInterest) -> None:
        """Have readings of open interest stored. Returns at once."""
        with self._lock:
            self._open_interest.extend(self._kept(readings, check_moment))

    def close(self) -> None:
        """Commit what waits and stop.

        Raises:
            StoreError: the last commit failed; what it held is lost, and the sentence says why.
        """
        self._closing.set()
        self._wake.set()
        self._thread.join()
        if self._crash is not None:
            self._nudge()
        if self.pending and self.last_error is not None:
            raise self.last_error

    def _kept(self, rows: Sequence[_Row], check: Callable[[_Row], None]) -> list[_Row]:
        kept: list[_Row] = []
        for row in rows:
            try:
                check(row)
            except UsageError as error:
                self.refused += 1
                self.last_error = error
            else:
                kept.append(row)
        return kept

    def _keep_better(self, candle: Candle) -> None:
        key = (candle.instrument, candle.interval, candle.time)
        waiting = self._candles.get(key)
        if waiting is None or (candle.closed, candle.ts_received) > (waiting.closed, waiting.ts_received):
            self._candles[key] = candle

    def _waiting(self) -> int:
        return len(self._candles) + self._trade_count + len(self._funding) + len(self._open_interest)

    def _nudge(self) -> None:
        if self._crash is not None:
            raise StoreError(f"The lake's writer has stopped: {self._crash!r}. Start anew.") from self._crash
        if self._waiting() >= self._batch_rows:
            self._wake.set()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001  the thread's edge: `_nudge` and `close` report it
            self._crash = error

    def _work(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(self._interval_s)
            self._wake.clear()
            if not self._commit():
                self._closing.wait(_RETRY_S)
        self._commit()

    def _commit(self) -> bool:
        """Commit everything that waits; False when that failed and it waits again."""
        with self._lock:
            candles, self._candles = self._candles, {}
            trades: dict[str, list[Trade]] = self._trades
            self._trades = defaultdict(list)
            funding, self._funding = self._funding, []
            open_interest, self._open_interest = self._open_interest, []
            count = len(candles) + self._trade_count + len(funding) + len(open_interest)
            self._trade_count = 0
            self._in_flight = count
        if not count:
            return True
        refused_before = self.refused
        put = partial(
            self._lake.put_batch, candles=candles.values(), funding=funding, open_interest=open_interest
        )
        try:
            try:
                put(trades=trades)
            except UsageError:
                # checked one by one only now: a look at every trade would cost more than storing it
                trades = {name: self._kept(batch, _check_trade) for name, batch in trades.items()}
                put(trades=trades)
        except StoreError as error:
            self.last_error = error
            with self._lock:
                for candle in candles.values():
                    self._keep_better(candle)
                self._put_back(trades)
                self._funding[:0] = funding
                self._open_interest[:0] = open_interest
                self._in_flight = 0
            return False
        self.last_error = None
        self.committed += count - (self.refused - refused_before)
        self._in_flight = 0
        return True

    def _put_back(self, trades: dict[str, list[Trade]]) -> None:
        for instrument, batch in trades.items():
            room = max(0, self._max_trades - self._trade_count)
            taken = batch[:room]
            self._trades[instrument][:0] = taken
            self._trade_count += len(taken)
            self.dropped += len(batch) - len(taken)


def _check_trade(trade: Trade) -> None:
    check_trades(trade.instrument, [trade])
