"""The libraries that pages load: their import map with integrity hashes, from what set-up laid out."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.templatetags.static import static

from candlewick.core.errors import ConfigError
from candlewick.web.terminal.page import script_json

_STATIC: Final = Path(__file__).resolve().parent.parent / "static"
_INDEX: Final = _STATIC / "vendor" / "vendor.json"
_WANTED: Final = ("lightweight-charts",)


@cache
def import_map() -> str:
    """The import map as JSON for a script element.

    Raises:
        ConfigError: the libraries are not there.
    """
    files = {entry["specifier"]: entry for entry in _files() if "specifier" in entry}
    wanted = {name: files[name] for name in _WANTED}
    imports = {name: static(f"vendor/{entry['file']}") for name, entry in wanted.items()}
    integrity = {imports[name]: entry["integrity"] for name, entry in wanted.items()}
    return script_json({"imports": imports, "integrity": integrity})


class Module(NamedTuple):
    """A script that the page loads ahead; `integrity` as the import map has it, or a preload is wasted."""

    url: str
    integrity: str = ""


@cache
def modules() -> list[Module]:
    """Every script the terminal loads, so that the browser fetches them together and not one by one."""
    ours = sorted(path.relative_to(_STATIC).as_posix() for path in (_STATIC / "js").rglob("*.js"))
    libraries = json.loads(import_map())["integrity"].items()
    return [
        *(Module(url, integrity) for url, integrity in libraries),
        *(Module(static(name)) for name in ours),
    ]


def _files() -> list[dict[str, Any]]:
    try:
        files: list[dict[str, Any]] = json.loads(_INDEX.read_text())["files"]
    except FileNotFoundError:
        raise ConfigError(
            f"The front-end libraries are not at {_INDEX.parent}. Run `make setup`, or install the wheel."
        ) from None
    return files
