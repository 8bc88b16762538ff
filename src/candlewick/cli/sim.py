"""`candlewick sim`: the simulated exchange alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
    ] = 8100,
    seed: Annotated[int, typer.Option(help="The world to simulate: the same seed, the same history.")] = 7,
    venues: Annotated[
        str, typer.Option(help="Venues, comma separated; the first at the root, others under /<venue>.")
    ] = "sim,sim-east,sim-west",
    misbehave: Annotated[
        list[str] | None,
        typer.Option(
            help="Faults on the wire, repeatable or comma separated: drop=0.01, delay=200ms, duplicate=0.01, "
            "reorder=0.01, gap=0.005, disconnect=30s, 429=0.05, 418=0.01, skew=1500ms, malformed=0.01."
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps what really printed; without one it is forgotten at the end."),
    ] = None,
    pace: Annotated[float, typer.Option(help="Multiplies the live market's activity, for load tests.")] = 1.0,
) -> None:
    """Run the simulated exchange until Ctrl-C."""
    import uvloop

    from candlewick.venues.sim.server.app import Settings, names, serve
    from candlewick.venues.sim.server.misbehave import Faults

    settings = Settings(
        host=host,
        port=port,
        seed=seed,
        venues=names(venues),
        faults=Faults.parse(misbehave or ()),
        data_dir=data_dir / "sim" if data_dir is not None else None,
        pace=pace,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))
