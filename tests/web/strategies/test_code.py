"""Who reads the text of strategies: owners and traders. A viewer sees what they make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from candlewick.research.loading import FOLDER
from candlewick.runtime.jobs.kinds.results import TEAR_SHEET
from candlewick.runtime.jobs.studies import LOG
from candlewick.store.models import AccountMember, JobState, Role, StrategyAtWork, User
from candlewick.web.research import results
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink
from tests.web.research import ground

SECRET: Final = "volume_of_the_third_hour"
SOURCE: Final = f'''
import candlewick as cw


class Edge(cw.Strategy):
    """Buys what rises."""

    def signals(self, bars, ind):
        {SECRET} = bars.volume > 41_427
        return cw.Signals(enter_long={SECRET})
'''
REST: Final = (
    "/api/dashboard/strategies/",
    "/api/dashboard/strategies/{id}/",
    "/api/dashboard/strategies/{id}/log/",
)


@pytest.fixture(autouse=True)
def _folder() -> Iterator[None]:
    path = Path(settings.DATA_DIR) / FOLDER / "edge.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(SOURCE)
    yield
    path.unlink()
    path.parent.rmdir()


@pytest.fixture
def at_work(person: Person, link: FakeLink) -> StrategyAtWork:
    """Someone's, who shares the account with everybody else: to see."""
    link.answers |= {
        "strategy.list": lambda **_: [],
        "strategy.state": lambda **_: None,
        "strategy.look": lambda **_: None,
        "account.portfolio": lambda **_: {"total_value": None},
    }
    account = person(Role.TRADER).accounts.get()
    spec = {"strategy": "edge:Edge", "symbols": ["sim:BTCUSDT"], "timeframe": "1h", "parameters": {}}
    return StrategyAtWork.objects.create(
        account=account,
        name="Edge",
        spec=spec,
        source=SOURCE,
        created_ns=1,
        changed_ns=1,
        ended_ns=1,
        state="stopped",
    )


def visitor(browser: Browser, person: Person, role: Role, at_work: StrategyAtWork) -> Client:
    user = person(role)
    AccountMember.objects.create(account=at_work.account, user=user, may_trade=False)
    return browser(user)


@pytest.mark.parametrize(("role", "reads"), [(Role.OWNER, True), (Role.TRADER, True), (Role.VIEWER, False)])
def test_owners_and_traders_read_the_code_and_viewers_see_the_rest(
    browser: Browser, person: Person, at_work: StrategyAtWork, role: Role, reads: bool
) -> None:
    client = visitor(browser, person, role, at_work)
    for path in (reverse("strategy", args=["Edge"]), reverse("strategy_at_work", args=[at_work.pk])):
        page = client.get(path)
        assert page.status_code == 200
        text = page.content.decode()
        assert "Edge" in text
        assert (SECRET in text) is reads
        assert ("Traders and owners read it." in text) is not reads


def test_rest_does_not_tell_the_code(browser: Browser, person: Person, at_work: StrategyAtWork) -> None:
    client = visitor(browser, person, Role.VIEWER, at_work)
    account = at_work.account_id
    for path in REST:
        answer = client.get(path.format(id=at_work.pk), {"account": account})
        assert answer.status_code == 200, answer.content
        assert SECRET not in answer.content.decode()


def test_a_trader_who_has_become_a_viewer_keeps_the_figures_of_their_studies(
    browser: Browser, person: Person
) -> None:
    user = person(Role.TRADER)
    failed = ground.ended(user.pk, JobState.FAILED, source=SOURCE, error="edge.py, line 8: it raised.")
    done = ground.ended(user.pk, JobState.DONE, source=SOURCE)
    for job, name in ((failed, LOG), (done, TEAR_SHEET)):
        file = results.folder(job) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SECRET)
    client = browser(user)
    sheet = reverse("study_tear_sheet", args=[done.pk])
    assert SECRET in client.get(reverse("study", args=[failed.pk])).content.decode()
    assert client.get(sheet).status_code == 200

    User.objects.filter(pk=user.pk).update(role=Role.VIEWER)
    page = client.get(reverse("study", args=[failed.pk])).content.decode()
    assert "it raised" in page
    assert SECRET not in page
    assert client.get(sheet).status_code == 403
