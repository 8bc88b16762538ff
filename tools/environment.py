"""Install what requirements.lock pins into the environment that runs this, each package by its hash.

uv does it in a tenth of pip's time, and is itself installed by pip and hash. But uv knows nothing of
pip's configuration: where a machine names an index of its own for pip, or uv fails for whatever
reason, pip does it all. The hashes decide what is taken either way.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).resolve().parent.parent / "requirements.lock"
PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check")
INSTALL: Final = (*PIP, "install", "--quiet", "--require-hashes", "-r")


def pins(lock: str, package: str) -> str:
    """The part of `lock` that pins `package`."""
    kept: list[str] = []
    inside = False
    for line in lock.splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            inside = line.startswith(f"{package}==")
        if inside:
            kept.append(line)
    return "".join(kept)


def has_index_of_its_own() -> bool:
    """Whether this machine replaces the public index for pip."""
    # lines like `global.index-url='…'`, and `:env:.index-url='…'` for PIP_INDEX_URL
    listing = subprocess.run((*PIP, "config", "list"), capture_output=True, text=True, check=False).stdout
    return any(line.partition("=")[0].endswith(".index-url") for line in listing.splitlines())


def install_with_uv() -> bool:
    """Whether uv could be fetched and installed everything."""
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as uv_only:
        uv_only.write(pins(LOCK.read_text(), "uv"))
        uv_only.flush()
        if subprocess.run((*INSTALL, uv_only.name), check=False).returncode != 0:
            return False
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    target = ("--python", sys.executable, "--require-hashes", "-r", str(LOCK))
    # the machine's certificates, as pip takes them: many networks have one of their own
    command = (uv, "pip", "install", "--quiet", "--system-certs", *target)
    return subprocess.run(command, check=False).returncode == 0


def main() -> int:
    """Install by uv where that can be, by pip where not."""
    if not has_index_of_its_own():
        if install_with_uv():
            return 0
        print(
            "environment: uv could not install everything; pip does it, which takes longer", file=sys.stderr
        )
    return subprocess.run((*INSTALL, str(LOCK)), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
