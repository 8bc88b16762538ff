"""`candlewick engine`: the engine alone, for service managers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from candlewick.cli.edge import DataDir, VenueNames
from candlewick.runtime.logs import set_up_logging
from candlewick.runtime.settings import load, names


def command(
    venues: VenueNames = None,
    data_dir: DataDir = None,
    replay: Annotated[
        list[Path] | None,
        Option(exists=True, dir_okay=False, help="Play this recording instead of following venues."),
    ] = None,
    replay_venue: Annotated[str | None, Option(help="Whose recording it is; guessed if left out.")] = None,
    speed: Annotated[float, Option(min=0.001, max=10_000, help="Recorded seconds a second.")] = 1.0,
    paused: Annotated[bool, Option("--paused", help="Wait at the first message.")] = False,
) -> None:
    """Run the engine until SIGTERM."""
    from candlewick.runtime import engine_process
    from candlewick.store.keys import require_settled

    settings = load(data_dir=data_dir, venues=names(venues))
    require_settled(settings.data_dir, settings.master_key_text)
    set_up_logging("engine", settings.log_level)
    if replay:
        engine_process.run_replay(settings, replay, replay_venue, speed, paused=paused)
    else:
        engine_process.run(settings)
