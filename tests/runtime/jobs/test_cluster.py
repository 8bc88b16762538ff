"""Studies spread over a real Dask cluster: a scheduler and workers, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from candlewick.runtime.jobs import desk
from candlewick.runtime.supervisor import claimed_port
from candlewick.store.models import User
from tests.runtime.jobs import loops
from tests.runtime.jobs.ground import ROOT, files_of, reach, until, worker

pytest.importorskip("distributed", reason="Dask is not installed: run `make setup`")


class Cluster:
    """A scheduler and two workers."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"tcp://127.0.0.1:{port}"
        self.folder = folder
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"
        )
        self.workers = [self.add(number) for number in (1, 2)]

    def add(self, number: int) -> psutil.Popen:
        return self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", str(number),
            "--local-directory", str(self.folder),
        )  # fmt: skip

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(20)

    def _start(self, *arguments: str) -> psutil.Popen:
        log = (self.folder / f"{arguments[0]}.log").open("ab")
        command = [sys.executable, "-m", "dask", *arguments]
        with log:
            return psutil.Popen(command, cwd=ROOT, stdout=log, stderr=log)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with claimed_port("127.0.0.1", 12_720) as port:
        made = Cluster(tmp_path, port)
        yield made
        made.close()


def run(owner: User, kind: str, spec: dict[str, Any], cluster: Cluster) -> Any:
    job = desk.submit(owner.pk, kind, spec)
    with worker(scheduler=cluster.address):
        done = reach(job.pk, "done", "failed")
    assert done.state == "done", done.error
    return done.summary


def test_pieces_are_done_by_the_clusters_workers_and_by_nobody_else(ann: User, cluster: Cluster) -> None:
    numbers = run(ann, "where", {"pieces": 40}, cluster)["numbers"]
    assert set(numbers) == {process.pid for process in cluster.workers}


def test_a_strategys_class_travels_to_the_clusters_workers(ann: User, cluster: Cluster) -> None:
    source = (
        "from candlewick import Param, Strategy\n\nclass Mine(Strategy):\n    fast = Param(3)\n"
        "    slow = Param(8)\n"
    )
    job = desk.submit(ann.pk, "load_back", {"strategy": "Mine"}, source=source)
    with worker(scheduler=cluster.address):
        done = reach(job.pk, "done", "failed")
    assert done.summary == {"values": {"fast": 5, "slow": 8}}, done.error


def test_a_piece_whose_machine_is_lost_is_done_by_another(ann: User, cluster: Cluster) -> None:
    job = desk.submit(ann.pk, "hold_one", {})
    folder = files_of(job)
    folder.mkdir(parents=True)
    (folder / "hold0").touch()
    with worker(scheduler=cluster.address):
        until(lambda: list(folder.glob("begun0-*")))
        number = int(next(folder.glob("begun0-*")).name.partition("-")[2])
        next(process for process in cluster.workers if process.pid == number).kill()
        until(lambda: len(list(folder.glob("begun0-*"))) == 2)
        (folder / "hold0").unlink()
        done = reach(job.pk, "done", "failed")
    assert (done.state, done.summary, done.attempts) == ("done", {"sum": 6}, 1), done.error


def test_a_study_whose_cluster_is_lost_is_tried_again_and_then_says_so(ann: User, cluster: Cluster) -> None:
    job = desk.submit(ann.pk, "hold_one", {})
    folder = files_of(job)
    folder.mkdir(parents=True)
    (folder / "hold0").touch()
    with worker(scheduler=cluster.address):
        until(lambda: list(folder.glob("begun0-*")))
        cluster.scheduler.kill()
        failed = reach(job.pk, "done", "failed")
    told = [event.text for event in job.events.all()]
    assert "The cluster that did the study's work was lost." in told
    assert failed.error.startswith(f"The Dask scheduler at {cluster.address} does not answer")


def test_of_a_cancelled_study_no_further_piece_is_begun(ann: User, cluster: Cluster) -> None:
    job = desk.submit(ann.pk, "hold_one", {})
    folder = files_of(job)
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / f"hold{number}").touch()
    with worker(scheduler=cluster.address):
        until(lambda: len(list(folder.glob("begun*"))) == 2)
        begun = sorted(folder.glob("begun*"))
        desk.cancel(ann.pk, job.pk)
        assert reach(job.pk, "cancelled", "done", "failed").state == "cancelled"
    for number in range(4):
        (folder / f"hold{number}").unlink()
    assert run(ann, "where", {"pieces": 4}, cluster)["numbers"]
    assert sorted(folder.glob("begun*")) == begun


def test_a_scheduler_that_does_not_answer_fails_the_study_with_a_sentence(ann: User) -> None:
    job = desk.submit(ann.pk, "where", {"pieces": 1})
    with claimed_port("127.0.0.1", 12_720) as port, worker(scheduler=(address := f"tcp://127.0.0.1:{port}")):
        failed = reach(job.pk, "done", "failed")
    assert failed.error.startswith(f"The Dask scheduler at {address} does not answer")
    assert "CANDLEWICK_JOBS__SCHEDULER" in failed.error


def test_a_strategy_that_loops_on_another_machine_is_told_and_the_machine_works_on(
    ann: User, cluster: Cluster
) -> None:
    loops.put_bars()
    looping = loops.submit(ann, "optimisation", "LoopsByBar")
    sound = loops.submit(ann, "optimisation", "Sound")
    with worker(scheduler=cluster.address):
        loops.require_told(looping, "while len(ctx.close)")
        assert reach(sound.pk, "done", "failed").state == "done"
