"""`candlewick sim`: the simulated exchange alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from typer import Option, echo

from candlewick.cli.edge import refusing_flags


def _known_faults(texts: list[str] | None) -> list[str] | None:
    from candlewick.venues.sim.server.misbehave import Faults

    with refusing_flags():
        Faults.parse(texts or ())
    return texts


def _known_venues(text: str | None) -> str | None:
    from candlewick.venues.sim.character import require_characters

    with refusing_flags():
        if text is not None:
            require_characters(_names(text))
    return text


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")]


def command(
    host: Annotated[str | None, Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, Option(min=0, max=65_535, help="Port to listen on.")] = None,
    seed: Annotated[int | None, Option(help="The same seed gives the same history.")] = None,
    venues: Annotated[
        str | None,
        Option(
            callback=_known_venues,
            help="Venues, commas between: the first at the root, others under /<venue>.",
        ),
    ] = None,
    misbehave: Annotated[
        list[str] | None,
        Option(
            callback=_known_faults,
            help="Faults on the wire, repeatable or with commas between: drop=0.01, delay=200ms, "
            "duplicate=0.01, reorder=0.01, gap=0.005, disconnect=30s, 429=0.05, 418=0.01, skew=1500ms, "
            "malformed=0.01; of users' events alone user_drop, user_duplicate, user_delay, user_disconnect; "
            "of order requests unknown=0.05 (done, and answered as if nobody knew), lost=0.05 (not done).",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, Option(help="Folder that keeps what printed; left out, it is forgotten at the end.")
    ] = None,
    keys: Annotated[
        Path | None,
        Option(
            exists=True,
            dir_okay=False,
            help="API keys for its private side: a JSON list; see the documentation.",
        ),
    ] = None,
    pace: Annotated[
        float | None,
        Option(min=0.01, max=1_000, help="Multiplies the market's activity, for load tests."),
    ] = None,
) -> None:
    """Run the simulated exchange until Ctrl-C."""
    import uvloop

    from candlewick.venues.sim.server.app import Settings, serve
    from candlewick.venues.sim.server.keys import read_keys
    from candlewick.venues.sim.server.misbehave import Faults

    wanted = _names(venues) if venues is not None else None
    if host is None or port is None or seed is None or wanted is None or pace is None:
        # `up` gives them all: reading the settings costs this process 20 MB it need not have
        from candlewick.runtime.settings import load

        given = {"host": host, "port": port or None, "seed": seed, "venues": wanted, "pace": pace}
        sim = load(data_dir=data_dir, sim=given).sim
        host, port = sim.host, sim.port if port is None else port
        seed, wanted, pace = sim.seed, sim.venues, sim.pace
        misbehave = misbehave if misbehave is not None else [sim.misbehave]
    settings = Settings(
        host=host,
        port=port,
        seed=seed,
        venues=tuple(wanted),
        faults=Faults.parse(misbehave or ()),
        data_dir=data_dir / "sim" if data_dir is not None else None,
        pace=pace,
        keys=read_keys(keys) if keys is not None else (),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, echo))
