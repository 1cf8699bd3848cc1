"""Jobs as real processes: results, errors, progress, cancel, and the death of either side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from MedImageLib.background.job import Job, JobCancelledError, JobError
from MedImageLib.background.progress import listening, part, tell
from MedImageLib.errors import InputError

PATIENCE_S = 60.0

CALLED = """
import subprocess, sys, time
from pathlib import Path
from MedImageLib.background.progress import tell
from MedImageLib.errors import InputError

class Picky(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}")

def halfway(seconds):
    tell(0.5, "the second half")
    time.sleep(seconds)
    return "done"

def refused(name):
    raise InputError(f"{name}: is no image.")

def picky():
    raise Picky("two", "arguments")

def with_child(path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(str(child.pid))
    child.wait()
"""


@pytest.fixture(autouse=True)
def called(tmp_path, monkeypatch):
    (tmp_path / "called_in_a_job.py").write_text(CALLED)
    monkeypatch.syspath_prepend(str(tmp_path))


def until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_goes_in_and_out_is_unchanged():
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    job = Job("numpy:add", (array, 1))
    assert np.array_equal(job.result(), array + 1)
    assert not job._folder.exists()


def test_progress_and_time_left_are_told():
    job = Job("called_in_a_job:halfway", (0.3,))
    until(lambda: job.state().share)
    state = job.state()
    assert (state.share, state.what) == (0.5, "the second half")
    assert state.seconds_left is not None
    assert state.seconds_left > 0
    assert job.result() == "done"


def test_an_error_arrives_as_itself():
    with pytest.raises(InputError, match=r"a\.png: is no image"):
        Job("called_in_a_job:refused", ("a.png",)).result()


def test_an_error_that_cannot_travel_arrives_in_words():
    with pytest.raises(RuntimeError, match="Picky: two arguments"):
        Job("called_in_a_job:picky", ()).result()


def test_a_process_that_dies_is_an_error_with_its_exit_code():
    job = Job("os:_exit", (7,))
    with pytest.raises(JobError, match="7"):
        job.result()
    assert not job._folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_cancel_ends_the_process_and_what_it_started(tmp_path):
    noted = tmp_path / "pid"
    job = Job("called_in_a_job:with_child", (str(noted),))
    until(lambda: noted.exists() and noted.read_text())
    grandchild = int(noted.read_text())
    job.cancel()
    assert job.state().ended
    until(lambda: not alive(grandchild))
    with pytest.raises(JobCancelledError):
        job.result()
    assert not job._folder.exists()


def test_cancel_after_the_end_changes_nothing():
    job = Job("operator:add", (1, 2))
    until(lambda: job.state().ended)
    job.cancel()
    assert job.result() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_job_ends_with_the_program_that_started_it():
    program = """
        import time
        from MedImageLib.background.job import Job
        job = Job("time:sleep", (600,))
        print(job._process.pid, flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert parent.stdout is not None
    job = int(parent.stdout.readline())
    assert alive(job)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(lambda: not alive(job))


def test_parts_are_told_as_shares_of_the_whole():
    heard = []
    tell(0.1, "nobody hears")
    with listening(lambda share, what: heard.append((share, what))):
        with part(0.5, 0.9):
            tell(0.0, "a")
            with part(0.5, 1.0):
                tell(0.5, "b")
        tell(2.0, "c")
    tell(0.2, "nobody hears")
    assert [what for _, what in heard] == ["a", "b", "c"]
    assert [share for share, _ in heard] == pytest.approx([0.5, 0.8, 1.0])
