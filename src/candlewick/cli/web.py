"""`candlewick web`: the web process alone, for service managers."""

from __future__ import annotations

from typing import Annotated

from typer import Option, echo

from candlewick.cli.edge import DataDir, Port
from candlewick.runtime.logs import set_up_logging
from candlewick.runtime.settings import WebSettings, load


def command(
    host: Annotated[str | None, Option(help="Address to listen on.")] = None,
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the terminal until SIGTERM. Prints a login link while no owner has a password."""
    from candlewick.store.keys import require_settled
    from candlewick.web.boot import boot, migrate

    settings = load(data_dir=data_dir, web={"host": host, "port": port})
    set_up_logging("web", settings.log_level)
    require_settled(settings.data_dir, settings.master_key_text)
    boot(settings)
    migrate()

    from candlewick.web.people.first_owner import first_owner
    from candlewick.web.server import WebServer

    address = address_of(settings.web)

    link = first_owner()

    def say_where() -> None:
        if link is None:
            echo(f"The terminal is at {address}/")
        else:
            echo(f"Open {address}{link} to sign in; the link works once.")

    WebServer(settings).run(say_where)


def address_of(web: WebSettings) -> str:
    """Where a person on this machine finds the terminal."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
        web.host, f"[{web.host}]" if ":" in web.host else web.host
    )
    return f"http://{host}:{web.port}"
