"""The import map and the scripts that are loaded ahead."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from candlewick.core.errors import ConfigError
from candlewick.web.terminal import vendor

STATIC = Path(vendor.__file__).resolve().parent.parent / "static"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    vendor.import_map.cache_clear()
    vendor.modules.cache_clear()
    yield
    vendor.import_map.cache_clear()
    vendor.modules.cache_clear()


def _file_of(url: str) -> Path:
    assert url.startswith(settings.STATIC_URL)
    return STATIC / url.removeprefix(settings.STATIC_URL)


def test_the_import_map_pins_the_file_that_is_served() -> None:
    import_map = json.loads(vendor.import_map())

    url = import_map["imports"]["lightweight-charts"]
    digest = hashlib.sha384(_file_of(url).read_bytes()).digest()
    assert import_map["integrity"] == {url: "sha384-" + base64.b64encode(digest).decode()}


def test_every_script_of_the_terminal_is_loaded_ahead_and_exists() -> None:
    modules = vendor.modules()

    files = {_file_of(module.url) for module in modules}
    assert files >= set((STATIC / "js").rglob("*.js"))
    assert all(file.is_file() for file in files)


def test_a_library_is_loaded_ahead_under_the_hash_of_the_import_map() -> None:
    pinned = json.loads(vendor.import_map())["integrity"]

    ahead = {module.url: module.integrity for module in vendor.modules() if module.integrity}
    assert ahead == pinned


def test_it_says_what_to_do_where_the_libraries_were_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(vendor, "_INDEX", tmp_path / "vendor" / "vendor.json")

    with pytest.raises(ConfigError, match="make setup"):
        vendor.import_map()
