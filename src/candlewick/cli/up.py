"""`candlewick up`: everything, with one command and one Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from typing import Annotated, Final

from typer import Option, echo

from candlewick.cli.edge import DataDir, Port, VenueNames, refusing_flags
from candlewick.core.errors import StoreError
from candlewick.runtime.jobs.queue import Queue
from candlewick.runtime.settings import PREFIX, Settings, load, names
from candlewick.runtime.supervisor import Part, claimed_port, owning, require_port, supervise
from candlewick.runtime.wiring import require_known
from candlewick.venues.sim.server.misbehave import Faults

IDLE_S: Final = 60


def _known_faults(text: str | None) -> str | None:
    with refusing_flags():
        Faults.parse([text or ""])
    return text


def command(
    venues: VenueNames = None,
    host: Annotated[str | None, Option(help="Address the terminal binds to.")] = None,
    port: Port = None,
    data_dir: DataDir = None,
    seed: Annotated[int | None, Option(help="Seed of the simulated market.")] = None,
    misbehave: Annotated[
        str | None,
        Option(callback=_known_faults, help="Faults of the simulated venues, as `candlewick sim`."),
    ] = None,
) -> None:
    """Run the simulated or live venues, the engine and the terminal until Ctrl-C."""
    settings = load(
        data_dir=data_dir,
        venues=names(venues),
        web={"host": host, "port": port},
        sim={"seed": seed, "misbehave": misbehave},
    )
    require_known(settings.venues)
    if settings.sim.misbehave:
        Faults.parse([settings.sim.misbehave])  # the part itself would be started again and again
    with contextlib.ExitStack() as held:
        held.enter_context(owning(settings.data_dir))
        require_port(settings.web.host, settings.web.port, "--port")
        parts = [Part("engine", ("engine",)), Part("web", ("web",))]
        sim_port = settings.sim.port
        if "sim" in settings.venues:
            sim_port = held.enter_context(claimed_port(settings.sim.host, settings.sim.port))
            parts.insert(0, Part("sim", ("sim", *sim_arguments(settings, sim_port)), is_last=True))
        queue = held.enter_context(contextlib.closing(Queue(settings.rows)))
        parts += workers(settings, queue)
        echo(f"Starting Candlewick on {settings.data_dir} ({', '.join(settings.venues)}). Ctrl-C stops it.")
        asyncio.run(supervise(parts, environment(settings, sim_port), lambda line: echo(line, err=True)))
        echo("Stopped.")


def workers(settings: Settings, queue: Queue) -> list[Part]:
    """Workers that are there only while studies wait, and for a while after: idle ones would take memory."""
    lock = threading.Lock()  # the parts look from threads of their own

    def studies_wait() -> bool:
        with lock, contextlib.suppress(StoreError):
            return queue.is_ready() and queue.has_work()
        return False

    arguments = ("worker", "--idle-s", str(IDLE_S))
    return [
        Part(f"worker {number}", arguments, studies_wait) for number in range(1, settings.jobs.workers + 1)
    ]


def sim_arguments(settings: Settings, port: int) -> list[str]:
    """Arguments of `candlewick sim` that carry these settings."""
    sim = settings.sim
    arguments = ["--host", sim.host, "--port", str(port), "--seed", str(sim.seed), "--pace", str(sim.pace)]
    arguments += ["--venues", ",".join(sim.venues), "--data-dir", str(settings.data_dir)]
    return arguments + (["--misbehave", sim.misbehave] if sim.misbehave else [])


def environment(settings: Settings, sim_port: int) -> dict[str, str]:
    """The variables that give the other processes what our flags have set."""
    return os.environ | {
        f"{PREFIX}DATA_DIR": str(settings.data_dir.resolve()),
        f"{PREFIX}VENUES": json.dumps(settings.venues),
        f"{PREFIX}WEB__HOST": settings.web.host,
        f"{PREFIX}WEB__PORT": str(settings.web.port),
        f"{PREFIX}SIM__PORT": str(sim_port),
    }
