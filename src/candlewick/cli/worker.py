"""`candlewick worker`: a worker alone, for service managers and for further machines."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from candlewick.cli.edge import DataDir
from candlewick.runtime.logs import set_up_logging
from candlewick.runtime.settings import load


def command(
    processes: Annotated[
        int | None,
        Option(
            min=1, max=1_024, help="How many processes one study may use; as many as there are processors."
        ),
    ] = None,
    idle_s: Annotated[
        float | None, Option(min=0, help="End when there was nothing to do for so long.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Run studies that wait, one after the other, until SIGTERM.

    On a further machine give it the same DATABASE_URL, and a data folder that both machines share.
    """
    from candlewick.runtime.jobs.queue import Queue
    from candlewick.runtime.jobs.worker import Means, run

    settings = load(data_dir=data_dir, jobs={"processes": processes})
    set_up_logging("worker", settings.log_level)
    jobs = settings.jobs
    means = Means(
        market_dir=settings.market_dir.resolve(),
        primary=settings.primary,
        executor=jobs.executor,
        processes=jobs.processes,
        scheduler=jobs.scheduler,
    )
    run(Queue(settings.rows), settings.data_dir.resolve(), means, idle_s=idle_s)
