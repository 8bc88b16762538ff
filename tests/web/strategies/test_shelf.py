"""Strategies as they are shown: bundled ones, a person's own, and files that are broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.test import Client

from candlewick.research.loading import FOLDER
from candlewick.store.models import Role
from candlewick.web.strategies.shelf import NoSuchStrategy, WrongParameters, shelf
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

GOOD: Final = '''
import candlewick as cw
from candlewick import Param, Strategy


class Dip(Strategy):
    """Buys every dip.

    It loses when there is no bottom.
    """

    depth = Param(0.02, low=0.01, high=0.5)

    def signals(self, bars, ind):
        return cw.Signals(enter_long=bars.close < bars.open)
'''


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of people's own strategies."""
    made = Path(settings.DATA_DIR) / FOLDER
    made.mkdir(exist_ok=True)
    yield made
    for path in made.iterdir():
        path.unlink()
    made.rmdir()


@pytest.fixture
def client(browser: Browser, person: Person, link: FakeLink) -> Client:
    link.answers["strategy.list"] = lambda **_: []
    return browser(person(Role.TRADER))


def test_the_bundled_ones_are_there_and_send_no_source(folder: Path) -> None:
    book = shelf().find("EmaCross")
    assert book.told.bundled
    assert book.source == ""
    assert list(book.params) == ["fast", "slow", "shorts"]
    assert any("When it loses" in each[0][1] for each in book.idea)


def test_a_new_file_is_there_at_once_and_a_changed_one_is_read_again(folder: Path) -> None:
    (folder / "mine.py").write_text(GOOD)
    book = shelf().find("Dip")
    assert (book.told.title, book.idea) == (
        "Buys every dip.",
        [[(False, "It loses when there is no bottom.")]],
    )
    assert book.source == GOOD
    (folder / "mine.py").write_text(GOOD.replace("every dip", "no dip at all"))
    assert shelf().find("Dip").told.title == "Buys no dip at all."
    (folder / "mine.py").unlink()
    with pytest.raises(NoSuchStrategy):
        shelf().find("Dip")


def test_a_broken_file_is_told_with_its_line_and_harms_no_other(folder: Path, client: Client) -> None:
    (folder / "bad.py").write_text("import candlewick\n\n\ndef broken(:\n")
    (folder / "ends.py").write_text("import os\nos._exit(3)\n")
    (folder / "good.py").write_text(GOOD)
    found = shelf()
    assert {each.file: each.line for each in found.broken} == {"bad.py": 4, "ends.py": None}
    assert found.find("Dip").source == GOOD
    page = client.get("/strategies/").content.decode()
    assert "bad.py, line 4" in page
    assert "Dip" in page


def test_two_of_one_name_can_be_told_apart(folder: Path) -> None:
    (folder / "mine.py").write_text(GOOD.replace("class Dip", "class EmaCross"))
    assert shelf().find("EmaCross").told.bundled
    assert shelf().find("mine:EmaCross").source


def test_parameters_are_read_as_their_kind_and_refused_by_name(folder: Path) -> None:
    book = shelf().find("EmaCross")
    assert book.read({"fast": "9", "shorts": "true"}) == {"fast": 9, "slow": 26, "shorts": True}
    with pytest.raises(WrongParameters) as wrong:
        book.read({"fast": 9.5, "slow": 30})
    assert list(wrong.value.errors) == ["fast"]


def test_a_page_shows_the_code_with_its_lines(folder: Path, client: Client) -> None:
    (folder / "mine.py").write_text(GOOD.replace("Buys every", "Buys <every>"))
    page = client.get("/strategies/library/Dip/").content.decode()
    assert "Buys &lt;every&gt; dip." in page
    assert page.count("<li><code>") == len(GOOD.splitlines())
    assert "a number from 0.01 to 0.5" in page
    assert client.get("/strategies/library/Nothing/").status_code == 404
