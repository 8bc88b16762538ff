"""Build hook: a wheel carries the front-end libraries, although the repository does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface[Any]):
    """Lays out web/static/vendor/ before a wheel is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run tools/assets.py; an editable install is left to `make setup`, which does the same."""
        if self.target_name != "wheel" or version == "editable":
            return
        command = [sys.executable, str(Path(self.root) / "tools/assets.py"), "--served-only"]
        # stdout belongs to the build front end
        done = subprocess.run(command, cwd=self.root, stdout=sys.stderr, check=False)
        if done.returncode != 0:
            raise RuntimeError("The front-end libraries could not be laid out, so no wheel was built.")
