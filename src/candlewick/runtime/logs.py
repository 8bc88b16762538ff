"""Logging of the processes: one line a record, to stderr, with the part's name."""

from __future__ import annotations

import logging


def set_up_logging(part: str, level: str) -> None:
    """Send records of `level` and above to stderr as `time part level logger: message`."""
    logging.basicConfig(
        level=level.upper(),
        format=f"%(asctime)s {part:<6} %(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
    )
    # the connection shell tells what matters of a connection; its library tells the rest
    logging.getLogger("picows").setLevel(logging.WARNING)
