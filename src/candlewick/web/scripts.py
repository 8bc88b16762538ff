"""The scripts of a page: the import map with its hashes, and what is fetched ahead with the page.

A page names its entry, such as `js/terminal/main.js`. What that imports, and what those import, is read from
the modules themselves: so a page fetches what it needs all at once, and nothing that another page needs.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from django.templatetags.static import static

from candlewick.core.errors import ConfigError

STATIC: Final = Path(__file__).resolve().parent / "static"
_INDEX: Final = STATIC / "vendor" / "vendor.json"
# `import … from "x"`, `import "x"`, `export … from "x"`; an import() in a function is fetched when it runs
_IMPORTS: Final = re.compile(r'^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"([^"]+)"', re.MULTILINE)
# `<` ends a script element, and two separators end a line of JavaScript, though not of JSON
_ESCAPES: Final = ((b"<", b"\\u003c"), ("\u2028".encode(), b"\\u2028"), ("\u2029".encode(), b"\\u2029"))


class Module(NamedTuple):
    """A script that is fetched ahead; `integrity` as the import map has it, or the fetch is wasted."""

    url: str
    integrity: str = ""


class Scripts(NamedTuple):
    """What stands in a page's head for its scripts.

    Attributes:
        import_map: JSON for its script element.
        modules: what the entry imports, itself left out.
        entry: address of the entry.
    """

    import_map: str
    modules: tuple[Module, ...]
    entry: str


@cache
def scripts_of(entry: str) -> Scripts:
    """The scripts of the page that begins with `entry`, a path below static/.

    Raises:
        ConfigError: the libraries are not there.
    """
    libraries = {each["specifier"]: each for each in _files() if "specifier" in each}
    ours, theirs = _reached(entry, libraries)
    modules = [
        *(Module(_url(libraries[name]), libraries[name]["integrity"]) for name in theirs),
        *(Module(static(path)) for path in ours if path != entry),
    ]
    return Scripts(import_map(), tuple(modules), static(entry))


@cache
def import_map() -> str:
    """The import map of every page, as JSON for a script element.

    Raises:
        ConfigError: the libraries are not there.
    """
    libraries = {each["specifier"]: each for each in _files() if "specifier" in each}
    imports = {name: _url(each) for name, each in libraries.items()}
    integrity = {_url(each): each["integrity"] for each in libraries.values()}
    return script_json({"imports": imports, "integrity": integrity})


@cache
def library(file: str) -> Module:
    """A library's file that no page imports: a page fetches it when it needs it.

    Raises:
        ConfigError: the libraries are not there.
    """
    found = next(each for each in _files() if each["file"] == file)
    return Module(_url(found), found["integrity"])


def script_json(value: Any) -> str:
    """`value` as JSON that cannot end the script element it stands in."""
    text = orjson.dumps(value)
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text.decode()


def _reached(entry: str, libraries: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Every module of ours, and every library, that `entry` comes to import. In the order they are met."""
    ours, theirs, waiting = dict[str, None](), dict[str, None](), [entry]
    while waiting:
        path = waiting.pop()
        if path in ours:
            continue
        ours[path] = None
        for name in _IMPORTS.findall((STATIC / path).read_text()):
            if name in libraries:
                theirs[name] = None
            else:
                target = (STATIC / path).parent / name
                waiting.append(target.resolve().relative_to(STATIC).as_posix())
    return list(ours), list(theirs)


def _url(file: dict[str, Any]) -> str:
    return static(f"vendor/{file['file']}")


def _files() -> list[dict[str, Any]]:
    try:
        files: list[dict[str, Any]] = json.loads(_INDEX.read_text())["files"]
    except FileNotFoundError:
        raise ConfigError(
            f"The front-end libraries are not at {_INDEX.parent}. Run `make setup`, or install the wheel."
        ) from None
    return files
