"""A call in a process of its own, seen from the process that waits for it.

Arguments and result travel as pickles through a private folder of the job that nobody else reads
and that is deleted with it; nothing a user could have written is ever unpickled.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib.background.child import CALL, ERROR, PROGRESS, RESULT, SERVE
from MedImageLib.errors import MedImageError

_LOG = "log.txt"
_LOG_LINES = 5
_LOOK_S = 0.02


class JobError(MedImageError):
    """The process of a job ended without a result and without saying why."""


class JobCancelledError(MedImageError):
    """The job was cancelled."""


@dataclass(frozen=True)
class JobState:
    """How far a job is. seconds_left: None while nothing is known."""

    ended: bool
    share: float
    what: str
    seconds_left: float | None


class KeptProcess:
    """A process that does one job after the other, so that what a call has loaded serves the next.

    It is started by the first job, and anew after a cancel or a crash. python: as of `Job`.
    """

    def __init__(self, python: str = "") -> None:
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @property
    def log(self) -> Path:
        assert self._folder is not None
        return self._folder / _LOG

    def take(self, folder: Path) -> subprocess.Popen[bytes]:
        """Hand the process the call of a folder."""
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._folder = Path(tempfile.mkdtemp(prefix="medimage-kept-"))
            self._process = _started(SERVE, self.log, self._python)
        assert self._process.stdin is not None
        self._process.stdin.write(os.fsencode(folder) + b"\n")
        self._process.stdin.flush()
        return self._process

    def end(self) -> None:
        """End the process, at once."""
        process, self._process = self._process, None
        if process is not None:
            _kill(process)
            assert process.stdin is not None
            process.stdin.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class Job:
    """A running call of `package.module:function`.

    python: interpreter; by default this one. It finds the packages that this process finds.
    kept: process to do it in; by default one of its own.
    """

    def __init__(
        self,
        function: str,
        arguments: Sequence[Any],
        python: str = "",
        kept: KeptProcess | None = None,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="medimage-job-"))
        self._cancelled = False
        self._started = time.monotonic()
        self._kept = kept
        (self._folder / CALL).write_bytes(pickle.dumps((function, tuple(arguments))))
        if kept is None:
            self._process = _started(str(self._folder), self._folder / _LOG, python)
        else:
            self._process = kept.take(self._folder)

    def state(self) -> JobState:
        """How far it is now."""
        ended = self._has_ended()
        try:
            told = json.loads((self._folder / PROGRESS).read_text("utf-8"))
        except (OSError, ValueError):
            return JobState(ended, 0.0, "", None)
        share, spent = told["share"], time.monotonic() - self._started
        left = spent / share * (1 - share) if share > 0 else None
        return JobState(ended, share, told["what"], left)

    def result(self) -> Any:
        """Wait for the end and return what the function returned.

        Raises what the function raised, JobCancelledError after a cancel, and JobError when the
        process died.
        """
        while not self._has_ended():
            time.sleep(_LOOK_S)
        code = self._process.poll()
        try:
            if self._cancelled:
                raise JobCancelledError("Cancelled; nothing was changed.")
            if (self._folder / RESULT).is_file():
                return pickle.loads((self._folder / RESULT).read_bytes())
            if (self._folder / ERROR).is_file():
                raise pickle.loads((self._folder / ERROR).read_bytes())
            raise JobError(f"The computation ended by itself (exit code {code}). {self._log()}")
        finally:
            self._clean()

    def cancel(self) -> None:
        """End the process and all that it started, at once; a job that has ended stays ended."""
        if not self._has_ended():
            self._cancelled = True
            _kill(self._process)

    def _has_ended(self) -> bool:
        if self._process.poll() is not None:
            return True
        # A kept process goes on; its answers appear whole.
        done = self._kept is not None
        return done and any((self._folder / name).is_file() for name in (RESULT, ERROR))

    def _log(self) -> str:
        path = self._folder / _LOG if self._kept is None else self._kept.log
        lines = path.read_text("utf-8", errors="replace").splitlines()
        return " / ".join(lines[-_LOG_LINES:])

    def _clean(self) -> None:
        if self._kept is None and self._process.stdin is not None:
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _started(work: str, log: Path, python: str) -> subprocess.Popen[bytes]:
    """A process that does the call of a folder, or serves."""
    with log.open("wb") as stream:
        return subprocess.Popen(
            [python or sys.executable, "-m", "MedImageLib.background.child", work],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            # A group of its own, so that a cancel ends whatever it started.
            start_new_session=os.name != "nt",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started; one that has ended stays ended."""
    if process.poll() is not None:
        return
    if os.name == "nt":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
