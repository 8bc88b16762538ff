"""The process of one strategy at work: reads bars from stdin, answers with intents on a pipe.

It knows no account, no key and no venue: what it asks for is carried out, or refused, by the engine. Whatever
the strategy prints goes to the engine too, which keeps it as the strategy's log.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import IO, Any

from candlewick.core.errors import CandlewickError
from candlewick.runtime.jobs import sources
from candlewick.runtime.strategies import child
from candlewick.runtime.strategies.messages import HEAD, Answer, Bar, Begin, Raised, Ready, Told, packed, told
from candlewick.runtime.strategies.rules import Rules
from candlewick.runtime.strategies.running import runner_of

NICE = 5  # prices and orders come first


def main() -> None:
    """Serve until stdin ends; `argv[1]` is the descriptor to answer on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the engine's to hear
    os.nice(NICE)
    bars, answers = sys.stdin.buffer, int(sys.argv[1])
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - a strategy that reads its input must not read ours
    try:
        _serve(bars, answers)
    except CandlewickError as error:
        _say(answers, Raised(str(error)))
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever a strategy raises is told
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        _say(answers, Raised(f"The strategy failed: {what}.", traceback.format_exc()))


def _serve(bars: IO[bytes], answers: int) -> None:
    begin = _next(bars)
    if not isinstance(begin, Begin):
        return
    file = Path(begin.file) if begin.file else None
    strategy = sources.strategy(begin.strategy, file)(**begin.parameters)
    runner = runner_of(
        strategy, [each.bars(begin.timeframe) for each in begin.history], frozenset(begin.spot)
    )
    wants = runner.wants()
    ready = Ready(
        leverage=float(strategy.leverage),
        rules=Rules.of(strategy),
        sees_funding=not strategy.signals_only(),
        settled=not wants,
        wants=wants,
    )
    _say(answers, ready)
    while True:
        bar = _next(bars)
        if not isinstance(bar, Bar):
            return
        intents = runner.close(bar)
        sys.stdout.flush()
        _say(answers, Answer(bar.time, intents))


def _next(bars: IO[bytes]) -> Told | None:
    """The next message; None: there is none any more."""
    head = bars.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    message: Told = told.decode(bars.read(length))
    return message


def _say(answers: int, message: Any) -> None:
    sys.stdout.flush()
    child.say(answers, packed(message))


if __name__ == "__main__":
    main()
