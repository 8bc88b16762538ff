"""The key that signs sessions and tokens: made at the first start, kept in the data folder."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from candlewick.core.errors import ConfigError


def secret_key(data_dir: Path) -> str:
    """The key in `data_dir/secret.key`, made if absent, readable by its owner alone.

    Raises:
        ConfigError: the file is empty, or cannot be read or made.
    """
    path = data_dir / "secret.key"
    try:
        key = _kept_or_made(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{path} cannot be used: {reason}. Make it yours, or remove it.") from None
    if not key:
        raise ConfigError(f"{path} is empty. Remove it; a new key is made, and everybody signs in again.")
    return key


def _kept_or_made(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # a name of its own and its owner's alone, whoever else starts at this moment
        descriptor, fresh = tempfile.mkstemp(prefix="secret.key.", dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        # A link fails where the file exists: of two that start at once, one key wins.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        Path(fresh).unlink()
    return path.read_text("utf-8").strip()
