"""Studies for tests of the machinery. No Django here: a study's process has none."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from candlewick.core.errors import UsageError
from candlewick.research import crew
from candlewick.runtime.jobs import sources
from candlewick.runtime.jobs.work import Outcome, Work

_NAMES: Final = (
    "count", "begin_again", "fan_out", "wait", "deaf", "die", "kill_a_child", "raise_", "refuse", "chatter",
    "where", "hold_one", "hang", "load_back",
)  # fmt: skip
KINDS: Final = {name: f"{__name__}:{name}" for name in _NAMES}


def count(spec: dict[str, Any], work: Work) -> Outcome:
    """Piece after piece, each of which leaves a line behind; waits before those that are held."""
    work.saw_data("f" * 64)
    for number in range(spec["pieces"]):
        hold_on(work, str(number))
        if str(number) not in work.pieces:
            with (work.folder / "lines").open("a") as file:
                file.write(f"{number}\n")
            work.pieces.add(str(number), number * 10)
        work.progress((number + 1) / spec["pieces"], f"piece {number}")
    return Outcome({"sum": sum(work.pieces.done.values()), "undefined": float("nan")}, "lines")


def begin_again(spec: dict[str, Any], work: Work) -> Outcome:
    """As searches do: what is kept is known once the bars are read, and told; then piece after piece."""
    work.begin("reading")
    hold_on(work, "read")
    work.progress(len(work.pieces) / 4, "on the way")
    for number in range(4):
        if str(number) not in work.pieces:
            hold_on(work, str(number))
            work.pieces.add(str(number), number)
            work.progress(len(work.pieces) / 4, "on the way")
    return Outcome({})


def hold_on(work: Work, what: str) -> None:
    while (work.folder / f"hold{what}").exists():
        work.require_going_on()
        time.sleep(0.01)


def pieces(work: Work, send: Callable[[Sequence[Any]], list[Any]], count: int) -> dict[str, Any]:
    """So many pieces as searches have them done: spread over the processes, none again that is done."""
    executor, workers = work.processes()

    def keep(sets: Sequence[Any], came: Sequence[Any]) -> None:
        for one, value in zip(sets, came, strict=True):
            work.pieces.add(str(one["number"]), value)
        work.progress(len(work.pieces) / count)

    left = [
        {"number": number, "folder": str(work.folder)}
        for number in range(count)
        if str(number) not in work.pieces
    ]
    crew.fan_out(left, crew.Crew(send, executor, workers), keep, work.cancelled)
    work.require_going_on()
    return dict(work.pieces.done)


def squares(sets: Sequence[Any]) -> list[int]:
    return [one["number"] ** 2 for one in sets]


def fan_out(spec: dict[str, Any], work: Work) -> Outcome:
    found = pieces(work, squares, spec["pieces"])
    return Outcome({"sum": sum(found.values())})


def wait(spec: dict[str, Any], work: Work) -> Outcome:
    while True:
        work.require_going_on()
        time.sleep(0.01)


def hang(spec: dict[str, Any], work: Work) -> Outcome:
    """In compiled code that lets nothing else of the process run, for longer than anybody lives."""
    re.match(r"(a+)+$", "a" * 100 + "b")
    raise AssertionError("it never comes back")


def sleep_for_ever(folder: str) -> None:
    (Path(folder) / f"child{os.getpid()}").touch()
    time.sleep(1000)


def deaf(spec: dict[str, Any], work: Work) -> Outcome:
    """Hears no cancellation, and has a process that hears none either."""
    work.processes()[0].submit(sleep_for_ever, str(work.folder)).result()
    raise AssertionError("it waits for ever")


def die(spec: dict[str, Any], work: Work) -> Outcome:
    with (work.folder / "lines").open("a") as file:
        file.write("born\n")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it is dead")


def kill_own_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_a_child(spec: dict[str, Any], work: Work) -> Outcome:
    work.processes()[0].submit(kill_own_process).result()
    raise AssertionError("the child is dead")


def raise_(spec: dict[str, Any], work: Work) -> Outcome:
    return Outcome({"never": 1 / spec["zero"]})


def refuse(spec: dict[str, Any], work: Work) -> Outcome:
    raise UsageError("There are no bars of that symbol. Download some first.")


def chatter(spec: dict[str, Any], work: Work) -> Outcome:
    for number in range(spec["lines"]):
        sys.stdout.write(f"line {number} " + "." * 90 + "\n")
    return Outcome({})


def own_numbers(sets: Sequence[Any]) -> list[int]:
    time.sleep(0.05 * len(sets))
    return [os.getpid()] * len(sets)


def where(spec: dict[str, Any], work: Work) -> Outcome:
    """In which processes the pieces were done."""
    found = pieces(work, own_numbers, spec["pieces"])
    return Outcome({"numbers": sorted(set(found.values()))})


def leave_a_line(sets: Sequence[Any]) -> list[int]:
    for one in sets:
        folder, number = Path(one["folder"]), one["number"]
        (folder / f"begun{number}-{os.getpid()}").touch()
        while (folder / f"hold{number}").exists():
            time.sleep(0.01)
    return [one["number"] for one in sets]


def hold_one(spec: dict[str, Any], work: Work) -> Outcome:
    """Pieces that wait as long as they are held."""
    found = pieces(work, leave_a_line, 4)
    return Outcome({"sum": sum(found.values())})


def values_of(strategy: Any) -> dict[str, Any]:
    values: dict[str, Any] = strategy.values
    return values


def load_back(spec: dict[str, Any], work: Work) -> Outcome:
    """What a strategy says of itself in another process."""
    strategy = sources.strategy(spec["strategy"], work.source_path)
    return Outcome({"values": work.processes()[0].submit(values_of, strategy(fast=5)).result()})
