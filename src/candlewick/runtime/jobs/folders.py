"""Where the files of a study lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

STUDIES: Final = "studies"


def folder_of(data_dir: Path, id: str) -> Path:
    """The folder of a study: its result, its log, its pieces."""
    return data_dir / STUDIES / id
