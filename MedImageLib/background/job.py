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

from MedImageLib.background.child import CALL, ERROR, PROGRESS, RESULT
from MedImageLib.errors import MedImageError

_LOG = "log.txt"
_LOG_LINES = 5


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


class Job:
    """A running call of `package.module:function`.

    python: interpreter; by default this one. It finds the packages that this process finds.
    """

    def __init__(self, function: str, arguments: Sequence[Any], python: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="medimage-job-"))
        self._cancelled = False
        self._started = time.monotonic()
        (self._folder / CALL).write_bytes(pickle.dumps((function, tuple(arguments))))
        with (self._folder / _LOG).open("wb") as log:
            self._process = subprocess.Popen(
                [
                    python or sys.executable,
                    "-m",
                    "MedImageLib.background.child",
                    str(self._folder),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                # A group of its own, so that a cancel ends whatever it started.
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    def state(self) -> JobState:
        """How far it is now."""
        ended = self._process.poll() is not None
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
        code = self._process.wait()
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
        if self._process.poll() is not None:
            return
        self._cancelled = True
        if os.name == "nt":
            command = ["taskkill", "/F", "/T", "/PID", str(self._process.pid)]
            subprocess.run(command, capture_output=True, check=False)
        else:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _log(self) -> str:
        lines = (self._folder / _LOG).read_text("utf-8", errors="replace").splitlines()
        return " / ".join(lines[-_LOG_LINES:])

    def _clean(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)
