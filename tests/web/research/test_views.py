"""The pages of studies: asked for, started, cancelled, noted, deleted; each its owner's alone."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from django.conf import settings
from django.test import Client

from candlewick.runtime.jobs import desk, registry
from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, JobState, Role, User
from candlewick.web.strategies.shelf import shelf
from tests.web.conftest import Browser, Person
from tests.web.research.ground import ended, folder_with, typed


def said(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


def test_a_study_that_is_asked_for_waits_and_is_shown(client: Client, ann: User) -> None:
    answer = client.post("/research/new/", typed(p_fast="9", name="Mine & only", notes="Why not"))
    job = Job.objects.get(owner=ann)
    assert answer.url == f"/research/{job.pk}/"  # type: ignore[attr-defined]
    assert (job.state, job.name, job.notes) == ("queued", "Mine & only", "Why not")
    page = said(client, answer.url)  # type: ignore[attr-defined]
    assert "Mine &amp; only" in page
    assert "fast 9, slow 26" in page
    assert "Waiting" in page
    assert "Mine &amp; only" in said(client, "/research/")


def test_bars_are_offered_that_are_made_of_shorter_ones(
    client: Client, ann: User, own_strategies: Path
) -> None:
    head = "from candlewick import Signals, Strategy\n\nclass Slow(Strategy):\n    timeframe = '8h'\n"
    body = "    def signals(self, bars, ind):\n        return Signals()\n"
    folder_with(own_strategies, slow=head + body)
    page = said(client, "/research/new/?strategy=EmaCross&market=BTCUSDT-PERP%7C4h")
    assert re.search(r'<option value="BTCUSDT-PERP\|4h"[^>]* selected>BTCUSDT-PERP · 4h · 360 bars', page)
    assert 'value="BTCUSDT-PERP|8h"' in page, "one of the strategies wants it"
    assert 'value="BTCUSDT-PERP|6h"' not in page
    client.post("/research/new/", typed(market="BTCUSDT-PERP|4h"))
    assert Job.objects.get(owner=ann).spec["timeframe"] == "4h"


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(client: Client, ann: User) -> None:
    answer = client.post("/research/new/", typed(p_fast="99", name="Typed with care"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "give a whole number from 5 to 50." in page
    assert 'value="99"' in page
    assert 'value="Typed with care"' in page
    assert not Job.objects.filter(owner=ann).exists()


def test_another_strategy_brings_its_own_parameters(client: Client) -> None:
    part = said(client, "/research/new/parameters/?strategy=DonchianTrend")
    assert 'name="p_entry"' in part
    assert 'name="p_fast"' not in part


def test_a_person_without_bars_is_told_how_to_get_some(
    client: Client, browser: Browser, tmp_path: Path, services: object
) -> None:
    services.market_dir = tmp_path / "empty"  # type: ignore[attr-defined]
    services.close()  # type: ignore[attr-defined]
    services.__dict__.pop("lake")
    page = said(client, "/research/new/")
    assert "There are no bars to study yet" in page
    assert "candlewick data import" in page


def test_a_study_is_cancelled_started_again_and_deleted(client: Client, ann: User) -> None:
    job = desk.submit(ann.pk, "backtest", {}, name="Mine")
    act = f"/research/{job.pk}/act/"
    client.post(act, {"do": "cancel"})
    assert desk.find(ann.pk, job.pk).state == "cancelled"
    client.post(act, {"do": "start"})
    assert desk.find(ann.pk, job.pk).state == "queued"
    client.post(act, {"do": "cancel"})
    page = client.post(act, {"do": "delete"}, follow=True).content.decode()
    assert "is deleted" in page
    assert not Job.objects.filter(pk=job.pk).exists()


def test_what_cannot_be_done_now_is_told(client: Client, ann: User) -> None:
    job = ended(ann.pk, JobState.RUNNING)
    page = client.post(f"/research/{job.pk}/act/", {"do": "delete"}, follow=True).content.decode()
    assert "cancel it first" in page
    assert Job.objects.filter(pk=job.pk).exists()


def test_a_failed_study_says_why_and_shows_the_line(client: Client, ann: User) -> None:
    job = ended(
        ann.pk, JobState.FAILED, source="one = 1\ntwo = broken\nthree = 3\n",
        error="The study failed: NameError: broken (strategy.py, line 2). Its log has the whole message.",
    )  # fmt: skip
    folder = folder_of(settings.DATA_DIR, job.pk)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("Traceback <most recent>\n")
    page = said(client, f"/research/{job.pk}/")
    assert "NameError: broken" in page
    assert '<li class="fault"><code>two = broken</code></li>' in page
    assert "Traceback &lt;most recent&gt;" in page


def test_notes_are_kept_and_a_name_is_wanted(client: Client, ann: User) -> None:
    job = ended(ann.pk, JobState.DONE)
    client.post(f"/research/{job.pk}/note/", {"name": "Better", "notes": "It was luck."})
    kept = desk.find(ann.pk, job.pk)
    assert (kept.name, kept.notes) == ("Better", "It was luck.")
    page = client.post(f"/research/{job.pk}/note/", {"name": " ", "notes": ""}, follow=True).content.decode()
    assert "A study needs a name." in page


def test_the_list_is_filtered_by_kind_and_state(
    client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.KINDS, "a study", "nowhere:run")
    ended(ann.pk, JobState.DONE, name="Done one")
    ended(ann.pk, JobState.FAILED, name="Failed one")
    desk.submit(ann.pk, "a study", {}, name="Other kind")
    assert "Other kind" not in said(client, "/research/?kind=backtest")
    page = said(client, "/research/?state=failed")
    assert "Failed one" in page
    assert "Done one" not in page


def test_a_stranger_finds_no_study_of_another(browser: Browser, ann: User, bob: User) -> None:
    job = ended(ann.pk, JobState.DONE, name="Secret")
    his = browser(bob)
    assert his.get(f"/research/{job.pk}/").status_code == 404
    assert his.get(f"/research/compare/?id={job.pk}").status_code == 404
    assert his.get(f"/research/new/?again={job.pk}").status_code == 404
    assert "Secret" not in said(his, "/research/")


def test_a_viewer_looks_and_asks_for_nothing(browser: Browser, person: Person) -> None:
    viewer = browser(person(Role.VIEWER))
    assert "New study" not in said(viewer, "/research/")
    assert viewer.post("/research/new/", typed()).status_code == 403


def test_a_result_that_is_gone_is_told(client: Client, ann: User) -> None:
    job = ended(ann.pk, JobState.DONE, result_path="result.json")
    assert "run it again" in said(client, f"/research/{job.pk}/")


def compared(client: Client, *jobs: Job) -> str:
    return said(client, f"/research/compare/?{urlencode([('id', job.pk) for job in jobs])}")


def backtested(ann: User, sharpe: float, **spec: object) -> Job:
    """A backtest of Ann's that is done, with its figures."""
    ran_on = {"symbols": ["sim:BTCUSDT-PERP"], "timeframe": "1h", "timerange": "20240101-20240201"}
    strategy = shelf().find("EmaCross").told.reference
    job = ended(ann.pk, JobState.DONE, spec={"strategy": strategy} | ran_on | spec, result_path="result.json")
    folder = folder_of(settings.DATA_DIR, job.pk)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_bytes(orjson.dumps({"metrics": {"sharpe": sharpe, "trades": 40}}))
    return job


def test_backtests_on_the_same_bars_lead_to_a_study_of_whether_they_differ_by_chance(
    client: Client, ann: User
) -> None:
    better = backtested(ann, 2.0, parameters={"fast": 9})
    worse = backtested(ann, 1.0, parameters={"fast": 20, "slow": 100})

    found = re.search(r'href="([^"]+)">ask how likely', compared(client, worse, better))
    assert found is not None
    form = said(client, html.unescape(found[1]))

    assert 'name="p_fast" value="9"' in form, "the best one is asked about"
    assert "EmaCross fast=20 slow=100</textarea>" in form


def test_backtests_of_other_bars_cannot_be_told_apart_by_one_study(client: Client, ann: User) -> None:
    one = backtested(ann, 2.0)
    other = backtested(ann, 1.0, timerange="20230101-20230201")

    assert "ask how likely" not in compared(client, one, other)
