"""`candlewick doctor`: what is in force and where it came from, and what this machine lacks."""

from __future__ import annotations

import os
import platform
import shutil
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from typer import echo

from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json
from candlewick.core.errors import StoreLocked
from candlewick.runtime.settings import CONFIG_FILE, PREFIX, load
from candlewick.runtime.supervisor import owning

PLAIN_VARIABLES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}


def command(
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print every setting, its value, and whether a flag, a variable, the file or the default gave it."""
    settings = load(data_dir=data_dir)
    file = settings.data_dir / CONFIG_FILE
    written = tomllib.loads(file.read_text()) if file.is_file() else {}
    rows = [
        {"setting": ".".join(path), "value": shown(value), "from": origin(path, written, data_dir)}
        for path, value in leaves(settings.model_dump())
    ]
    report = {
        "version": version("candlewick"),
        "python": platform.python_version(),
        "settings": rows,
        "running": running(settings.data_dir),
        "free_disk_gb": free_disk_gb(settings.data_dir),
    }
    if as_json:
        print_json(report)
        return
    echo(f"Candlewick {report['version']}, Python {report['python']}, {file}{'' if written else ' (none)'}")
    echo(f"running: {report['running']}; free disk: {report['free_disk_gb']} GB")
    width = max(len(row["setting"]) for row in rows)
    for row in rows:
        echo(f"  {row['setting']:<{width}}  {row['value']}  ({row['from']})")


def leaves(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of nested settings with its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def shown(value: Any) -> str:
    """A value as people may see it: secrets are masked."""
    if isinstance(value, SecretStr):
        return "********"
    return "not set" if value is None else str(value)


def origin(path: tuple[str, ...], written: dict[str, Any], data_dir: Path | None) -> str:
    """Where a setting came from; the same order of precedence as `settings.load`."""
    if path == ("data_dir",) and data_dir is not None:
        return "flag"
    variable = PLAIN_VARIABLES.get(path[0], PREFIX + "__".join(path).upper())
    if variable in os.environ:
        return f"variable {variable}"
    section = PREFIX + path[0].upper()
    if section in os.environ:
        return f"variable {section}"
    value: Any = written
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return "default"
        value = value[key]
    return CONFIG_FILE


def running(data_dir: Path) -> bool:
    """Whether a supervisor holds the folder."""
    try:
        with owning(data_dir):
            return False
    except StoreLocked:
        return True


def free_disk_gb(data_dir: Path) -> float:
    """Free space where the data folder is, in 10⁹ bytes."""
    return round(shutil.disk_usage(data_dir).free / 1e9, 1)
