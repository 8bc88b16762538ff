"""`jobs:<id>` over real sockets: its owner hears every state in order, and nobody else hears anything."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from websockets.sync.client import ClientConnection, connect

from candlewick.runtime.jobs import desk, registry
from candlewick.runtime.jobs.messages import Finished
from candlewick.runtime.jobs.queue import Queue
from candlewick.runtime.settings import Settings
from candlewick.store.models import Job, Role, User
from tests.web.conftest import Person, Serve, session_of
from tests.web.live.test_ws import ask, hear


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "a study", "nowhere:run")


@pytest.fixture
def owner(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def queue(settings_in_force: Settings) -> Iterator[Queue]:
    made = Queue(settings_in_force.rows)
    yield made
    made.close()


def follow(ws: ClientConnection, job: Job) -> Any:
    """Subscribe to a study, and hear its state."""
    ask(ws, action="subscribe", channels=[f"jobs:{job.pk}"])
    assert hear(ws, "subscribed")["channels"] == [f"jobs:{job.pk}"]
    return hear(ws, "jobs_snapshot")


def test_its_owner_hears_the_state_at_once_and_every_change_numbered_without_a_gap(
    serve: Serve, owner: User, queue: Queue
) -> None:
    job = desk.submit(owner.pk, "a study", {}, name="Mine")
    with connect(**serve().as_browser(session_of(owner))) as ws:
        snapshot = follow(ws, job)
        assert (snapshot["channel"], snapshot["seq"]) == (f"jobs:{job.pk}", 1)
        assert snapshot["data"] | {"state": "queued", "name": "Mine", "progress": 0.0} == snapshot["data"]
        claim = queue.claim()
        assert claim is not None
        queue.renew(claim, share=0.5, step="half of it")
        queue.finish(claim, Finished({"sharpe": 1.25}))
        running, done = hear(ws, "job_update"), hear(ws, "job_update")
    assert [(each["seq"], each["data"]["state"]) for each in (running, done)] == [(2, "running"), (3, "done")]
    assert done["data"]["summary"] == {"sharpe": 1.25}


def test_progress_is_told_and_carries_no_number(serve: Serve, owner: User, queue: Queue) -> None:
    job = desk.submit(owner.pk, "a study", {})
    with connect(**serve().as_browser(session_of(owner))) as ws:
        follow(ws, job)
        claim = queue.claim()
        assert claim is not None
        queue.renew(claim, share=0.5, step="half of it", eta_ns=1_769_428_800_000_000_000)
        while (told := hear(ws, "job_progress"))["data"]["progress"] != 0.5:
            pass
        assert told["data"] == {
            "progress": 0.5,
            "step": "half of it",
            "eta": "2026-01-26T12:00:00.000Z",
            "cancelling": False,
        }
        assert "seq" not in told
        desk.cancel(owner.pk, job.pk)
        while not hear(ws, "job_progress")["data"]["cancelling"]:
            pass


def test_a_stranger_is_told_what_one_hears_of_a_study_that_never_was(
    serve: Serve, owner: User, person: Person
) -> None:
    job = desk.submit(owner.pk, "a study", {})
    with connect(**serve().as_browser(session_of(person(Role.OWNER)))) as ws:
        for id in (job.pk, "0" * 24):
            ask(ws, action="subscribe", channels=[f"jobs:{id}"])
            told = hear(ws, "error")
            assert told == {
                "type": "error",
                "code": "forbidden",
                "message": f"You have no study {id!r}.",
                "channel": f"jobs:{id}",
            }
        ask(ws, action="resync", channel=f"jobs:{job.pk}")
        assert hear(ws, "error")["code"] == "not_subscribed"


@pytest.mark.parametrize("name", ["jobs", "jobs:", "jobs:../../x", "jobs:ABC", "jobs:" + "0" * 33])
def test_a_name_that_no_study_has_is_refused(serve: Serve, owner: User, name: str) -> None:
    with connect(**serve().as_browser(session_of(owner))) as ws:
        ask(ws, action="subscribe", channels=[name])
        assert hear(ws, "error")["code"] == "forbidden"


def test_a_second_reader_gets_what_the_first_has_heard(serve: Serve, owner: User, queue: Queue) -> None:
    job = desk.submit(owner.pk, "a study", {})
    served = serve()
    with connect(**served.as_browser(session_of(owner))) as first:
        follow(first, job)
        claim = queue.claim()
        assert claim is not None
        assert hear(first, "job_update")["seq"] == 2
        with connect(**served.as_browser(session_of(owner))) as second:
            snapshot = follow(second, job)
            assert (snapshot["seq"], snapshot["data"]["state"]) == (2, "running")
            queue.fail(claim, "No bars.")
            for ws in (first, second):
                told = hear(ws, "job_update")
                assert (told["seq"], told["data"]["state"], told["data"]["error"]) == (
                    3,
                    "failed",
                    "No bars.",
                )


def test_a_study_is_followed_while_the_engine_is_away(serve: Serve, owner: User, queue: Queue) -> None:
    job = desk.submit(owner.pk, "a study", {})
    served = serve()
    with connect(**served.as_browser(session_of(owner))) as ws:
        served.link.go()
        hear(ws, "status")
        assert follow(ws, job)["seq"] == 1
        served.link.come()
        claim = queue.claim()
        assert claim is not None
        assert hear(ws, "job_update")["seq"] == 2
    assert not any(job.pk in name for names in served.link.demanded for name in names), (
        "the engine knows none"
    )


def test_a_deleted_study_says_so(serve: Serve, owner: User, settings_in_force: Settings) -> None:
    job = desk.submit(owner.pk, "a study", {})
    with connect(**serve().as_browser(session_of(owner))) as ws:
        follow(ws, job)
        desk.delete(settings_in_force.data_dir, owner.pk, job.pk)
        assert hear(ws, "job_deleted")["seq"] == 2


def test_who_unsubscribes_hears_no_more_and_may_come_back(serve: Serve, owner: User, queue: Queue) -> None:
    job = desk.submit(owner.pk, "a study", {})
    with connect(**serve().as_browser(session_of(owner))) as ws:
        follow(ws, job)
        ask(ws, action="unsubscribe", channels=[f"jobs:{job.pk}"])
        assert hear(ws, "unsubscribed")["channels"] == [f"jobs:{job.pk}"]
        assert queue.claim() is not None
        snapshot = follow(ws, job)
        assert (snapshot["seq"], snapshot["data"]["state"]) == (2, "running")


def test_an_event_stream_tells_the_same(serve: Serve, owner: User) -> None:
    job = desk.submit(owner.pk, "a study", {})
    served = serve()
    connection = http.client.HTTPConnection("127.0.0.1", served.server.port, timeout=30)
    headers = {"Cookie": f"candlewick_session={session_of(owner)}", "Sec-Fetch-Site": "same-origin"}
    connection.request("GET", f"/stream/?channels=jobs:{job.pk}", headers=headers)
    answer = connection.getresponse()
    try:
        while True:
            line = answer.readline()
            if line.startswith(b"data: ") and (told := orjson.loads(line[6:]))["type"] == "jobs_snapshot":
                break
    finally:
        connection.close()
    assert told["data"]["id"] == job.pk
