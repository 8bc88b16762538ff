"""Studies for tests of the machinery. No Django here: a study's process has none."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.runtime.jobs import sources
from candlewick.runtime.jobs.arrays import Column
from candlewick.runtime.jobs.work import Outcome, Work

_NAMES: Final = (
    "count", "fan_out", "wait", "deaf", "die", "kill_a_child", "raise_", "refuse", "chatter", "columns",
    "where", "hold_one", "load_back",
)  # fmt: skip
KINDS: Final = {name: f"{__name__}:{name}" for name in _NAMES}


def count(spec: dict[str, Any], work: Work) -> Outcome:
    """Piece after piece, each of which leaves a line behind; waits before those that are held."""
    work.saw_data("f" * 64)
    for number in range(spec["pieces"]):
        while (work.folder / f"hold{number}").exists():
            work.require_going_on()
            time.sleep(0.01)
        if str(number) not in work.pieces:
            with (work.folder / "lines").open("a") as file:
                file.write(f"{number}\n")
            work.pieces.add(str(number), number * 10)
        work.progress((number + 1) / spec["pieces"], f"piece {number}")
    return Outcome({"sum": sum(work.pieces.done.values()), "undefined": float("nan")}, "lines")


def square(number: int) -> int:
    return number * number


def fan_out(spec: dict[str, Any], work: Work) -> Outcome:
    found = work.each(square, [(str(number), (number,)) for number in range(spec["pieces"])])
    return Outcome({"sum": sum(found.values())})


def wait(spec: dict[str, Any], work: Work) -> Outcome:
    while True:
        work.require_going_on()
        time.sleep(0.01)


def sleep_for_ever(folder: str) -> None:
    (Path(folder) / f"child{os.getpid()}").touch()
    time.sleep(1000)


def deaf(spec: dict[str, Any], work: Work) -> Outcome:
    """Hears no cancellation, and has a process that hears none either."""
    work.executor().submit(sleep_for_ever, str(work.folder)).result()
    raise AssertionError("it waits for ever")


def die(spec: dict[str, Any], work: Work) -> Outcome:
    with (work.folder / "lines").open("a") as file:
        file.write("born\n")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it is dead")


def kill_own_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_a_child(spec: dict[str, Any], work: Work) -> Outcome:
    work.executor().submit(kill_own_process).result()
    raise AssertionError("the child is dead")


def raise_(spec: dict[str, Any], work: Work) -> Outcome:
    return Outcome({"never": 1 / spec["zero"]})


def refuse(spec: dict[str, Any], work: Work) -> Outcome:
    raise UsageError("There are no bars of that symbol. Download some first.")


def chatter(spec: dict[str, Any], work: Work) -> Outcome:
    for number in range(spec["lines"]):
        sys.stdout.write(f"line {number} " + "." * 90 + "\n")
    return Outcome({})


def add_up(column: Column, power: int) -> float:
    return float((column.array() ** power).sum())


def columns(spec: dict[str, Any], work: Work) -> Outcome:
    column = work.keep(np.arange(1000.0))
    found = work.each(add_up, [(str(power), (column, power)) for power in (1, 2)])
    return Outcome(found)


def own_number(delay_s: float) -> int:
    time.sleep(delay_s)
    return os.getpid()


def where(spec: dict[str, Any], work: Work) -> Outcome:
    """In which processes the pieces were done."""
    found = work.each(own_number, [(str(number), (0.05,)) for number in range(spec["pieces"])])
    return Outcome({"numbers": sorted(set(found.values()))})


def leave_a_line(folder: str, number: int) -> int:
    (Path(folder) / f"begun{number}-{os.getpid()}").touch()
    while (Path(folder) / f"hold{number}").exists():
        time.sleep(0.01)
    return number


def hold_one(spec: dict[str, Any], work: Work) -> Outcome:
    """Pieces that wait as long as they are held."""
    found = work.each(leave_a_line, [(str(number), (str(work.folder), number)) for number in range(4)])
    return Outcome({"sum": sum(found.values())})


def values_of(strategy: Any) -> dict[str, Any]:
    values: dict[str, Any] = strategy.values
    return values


def load_back(spec: dict[str, Any], work: Work) -> Outcome:
    """What a strategy says of itself in another process."""
    strategy = sources.strategy(spec["strategy"], work.source_path)
    return Outcome({"values": work.executor().submit(values_of, strategy(fast=5)).result()})
