"""Static files gathered into one folder, compressed, under a name that changes with their content.

Done once a version, at the first start after an install; later starts find the folder there.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import brotli
import ninja

_COMPRESSIBLE: Final = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt"})
_WORTH_IT: Final = 512  # bytes below which compression saves nothing
_SWAGGER: Final = (
    "swagger-ui-bundle.js",
    "swagger-ui-init.js",
    "swagger-ui.css",
    "favicon.png",
    "favicon.svg",
)


def collected(web: Path, data_dir: Path) -> tuple[Path, str]:
    """The folder with all static files, and its version.

    Args:
        web: the web room, whose `static/` holds ours and the fetched libraries.
        data_dir: where to keep what is gathered.
    """
    files = dict(_files(web))
    version = _digest(files)
    folder = data_dir / "static" / version
    if not folder.is_dir():
        _gather(files, folder)
    return folder, version


def _files(web: Path) -> Iterator[tuple[str, Path]]:
    static = web / "static"
    for path in sorted(static.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(static).as_posix(), path
    # Swagger UI comes with django-ninja, so that the API's page needs no other server.
    swagger = Path(ninja.__file__).parent / "static" / "ninja"
    for name in _SWAGGER:
        yield f"ninja/{name}", swagger / name


def _digest(files: dict[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in files.items():
        status = path.stat()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _gather(files: dict[str, Path], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for old in folder.parent.iterdir():
        shutil.rmtree(old, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    for name, path in files.items():
        target = fresh / name
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        target.write_bytes(content)
        if path.suffix in _COMPRESSIBLE and len(content) >= _WORTH_IT:
            # Browsers ask for brotli over https and on localhost only.
            _keep(target, ".br", brotli.compress(content, quality=6), len(content))
            _keep(target, ".gz", gzip.compress(content, 6, mtime=0), len(content))
    fresh.chmod(0o755)
    try:
        fresh.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(fresh, ignore_errors=True)


def _keep(target: Path, suffix: str, content: bytes, size: int) -> None:
    if len(content) < size:
        target.with_name(target.name + suffix).write_bytes(content)
