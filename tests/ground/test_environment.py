"""Installing: uv where the public index is meant, pip where the machine says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import environment


def test_it_takes_the_pins_of_one_package_with_all_their_hashes() -> None:
    lock = environment.LOCK.read_text()
    pins = environment.pins(lock, "uv")
    assert pins.startswith("uv==")
    assert pins.count("==") == 1
    assert pins.count("--hash=sha256:") > 5
    assert pins in lock


def test_it_takes_nothing_for_a_package_that_is_not_pinned() -> None:
    assert environment.pins(environment.LOCK.read_text(), "uvi") == ""


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty pip configuration instead of the machine's."""
    path = tmp_path / "pip.conf"
    path.touch()
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    return path


def test_it_leaves_a_machine_with_an_index_of_its_own_to_pip(configuration: Path) -> None:
    configuration.write_text("[global]\nindex-url = http://mirror.invalid/simple\n")
    assert environment.has_index_of_its_own()


def test_it_heeds_an_index_named_in_a_variable(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror.invalid/simple")
    assert environment.has_index_of_its_own()


def test_it_uses_uv_where_the_public_index_is_only_added_to(configuration: Path) -> None:
    configuration.write_text("[global]\nextra-index-url = http://more.invalid/simple\n")
    assert not environment.has_index_of_its_own()
