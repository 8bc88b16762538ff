"""Makes Django ready inside this process; every entry that needs it passes here."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

from candlewick.core.errors import StoreBusy, StoreDamaged
from candlewick.runtime.settings import Settings, WebSettings, load

_in_force: Settings | None = None


def boot(settings: Settings) -> None:
    """Set Django up for `settings`. Only the first call in a process decides."""
    global _in_force  # Django reads its settings from a module, which finds ours here
    _in_force = _in_force or settings
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "candlewick.web.settings"
    try:
        django.setup()
    finally:
        # A child process that found it would set Django up for another data folder, by itself.
        del os.environ["DJANGO_SETTINGS_MODULE"]


def settings_in_force() -> Settings:
    """What `boot` was given, or what the data folder and the environment say."""
    return _in_force or load()


def is_booted() -> bool:
    """Whether this process serves a data folder, and does not merely read the settings (a type checker)."""
    return _in_force is not None


def migrate() -> None:
    """Bring the database to this version's schema.

    Raises:
        StoreDamaged: it is damaged, or cannot be written.
        StoreBusy: its server is away.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError

    from candlewick.store.databases import database_at

    place = settings_in_force().rows
    database = settings.DATABASES["default"]
    if isinstance(place, str):
        database_at(place).connect().close()  # says at once, and of itself, what is wrong with a server
    try:
        if isinstance(place, Path):
            # Whoever reads a session's key is signed in: the file, and its journal after it, is ours alone.
            place.touch(mode=0o600)
        call_command("migrate", verbosity=0, interactive=False)
    except (DatabaseError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        kind = StoreBusy if "locked" in str(reason) or "full" in str(reason) else StoreDamaged
        raise kind(
            f"The database {database['NAME']} cannot be used: {reason}. "
            "Make it yours to write and see that the disk has room, or restore it from a backup."
        ) from None


def host_names(web: WebSettings) -> list[str]:
    """Names and addresses that a `Host` header may carry. Others are refused: DNS rebinding."""
    names = {"127.0.0.1", "localhost", "[::1]", *web.allowed_hosts}
    if web.host in {"0.0.0.0", "::"}:
        names |= _names_of_this_machine()
    else:
        names.add(_in_header(web.host))
    return sorted(names)


def _names_of_this_machine() -> set[str]:
    name = socket.gethostname()
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        return {name}
    return {name} | {_in_header(str(address[0]).partition("%")[0]) for *_, address in found}


def _in_header(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
