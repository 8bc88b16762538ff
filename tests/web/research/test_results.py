"""Every kind of study, run by a real worker and read on its page: what the page says is what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from django.conf import settings
from django.test import Client

from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, User
from candlewick.web.research.kinds import kinds
from candlewick.web.services import Services
from tests.runtime.jobs.ground import reach, worker
from tests.web.research import ground

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first

SPACE: Final = {"fast": [5, 20], "slow": [30, 60]}
WINDOWS: Final = {"train": "20d", "test": "10d", "space": SPACE}
MORE: Final[dict[str, dict[str, Any]]] = {
    "backtest": {},
    "optimisation": {
        "space": SPACE,
        "objective": ["sharpe", "-max_drawdown"],
        "parameters": {"shorts": False},
    },
    "walk_forward": WINDOWS,
    "cross_validation": {"space": SPACE, "groups": 4, "constraints": ["fast < slow"]},
    "monte_carlo": {"runs": 50},
    "stress": {"timeframe": "4h", "finer": "1h"},
    "readiness": WINDOWS,
    "compare": {"others": [{"strategy": "EmaCross", "parameters": {"fast": 20, "slow": 60}}]},
}


@pytest.fixture(scope="module")
def at_work() -> Iterator[None]:
    """A worker of the tests' data folder."""
    with worker():
        yield


@pytest.fixture
def study(
    client: Client, services: Services, ann: User, at_work: None
) -> Callable[[str], tuple[Job, Any, str]]:
    """Runs a study of a kind: its row, the document it left behind, and its page."""
    services.close()
    services.__dict__.pop("lake", None)
    services.market_dir = Path(settings.DATA_DIR)
    ground.put_bars(services.lake, ground.PERP)

    def run(kind: str) -> tuple[Job, Any, str]:
        body = ground.asked(timerange="20240101-20240301", **MORE[kind])
        answer = client.post(f"/api/research/{kinds()[kind].path}/", body, content_type="application/json")
        assert answer.status_code == 202, answer.content
        job = reach(answer.json()["id"], "done", "failed")
        assert job.state == "done", job.error
        page = client.get(f"/research/{job.pk}/")
        assert page.status_code == 200
        found = orjson.loads((folder_of(settings.DATA_DIR, job.pk) / job.result_path).read_bytes())
        return job, found, page.content.decode()

    return run


Run = Callable[[str], tuple[Job, Any, str]]


def test_every_kind_that_is_offered_is_tried_here() -> None:
    assert kinds().keys() == MORE.keys()


def test_a_backtest_shows_its_tear_sheet(study: Run, client: Client) -> None:
    job, found, page = study("backtest")
    assert found["trade_count"] > 5
    assert page.count("<tr><td") >= found["trade_count"]
    assert f"{100 * found['metrics']['max_drawdown']:.1f}".lstrip("-") in page
    sheet = client.get(f"/research/{job.pk}/tearsheet.html")
    assert sheet["Content-Disposition"].startswith("attachment")
    assert b"EmaCross" in sheet.content


def test_a_search_shows_each_trial_and_marks_the_front(study: Run, client: Client) -> None:
    job, found, page = study("optimisation")
    assert found["count"] == 4
    assert page.count(">FRONT<") == len(found["front"])
    drawn = orjson.loads(page.partition('id="drawn">')[2].partition("</script>")[0])
    front, (heatmap, *_) = drawn["front"], drawn["heatmaps"]
    assert (front["x"], front["xIsPart"]) == ("Sharpe", False)
    assert (front["y"], front["yIsPart"]) == ("Maximum drawdown", True), "per cent, as the table has it"
    assert (heatmap["title"], heatmap["isPart"]) == ("Sharpe", False)
    assert heatmap["low"] in page, "as the table has it"
    best = found["best"]
    again = client.get(f"/research/new/?kind=backtest&again={job.pk}&trial={best['number']}").content.decode()
    assert f'name="p_fast" value="{best["parameters"]["fast"]}"' in again


def test_a_walk_forward_shows_each_window(study: Run) -> None:
    _, found, page = study("walk_forward")
    assert len(found["windows"]) > 1
    for window in found["windows"]:
        assert f"<time>{window['test_start'][:10]}</time>" in page


def test_a_cross_validation_shows_its_paths_and_choices(study: Run) -> None:
    _, found, page = study("cross_validation")
    assert (found["paths"], found["splits"]) == (3, 6)
    assert found["verdict"] in page
    table = page[page.index("choices-title") :]
    for choice in found["choices"]:
        assert f'<th scope="row">{", ".join(str(group + 1) for group in choice["tested"])}</th>' in table


def test_a_monte_carlo_shows_its_verdict(study: Run) -> None:
    _, found, page = study("monte_carlo")
    assert found["verdict"].replace("<", "&lt;") in page
    assert "Figures of 50 runs" in page


def test_a_stress_test_shows_each_row_and_why_one_is_missing(study: Run) -> None:
    _, found, page = study("stress")
    for row in found["rows"]:
        assert row["name"].replace("'", "&#x27;") in page
        assert not row["reason"] or row["reason"].replace("'", "&#x27;") in page


def test_readiness_shows_each_check_with_its_sentence(study: Run) -> None:
    _, found, page = study("readiness")
    assert found["ready_for"] == "nothing", "a market that wanders teaches nothing"
    assert "Not ready" in page
    for check in found["checks"]:
        assert check["label"].replace("'", "&#x27;") in page
        assert check["sentence"].replace("'", "&#x27;") in page
    assert page.count('<td data-label="Live">') == len(found["checks"]), "the answer stands beside its level"


def test_a_comparison_shows_the_ranking(study: Run) -> None:
    _, found, page = study("compare")
    assert len(found["ranking"]) == 2
    table = page[page.index("ranking-title") :]
    places = [table.index(f'<th scope="row">{each["name"]}</th>') for each in found["ranking"]]
    assert places == sorted(places), "the best first"
    assert found["verdict"].replace("<", "&lt;") in page
