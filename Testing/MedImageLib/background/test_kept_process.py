"""One process for several jobs: what was loaded stays, cancel and crash begin anew."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from MedImageLib.background.job import Job, JobCancelledError, JobError, KeptProcess

WORK = """
import os
import time
from MedImageLib.background.progress import tell
calls = 0

def count():
    global calls
    calls += 1
    return os.getpid(), calls

def slow():
    tell(0.5, "half")
    time.sleep(600)

def fail():
    raise ValueError("no")

def crash():
    os._exit(9)
"""


@pytest.fixture
def kept(tmp_path, monkeypatch):
    (tmp_path / "work_of_kept.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    process = KeptProcess()
    yield process
    process.end()


def call(kept, name):
    return Job(f"work_of_kept:{name}", (), kept=kept).result()


def test_the_next_job_finds_what_this_one_has_loaded(kept):
    process, first = call(kept, "count")
    assert process != os.getpid()
    with pytest.raises(ValueError, match="no"):
        call(kept, "fail")
    assert call(kept, "count") == (process, first + 1)


def test_a_cancel_ends_it_and_the_next_job_begins_anew(kept):
    before, _ = call(kept, "count")
    job = Job("work_of_kept:slow", (), kept=kept)
    end = time.monotonic() + 60
    while not job.state().what:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert not job.state().ended
    job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    after, calls = call(kept, "count")
    assert (after != before, calls) == (True, 1)


def test_a_crash_is_told_and_the_next_job_begins_anew(kept):
    with pytest.raises(JobError, match="exit code 9"):
        call(kept, "crash")
    assert call(kept, "count")[1] == 1


def test_nothing_is_left_when_it_ends(kept):
    job = Job("work_of_kept:count", (), kept=kept)
    process, _ = job.result()
    job.cancel()  # a job that has ended stays ended
    folder = kept.log.parent
    kept.end()
    assert not folder.exists()
    assert not Path(f"/proc/{process}").exists()
    assert call(kept, "count")[1] == 1
