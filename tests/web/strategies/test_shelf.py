"""Strategies as they are shown: bundled ones, a person's own, and files that are broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from candlewick.research.loading import FOLDER
from candlewick.research.naming import NoSuchStrategy
from candlewick.store.models import Role, StrategyAtWork
from candlewick.web.strategies.shelf import WrongParameters, shelf
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


def test_a_persons_own_is_what_its_name_means_and_the_bundled_one_has_another(folder: Path) -> None:
    (folder / "mine.py").write_text(GOOD.replace("class Dip", "class EmaCross"))
    there = shelf()
    own, bundled = there.find("EmaCross"), there.find("candlewick.bundled.ema_cross:EmaCross")
    assert own.source == there.find("mine:EmaCross").source == there.find("ema-cross").source
    assert bundled.told.bundled
    assert (own.key, bundled.key) == ("EmaCross", "candlewick.bundled.ema_cross:EmaCross")
    assert all(there.find(each.key) is each for each in there.books)


def test_what_is_shown_is_what_is_started(folder: Path, client: Client, link: FakeLink) -> None:
    (folder / "ema_cross.py").write_text(GOOD.replace("class Dip", "class EmaCross"))
    link.answers |= dict.fromkeys(("strategy.look", "strategy.state"), lambda **_: None)
    for name, symbols in (("EmaCross", "BTCUSDT"), ("candlewick.bundled.ema_cross:EmaCross", "ETHUSDT")):
        book, typed = shelf().find(name), {"symbols": symbols, "timeframe": "1h", "share": "10"}
        at = reverse("strategy", args=[book.key])
        shown = client.get(at).content.decode()
        assert ("Comes with Candlewick" in shown) == book.told.bundled
        assert (
            client.post(
                f"{at}start/", typed | {"symbols": "ETHUSDT" if book.source else "BTCUSDT"}
            ).status_code
            == 302
        )
        row = StrategyAtWork.objects.latest("created_ns")
        assert row.source == book.source
        assert row.spec["strategy"] == book.told.reference
        page = client.get(reverse("strategy_at_work", args=[row.pk])).content.decode()
        assert ("Buys every dip" in page) == (not book.told.bundled)


def test_a_study_leads_back_to_what_it_studied(folder: Path) -> None:
    own = GOOD.replace("class Dip", "class EmaCross")
    (folder / "mine.py").write_text(own)
    there = shelf()
    bundled = there.studied("candlewick.bundled.ema_cross:EmaCross", "")
    assert bundled is not None
    assert bundled.told.bundled
    assert there.studied("EmaCross", own) is there.find("EmaCross")
    (folder / "two.py").write_text(own.replace("every", "each"))
    found = shelf().studied("EmaCross", own)
    assert found is not None
    assert found.key == "mine:EmaCross"
    assert shelf().studied("Gone", own) is None


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
