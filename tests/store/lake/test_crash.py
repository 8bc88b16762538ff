"""Writer and compactor killed again and again while a reader looks: every acknowledged batch is found."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

from candlewick.store.lake import Lake
from tests.store.lake.samples import BTC

ROUNDS = 5

WRITER = """
import sys
from pathlib import Path
from candlewick.store.lake import Lake
from tests.store.lake.samples import BTC, candle, trade
lake, batch = Lake(Path(sys.argv[1])), int(sys.argv[2])
while True:
    times = range(batch * 300, batch * 300 + 300, 60)
    rows = [candle(time, float(batch + 1)) for time in times]
    deals = [trade(batch * 3 + i, (batch * 300 + i) * 10**9) for i in range(3)]
    lake.put_batch(candles=rows, trades={BTC: deals})
    print(batch, flush=True)
    batch += 1
"""

COMPACTOR = """
import sys
from pathlib import Path
from candlewick.store.lake import Lake
from candlewick.store.lake.compact import compact
lake = Lake(Path(sys.argv[1]))
while True:
    compact(lake, older_than_s=0, grace_s=1)
    print("done", flush=True)
"""


def test_no_acknowledged_batch_is_lost_and_no_reader_sees_less_than_before(tmp_path: Path) -> None:
    chance = random.Random(20240808)
    stop, faults, reads = Event(), [], [0]
    with Lake(tmp_path) as lake:
        lake.put_candles([])

        def look() -> None:
            seen = 0
            while not stop.wait(0.002):
                time = lake.candles(BTC, "1m").time
                if time.size < seen or time.tolist() != list(range(0, 60 * time.size, 60)):
                    faults.append(time)
                seen = int(time.size)
                reads[0] += 1

        reader = Thread(target=look)
        reader.start()
        acknowledged = -1
        for _ in range(ROUNDS):
            writer = start(WRITER, tmp_path, acknowledged + 1)
            compactor = start(COMPACTOR, tmp_path)
            assert writer.stdout is not None
            assert compactor.stdout is not None
            assert compactor.stdout.readline() == "done\n"
            for _ in range(chance.randrange(10, 30)):
                acknowledged = int(writer.stdout.readline())
            for process in chance.sample([writer, compactor], 2):
                process.kill()
            # what was acknowledged between the last line read and the kill
            for line in writer.stdout.read().splitlines():
                acknowledged = int(line)
            for process in (writer, compactor):
                assert process.wait() == -9
                assert process.stdout is not None
                process.stdout.close()
        stop.set()
        reader.join()
        assert not faults
        assert reads[0] > 0

        bars = lake.candles(BTC, "1m")
        batches = acknowledged + 1
        assert bars.time.tolist()[: 5 * batches] == list(range(0, 300 * batches, 60))
        assert bars.close.tolist()[: 5 * batches] == [1.0 + b for b in range(batches) for _ in range(5)]
        assert [t.id for t in lake.trades(BTC)][: 3 * batches] == list(range(3 * batches))
        # at most the one batch that was committed and not yet told
        assert len(bars) - 5 * batches in (0, 5)


def start(code: str, root: Path, *more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(root), *map(str, more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
