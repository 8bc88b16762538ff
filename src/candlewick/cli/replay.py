"""`candlewick replay`: recorded messages through the real path, to the browser."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from candlewick.cli.edge import Port
from candlewick.cli.up import environment
from candlewick.runtime.replay import require_recording
from candlewick.runtime.settings import PREFIX, load
from candlewick.runtime.supervisor import Part, owning, require_port, supervise


def command(
    files: Annotated[
        list[Path],
        Argument(exists=True, dir_okay=False, help="Recordings, also gzip; several are merged by time."),
    ],
    speed: Annotated[float, Option(min=0.001, max=10_000, help="Recorded seconds a second.")] = 1.0,
    venue: Annotated[
        str | None, Option(help="binance, binance-futures or binance-delivery; guessed if left out.")
    ] = None,
    paused: Annotated[
        bool, Option("--paused", help="Wait at the first message until the page says go.")
    ] = False,
    host: Annotated[str | None, Option(help="Address the terminal binds to.")] = None,
    port: Port = None,
    data_dir: Annotated[Path | None, Option(help="Folder for database and settings.")] = None,
) -> None:
    """Play recordings in the terminal. Pause, step and speed are on the page; history starts empty."""
    settings = load(data_dir=data_dir, web={"host": host, "port": port})
    for file in files:
        require_recording(file, venue)  # the engine would be started again and again
    with owning(settings.data_dir):
        require_port(settings.web.host, settings.web.port, "--port")
        folder = settings.data_dir / "replay"
        shutil.rmtree(folder, ignore_errors=True)
        arguments = ["engine", "--speed", str(speed)]
        arguments += [each for file in files for each in ("--replay", str(file.resolve()))]
        arguments += (["--replay-venue", venue] if venue else []) + (["--paused"] if paused else [])
        variables = environment(settings, settings.sim.port) | {f"{PREFIX}MARKET__FOLDER": str(folder)}
        parts = [Part("engine", tuple(arguments)), Part("web", ("web",))]
        echo(f"Replaying {', '.join(file.name for file in files)} at {speed:g} × real time. Ctrl-C stops it.")
        asyncio.run(supervise(parts, variables, lambda line: echo(line, err=True)))
        echo("Stopped.")
