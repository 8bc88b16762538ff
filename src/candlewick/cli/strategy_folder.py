"""Where a person's own strategies stand."""

from __future__ import annotations

from pathlib import Path


def folder_of(data_dir: Path | None) -> Path:
    """The folder of strategies within the data folder that the options and settings name."""
    from candlewick.research.loading import FOLDER
    from candlewick.runtime.settings import load

    return load(data_dir=data_dir).data_dir / FOLDER
