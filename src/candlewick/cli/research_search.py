"""What the verbs ask for that try sets of parameters: which sets, chosen by what, run by whom."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from candlewick.cli.edge import progress_bar
from candlewick.cli.parameters import pairs
from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.research.loading import Loaded
    from candlewick.trading.strategy.strategy import Strategy

Objectives = Annotated[
    list[str] | None,
    Option("--objective", help="A metric to be better in: sharpe; several look for the Pareto front."),
]
Method = Annotated[
    Literal["grid", "random", "tpe", "nsga2", "cmaes"], Option("--method", help="How the sets are chosen.")
]
Seed = Annotated[int, Option(help="The same seed tries the same.")]
Trials = Annotated[
    int, Option(min=1, help="How many sets of parameters are tried at most; a grid tries all.")
]
Train = Annotated[str, Option(help="Length of the time on which parameters are chosen: 90d.")]
Test = Annotated[str, Option(help="Length of the time behind it on which they are judged.")]
Anchored = Annotated[bool, Option("--anchored", help="Begin every training with the first bar.")]
Spaces = Annotated[
    list[str] | None,
    Option("--space", help="What is searched: fast=5:50:5, kind=a,b; all that has a range unless given."),
]
Constraints = Annotated[
    list[str] | None, Option("--constraint", help="What must hold: 'trades >= 30'; may be repeated.")
]
Processes = Annotated[int | None, Option(help="How many at once; as many as there are processors.")]


@dataclass(frozen=True, slots=True)
class Search:
    """Which sets are tried, and in how many processes at most."""

    trials: int
    space: list[str] | None
    constraints: tuple[str, ...]
    seed: int
    processes: int | None

    @contextmanager
    def at_work(self, loaded: Loaded, doing: str) -> Iterator[dict[str, Any]]:
        """The same as studies of that strategy take it, with who runs the sets and who is told."""
        with self._executor(loaded) as executor, progress_bar(doing) as progress:
            yield {
                "trials": self.trials,
                "space": space_of(self.space, loaded.strategy),
                "constraints": self.constraints,
                "seed": self.seed,
                "executor": executor,
                "workers": self.processes,
                "progress": lambda share, step: progress(share),
            }

    @contextmanager
    def _executor(self, loaded: Loaded) -> Iterator[Executor | None]:
        """Processes for a strategy that Python must run, else what a study itself takes."""
        from candlewick.runtime.jobs.executors import crew

        if loaded.strategy.signals_only():
            yield None
            return
        source = None if loaded.bundled else loaded.file.absolute()
        with crew("processes", self.processes, source=source) as found:
            yield found.executor


def searched(
    trials: Trials = 200,
    space: Spaces = None,
    constraint: Constraints = None,
    seed: Seed = 0,
    processes: Processes = None,
) -> Search:
    """What the options say."""
    return Search(trials, space, tuple(constraint or ()), seed, processes)


def space_of(texts: list[str] | None, strategy: type[Strategy]) -> dict[str, Any] | None:
    """What is to be searched: `fast=5:50:5` is from, to and step, `a=5,7` values; None: nothing is said.

    Raises:
        UsageError: there is no such parameter, or what is given is neither.
    """
    from candlewick.trading.strategy.param import Param

    if not texts:
        return None
    found: dict[str, Any] = {}
    for name, text in pairs(texts).items():
        param = strategy.parameters().get(name)
        if param is None:
            raise UsageError(f"{strategy.__name__} has no parameter {name!r} to search.")
        low, *rest = text.split(":")
        if not rest:
            found[name] = [param.read(strategy.__name__, each) for each in text.split(",")]
            continue
        try:
            numbers = [float(each) for each in (low, *rest)]
            begin, end, step = numbers if len(numbers) == 3 else (*numbers, None)
        except ValueError:
            raise UsageError(f"{text!r} is no range. Write {name}=5:50:5, or {name}=5,10,20.") from None
        default = param.kind(begin)
        found[name] = Param(default, low=begin, high=end, step=step)
    return found
