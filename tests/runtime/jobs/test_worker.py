"""Workers as real processes: killed, stopped, cancelled, poisoned; and what becomes of their studies."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from candlewick.runtime.jobs import desk
from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, User
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.ground import files_of, reach, told, until, worker

pytestmark = pytest.mark.timeout(120)


def hold(job: Job, *numbers: int) -> Path:
    """Have a `count` wait before these pieces; its folder."""
    folder = files_of(job)
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"hold{number}").touch()
    return folder


def until_done(job: Job, pieces: int, *, of: int) -> None:
    """Wait until so many pieces are kept; their progress is told after that."""
    until(lambda: Job.objects.get(pk=job.pk).progress == pieces / of)


def study_of(process: psutil.Process) -> psutil.Process:
    """The study's process of a worker."""
    until(process.children)
    study: psutil.Process = process.children()[0]
    return study


def test_a_study_runs_to_its_end_and_its_result_is_kept(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 3})
    with worker():
        done = reach(job.pk, "done", "failed")
    assert (done.state, done.progress, done.error, done.worker) == ("done", 1.0, "", "")
    assert done.summary == {"sum": 30, "undefined": None}
    assert done.data_fingerprint == "f" * 64
    assert (files_of(job) / done.result_path).exists()
    assert told(done) == [(1, "queued"), (2, "running"), (3, "done")]
    assert done.created_ns <= (done.started_ns or 0) <= (done.ended_ns or 0)


def test_a_killed_worker_loses_no_more_than_its_current_piece(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 4})
    folder = hold(job, 2)
    with worker(lease_s=1.0) as first:
        until_done(job, 2, of=4)
        study = study_of(first)
        first.kill()
        first.wait(10)
        assert not psutil.wait_procs([study], timeout=10)[1], "the study outlived its worker"
    (folder / "hold2").unlink()
    with worker():
        done = reach(job.pk, "done", "failed")
    assert done.state == "done", done.error
    assert (folder / "lines").read_text() == "0\n1\n2\n3\n"
    assert done.summary == {"sum": 60, "undefined": None}
    assert told(done) == [(1, "queued"), (2, "running"), (3, "running"), (4, "done")]


def test_pieces_that_were_under_way_together_are_done_once_each(ann: User) -> None:
    job = desk.submit(ann.pk, "hold_one", {})
    folder = hold(job, 0)
    with worker(lease_s=1.0) as first:
        until_done(job, 3, of=4)
        first.kill()
        first.wait(10)
    (folder / "hold0").unlink()
    with worker():
        done = reach(job.pk, "done", "failed")
    assert (done.state, done.summary) == ("done", {"sum": 6}), done.error
    begun = [path.name[5] for path in folder.glob("begun*")]
    assert sorted(begun) == ["0", "0", "1", "2", "3"], "the piece that was cut off, and no other, begins anew"


def test_a_study_that_is_killed_again_and_again_still_gets_to_its_end(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 6})
    folder = hold(job, 1, 2, 3, 4, 5)
    with worker() as process:
        for number in range(1, 6):
            until_done(job, number, of=6)
            until(lambda: Job.objects.get(pk=job.pk).attempts == 1)
            study_of(process).kill()
            (folder / f"hold{number}").unlink()
        done = reach(job.pk, "done", "failed")
    assert done.state == "done", done.error
    assert (folder / "lines").read_text() == "0\n1\n2\n3\n4\n5\n"


def test_a_study_whose_process_is_killed_goes_on_at_once(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 3})
    folder = hold(job, 1)
    with worker() as process:
        until_done(job, 1, of=3)
        study_of(process).kill()
        (folder / "hold1").unlink()
        done = reach(job.pk, "done", "failed")
    assert (folder / "lines").read_text() == "0\n1\n2\n"
    assert told(done) == [(1, "queued"), (2, "running"), (3, "queued"), (4, "running"), (5, "done")]


def test_a_stopped_worker_gives_its_study_back_and_that_counts_as_no_attempt(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 3})
    folder = hold(job, 1)
    with worker() as process:
        until_done(job, 1, of=3)
        process.terminate()
        process.wait(20)
        waiting = Job.objects.get(pk=job.pk)
    assert (waiting.state, waiting.attempts, waiting.lease_ns) == ("queued", 0, None)
    (folder / "hold1").unlink()
    with worker():
        assert reach(job.pk, "done", "failed").summary == {"sum": 30, "undefined": None}
    assert (folder / "lines").read_text() == "0\n1\n2\n"


def test_a_cancelled_study_ends_and_goes_on_behind_its_pieces_when_it_is_started_again(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 3})
    folder = hold(job, 1)
    with worker():
        until_done(job, 1, of=3)
        assert desk.cancel(ann.pk, job.pk).state == "running"
        ended = reach(job.pk, "cancelled", "done", "failed")
        assert (ended.state, ended.error) == ("cancelled", "")
        (folder / "hold1").unlink()
        desk.start(ann.pk, job.pk)
        assert reach(job.pk, "done", "failed").summary == {"sum": 30, "undefined": None}
    assert (folder / "lines").read_text() == "0\n1\n2\n"


def test_a_study_that_hears_nothing_is_ended_with_every_process_it_has_started(ann: User) -> None:
    job = desk.submit(ann.pk, "deaf", {})
    folder = files_of(job)
    with worker():
        until(lambda: list(folder.glob("child*")))
        child = psutil.Process(int(next(folder.glob("child*")).name.removeprefix("child")))
        desk.cancel(ann.pk, job.pk)
        assert reach(job.pk, "cancelled", "done", "failed").state == "cancelled"
        assert not psutil.wait_procs([child], timeout=10)[1]


def test_no_process_of_a_study_outlives_a_killed_worker(ann: User) -> None:
    job = desk.submit(ann.pk, "deaf", {})
    folder = files_of(job)
    with worker() as process:
        until(lambda: list(folder.glob("child*")))
        everybody = process.children(recursive=True)
        process.kill()
        process.wait(10)
        assert not psutil.wait_procs(everybody, timeout=15)[1]


def test_a_study_that_ends_its_process_each_time_is_given_up(ann: User) -> None:
    job = desk.submit(ann.pk, "die", {})
    with worker():
        failed = reach(job.pk, "done", "failed")
    assert failed.state == "failed"
    assert failed.error.startswith(
        "The study's process was killed, perhaps for want of memory. That happened 3 times"
    )
    folder = files_of(job)
    assert (folder / "lines").read_text() == "born\n" * 3


def test_a_study_whose_pool_is_killed_is_given_up_too(ann: User) -> None:
    job = desk.submit(ann.pk, "kill_a_child", {})
    with worker():
        failed = reach(job.pk, "done", "failed")
    assert failed.error.startswith("A process of the study was killed")
    assert failed.attempts == 3


def test_what_a_strategy_raises_is_told_with_its_line_and_not_tried_again(ann: User) -> None:
    job = desk.submit(ann.pk, "raise_", {"zero": 0})
    with worker():
        failed = reach(job.pk, "done", "failed")
    assert failed.attempts == 1
    assert failed.error.startswith("The study failed: ZeroDivisionError: division by zero (studies.py, line ")
    log = files_of(job) / "log.txt"
    assert "ZeroDivisionError" in log.read_text()


def test_a_refusal_is_told_as_it_was_said(ann: User) -> None:
    job = desk.submit(ann.pk, "refuse", {})
    with worker():
        failed = reach(job.pk, "done", "failed")
    assert failed.error == "There are no bars of that symbol. Download some first."


def test_what_a_study_prints_is_kept_up_to_a_bound(ann: User) -> None:
    job = desk.submit(ann.pk, "chatter", {"lines": 20_000})
    with worker():
        assert reach(job.pk, "done", "failed").state == "done"
    log = files_of(job) / "log.txt"
    assert log.read_text().startswith("line 0 ....")
    assert log.stat().st_size == 1_000_000


def test_pieces_are_spread_over_processes(ann: User) -> None:
    squares = desk.submit(ann.pk, "fan_out", {"pieces": 20})
    where = desk.submit(ann.pk, "where", {"pieces": 20})
    with worker():
        assert reach(squares.pk, "done", "failed").summary == {"sum": 2470}
        found = reach(where.pk, "done", "failed").summary
    assert found is not None
    assert len(found["numbers"]) == 2


def test_two_workers_never_run_one_study(ann: User) -> None:
    jobs = [desk.submit(ann.pk, "count", {"pieces": 2}) for _ in range(8)]
    with worker(), worker():
        for job in jobs:
            assert reach(job.pk, "done", "failed").state == "done"
    for job in jobs:
        folder = files_of(job)
        assert (folder / "lines").read_text() == "0\n1\n"
        assert [state for _, state in told(job)] == ["queued", "running", "done"]


def test_a_worker_that_stood_still_learns_that_its_study_is_anothers(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 2})
    folder = hold(job, 1)
    with worker(lease_s=1.0) as first:
        until_done(job, 1, of=2)
        first.suspend()
        with worker() as second:
            until(lambda: Job.objects.get(pk=job.pk).attempts == 2)
            first.resume()
            (folder / "hold1").unlink()
            done = reach(job.pk, "done", "failed")
            assert second.is_running()
    assert done.state == "done", done.error
    assert (folder / "lines").read_text() == "0\n1\n"
    assert [state for _, state in told(done)] == ["queued", "running", "running", "done"]


def test_files_of_a_study_that_is_no_more_are_removed_and_no_others(ann: User) -> None:
    data_dir = settings_in_force().data_dir
    kept = hold(desk.submit(ann.pk, "count", {}, draft=True))
    gone, fresh = folder_of(data_dir, "0" * 24), folder_of(data_dir, "1" * 24)
    for folder in (gone, fresh):
        folder.mkdir()
    for folder in (gone, kept):
        os.utime(folder, (1, 1))
    with worker():
        until(lambda: not gone.exists())
    assert kept.exists()
    assert fresh.exists(), "its row may be on the way"


def test_progress_is_written_with_an_estimated_end(ann: User) -> None:
    job = desk.submit(ann.pk, "count", {"pieces": 4})
    folder = hold(job, 1, 3)
    with worker():
        until(lambda: Job.objects.get(pk=job.pk).progress == 0.25)
        (folder / "hold1").unlink()
        until(lambda: Job.objects.get(pk=job.pk).progress == 0.75)
        running = Job.objects.get(pk=job.pk)
        (folder / "hold3").unlink()
        reach(job.pk, "done", "failed")
    assert running.step == "piece 2"
    assert running.eta_ns is not None


def test_a_study_that_is_resumed_is_where_it_was_until_it_knows_what_was_kept(ann: User) -> None:
    job = desk.submit(ann.pk, "begin_again", {})
    folder = hold(job, 2)
    with worker():
        until_done(job, 2, of=4)
    (folder / "holdread").touch()
    with worker():
        until(lambda: Job.objects.get(pk=job.pk).step == "reading")
        reading = Job.objects.get(pk=job.pk)
        (folder / "holdread").unlink()
        until(lambda: Job.objects.get(pk=job.pk).step == "on the way")
        at_work = Job.objects.get(pk=job.pk)
        (folder / "hold2").unlink()
        reach(job.pk, "done", "failed")
    assert (reading.progress, reading.eta_ns) == (0.5, None)
    assert (at_work.progress, at_work.eta_ns) == (0.5, None), "what was kept is not what it does a second in"


def test_the_estimated_end_of_a_study_that_stands_still_moves_away(ann: User) -> None:
    job = desk.submit(ann.pk, "begin_again", {})
    folder = hold(job, 1, 2)
    with worker(lease_s=2.0):
        until_done(job, 1, of=4)
        (folder / "hold1").unlink()
        until_done(job, 2, of=4)
        first = Job.objects.get(pk=job.pk).eta_ns
        assert first is not None
        until(lambda: (Job.objects.get(pk=job.pk).eta_ns or 0) > first)
        (folder / "hold2").unlink()
        reach(job.pk, "done", "failed")


def test_a_study_that_hangs_in_compiled_code_is_ended_with_its_line_and_the_next_is_done(ann: User) -> None:
    hung, sound = desk.submit(ann.pk, "hang", {}), desk.submit(ann.pk, "count", {"pieces": 1})
    with worker(silent_s=5.0):
        failed = reach(hung.pk, "done", "failed")
        assert reach(sound.pk, "done", "failed").state == "done"
    assert failed.state == "failed"
    assert failed.error.startswith("The study gave no sign of life for 5 s and was ended")
    assert failed.attempts == 1, "it would hang again"
    log = (files_of(failed) / "log.txt").read_text()
    assert "in hang" in log
