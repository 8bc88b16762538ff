"""`/api/research/`: what programs ask for, follow and cancel."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from candlewick.runtime.jobs import desk
from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, JobState, Role, User
from tests.web.conftest import Browser, Person
from tests.web.research.ground import asked, ended

AT = "/api/research/backtests/"


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(path, body if body is not None else {}, content_type="application/json")


def test_a_study_is_accepted_with_its_name(client: Client, ann: User) -> None:
    answer = post(client, AT, asked(parameters={"fast": 9}))
    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert (told["state"], told["kind"]) == ("queued", "backtest")
    assert desk.find(ann.pk, told["id"]).spec["parameters"]["fast"] == 9


def test_what_cannot_be_is_told_by_field(client: Client, ann: User) -> None:
    answer = post(client, AT, asked(parameters={"fast": 1}))
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["parameters.fast"]
    assert list(post(client, AT, asked(cash=-1)).json()["errors"]) == ["cash"]
    assert list(post(client, AT, asked(speed=1)).json()["errors"]) == ["speed"]
    assert not Job.objects.filter(owner=ann).exists()


def test_finer_bars_are_asked_for_and_refused_where_there_are_none(client: Client, ann: User) -> None:
    answer = post(client, AT, asked(finer="1m"))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["finer"])
    assert list(post(client, AT, asked(finer="7m")).json()["errors"]) == ["finer"]
    answer = post(client, AT, asked(timeframe="4h", finer="1h"))
    assert answer.status_code == 202, answer.content
    assert desk.find(ann.pk, answer.json()["id"]).spec["finer"] == "1h"


def test_a_number_that_nothing_can_hold_is_told_by_field(client: Client, ann: User) -> None:
    answer = post(client, AT, asked(parameters={"fast": 10**400}))
    assert answer.status_code == 422
    assert [each.partition(".")[0] for each in answer.json()["errors"]] == ["parameters"]
    answer = post(client, "/api/research/optimisations/", asked(space={"fast": [10, 10**400]}))
    assert answer.status_code == 422
    assert [each.partition(".")[0] for each in answer.json()["errors"]] == ["space"]
    assert not Job.objects.filter(owner=ann).exists()


@pytest.mark.parametrize(
    "wrong", [{"draft": 0}, {"seed": False}, {"cash": True}, {"cash": "10000"}, {"trials": "9"}]
)
def test_what_is_of_another_kind_is_refused(client: Client, ann: User, wrong: dict[str, Any]) -> None:
    answer = post(client, "/api/research/optimisations/", asked(**wrong))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, list(wrong))


@pytest.mark.parametrize("name", ["\\ud800", "\\udc00x"])
def test_half_a_character_is_no_json(client: Client, ann: User, name: str) -> None:
    for body in (f'{{"parameters":{{"{name}":1}}}}', f'{{"name":"{name}"}}'):
        answer = client.post(AT, body, content_type="application/json")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("name", ["a\0", "\0", " \0", "", "  "])
def test_a_name_that_is_none_is_refused(client: Client, ann: User, name: str) -> None:
    job = desk.submit(ann.pk, "backtest", {}, name="A study")
    for said in ({"name": name}, {"notes": "\0"}):
        answer = client.patch(f"{AT}{job.pk}/", said, content_type="application/json")
        assert (answer.status_code, list(answer.json()["errors"])) == (422, list(said))
    assert desk.find(ann.pk, job.pk).name == "A study"


def test_more_than_fifty_may_not_wait(client: Client, ann: User) -> None:
    for _ in range(desk.WAITING):
        desk.submit(ann.pk, "backtest", {})
    assert post(client, AT, asked()).status_code == 409


def test_a_finished_study_comes_with_its_result(client: Client, ann: User) -> None:
    job = ended(ann.pk, JobState.DONE, result_path="result.json", spec={"cash": 1}, summary={"sharpe": None})
    folder = folder_of(settings.DATA_DIR, job.pk)
    folder.mkdir(parents=True)
    (folder / "result.json").write_text('{"metrics":{"sharpe":1.5}}')
    told = client.get(f"{AT}{job.pk}/").json()
    assert told["result"] == {"metrics": {"sharpe": 1.5}}
    assert (told["request"], told["summary"]) == ({"cash": 1}, {"sharpe": None})


def test_the_list_comes_in_pages(client: Client, ann: User) -> None:
    made = [desk.submit(ann.pk, "backtest", {}).pk for _ in range(3)]
    first = client.get(AT, {"limit": 2}).json()
    second = client.get(AT, {"limit": 2, "cursor": first["next"]}).json()
    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


def test_to_cancel_twice_is_no_fault_and_to_remove_is_another_thing(client: Client, ann: User) -> None:
    job = desk.submit(ann.pk, "backtest", {})
    for _ in range(2):
        answer = client.delete(f"{AT}{job.pk}/")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert post(client, f"{AT}{job.pk}/remove/").status_code == 204
    assert client.get(f"{AT}{job.pk}/").status_code == 404


def test_a_study_of_another_person_is_answered_like_one_that_never_was(
    browser: Browser, ann: User, bob: User
) -> None:
    job = desk.submit(ann.pk, "backtest", {})
    his = browser(bob)
    theirs, nobodys = his.get(f"{AT}{job.pk}/"), his.get(f"{AT}{'0' * 24}/")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["detail"].replace(job.pk, "") == nobodys.json()["detail"].replace("0" * 24, "")
    assert his.delete(f"{AT}{job.pk}/").status_code == 404
    assert desk.find(ann.pk, job.pk).state == "queued"


def test_a_viewer_may_look_and_not_start(browser: Browser, person: Person) -> None:
    viewer = browser(person(Role.VIEWER))
    assert viewer.get(AT).status_code == 200
    assert post(viewer, AT, asked()).status_code == 403
