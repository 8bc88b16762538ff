"""Many histories out of one, each with parameters chosen on the rest, as a study.

cross_validation.json  the paths' figures, every choice, and what choosing is worth
paths.npy, time.npy    the returns of each path, a row a path; when the periods began (UTC seconds)
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from candlewick.research.cross_validation import cross_validate
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.searching import Searching, keep_returned, returned, runners
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "cross_validation.json"
HEADLINE: Final = ("mean_path_sharpe", "losing_paths", "retention", "pbo", "paths", "sets", "verdict")


class Asked(Searching, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. The words are those of `cross_validate`; purge and embargo are bars."""

    groups: int = 6
    test_groups: int = 2
    purge: int | None = None
    embargo: int | None = None


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Run every set once, going on behind those that an earlier attempt had run, and judge the choices."""
    request = read(spec, Asked)
    strategy = strategy_of(request, work)
    markets = markets_of(request, work)
    work.begin("Running the sets")
    found = cross_validate(
        strategy,
        markets,
        groups=request.groups,
        test_groups=request.test_groups,
        purge=request.purge,
        embargo=request.embargo,
        trials=request.trials,
        space=request.ranges(type(strategy)),
        constraints=request.constraints,
        seed=request.seed,
        progress=teller(work),
        done=returned(work),
        on_piece=partial(keep_returned, work),
        **runners(type(strategy), work),
        **request.terms,
    )
    summary = found.summary
    results.write_json(work.folder / FILE, summary)
    results.write_array(work.folder / "paths.npy", found.paths)
    results.write_array(work.folder / "time.npy", found.time)
    return Outcome({name: summary[name] for name in HEADLINE}, FILE)
