"""The import map and the scripts that are fetched with a page."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from candlewick.core.errors import ConfigError
from candlewick.web import scripts

TERMINAL = "js/terminal/main.js"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    scripts.import_map.cache_clear()
    scripts.scripts_of.cache_clear()
    yield
    scripts.import_map.cache_clear()
    scripts.scripts_of.cache_clear()


def _file_of(url: str) -> Path:
    assert url.startswith(settings.STATIC_URL)
    return scripts.STATIC / url.removeprefix(settings.STATIC_URL)


def test_the_import_map_pins_each_file_that_is_served() -> None:
    import_map = json.loads(scripts.import_map())

    assert {"lightweight-charts", "htmx.org", "uplot"} <= set(import_map["imports"])
    for url in import_map["imports"].values():
        digest = hashlib.sha384(_file_of(url).read_bytes()).digest()
        assert import_map["integrity"][url] == "sha384-" + base64.b64encode(digest).decode()


def test_every_script_that_the_terminal_imports_is_fetched_ahead_and_exists() -> None:
    found = scripts.scripts_of(TERMINAL)

    files = {_file_of(module.url).relative_to(scripts.STATIC).as_posix() for module in found.modules}
    assert {"js/live.js", "js/terminal/chart/chart.js", "js/terminal/chart/split.js"} <= files
    assert all((scripts.STATIC / file).is_file() for file in files)
    assert _file_of(found.entry) == scripts.STATIC / TERMINAL
    assert TERMINAL not in files


def test_a_page_fetches_no_script_that_only_another_page_needs() -> None:
    found = scripts.scripts_of("js/live.js")

    assert found.modules == ()


def test_a_library_is_fetched_ahead_under_the_hash_of_the_import_map() -> None:
    pinned = json.loads(scripts.import_map())["integrity"]

    ahead = {each.url: each.integrity for each in scripts.scripts_of(TERMINAL).modules if each.integrity}
    assert ahead.items() <= pinned.items()
    assert any("lightweight-charts" in url for url in ahead)
    assert not any("uplot" in url for url in ahead)


def test_it_says_what_to_do_where_the_libraries_were_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scripts, "_INDEX", tmp_path / "vendor" / "vendor.json")

    with pytest.raises(ConfigError, match="make setup"):
        scripts.import_map()


@pytest.mark.parametrize("text", ["</script>", "\u2028", "\u2029", "<!--"])
def test_json_in_a_script_element_cannot_end_it(text: str) -> None:
    written = scripts.script_json({"symbol": text})

    assert text not in written
    assert json.loads(written) == {"symbol": text}
