"""The database of the data folder, for the verbs that read or write rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from candlewick.runtime.settings import Settings


def opened(data_dir: Path | None) -> Settings:
    """The settings in force, with Django set up on their database and its tables made."""
    from candlewick.runtime.settings import load

    settings = load(data_dir=data_dir)
    open_at(settings)
    return settings


def open_at(settings: Settings) -> None:
    """The same where the settings are known."""
    from candlewick.web.boot import boot, migrate

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    boot(settings)
    migrate()
