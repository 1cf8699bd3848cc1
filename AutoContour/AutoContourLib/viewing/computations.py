"""Long computations that people at browsers have asked for: one at a time for a study, each in a
process of its own, with progress, cancel, and how it ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from MedImageLib.background.job import Job, JobCancelledError
from MedImageLib.errors import InputError, MedImageError

_MOST_AT_ONCE = 2


@dataclass(frozen=True)
class Computation:
    """state: running, done, failed or cancelled. share: 0 … 1. text: what is done, or how it
    ended. seconds_left: None while unknown. number: counts the computations of the server."""

    number: int
    what: str
    place: str
    by: str
    state: str = "running"
    share: float = 0.0
    text: str = ""
    seconds_left: float | None = None


class Computations:
    """Running and last computations by study. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[Path, Job] = {}
        self._last: dict[Path, Computation] = {}
        self._count = 0

    def start(
        self, folder: Path, what: str, place: str, by: str, function: str, arguments: tuple
    ) -> Computation:
        """Start `package.module:function`. Raises InputError while another one runs."""
        with self._lock:
            running = self._last.get(folder)
            if running is not None and folder in self._jobs:
                raise InputError(
                    f"{running.what} asked for by {running.by} still runs; wait or cancel it."
                )
            if len(self._jobs) >= _MOST_AT_ONCE:
                raise InputError("Other studies are being computed; try again when they are done.")
            self._count += 1
            job = Job(function, arguments)
            self._jobs[folder] = job
            self._last[folder] = Computation(self._count, what, place, by)
        threading.Thread(target=self._wait, args=(folder, job), daemon=True).start()
        return self._last[folder]

    def state(self, folder: Path) -> Computation | None:
        """The running or last computation of a study."""
        with self._lock:
            last, job = self._last.get(folder), self._jobs.get(folder)
        if last is None or job is None:
            return last
        now = job.state()
        return replace(last, share=now.share, text=now.what, seconds_left=now.seconds_left)

    def cancel(self, folder: Path) -> None:
        """End the computation of a study, if one runs; nothing of it stays."""
        with self._lock:
            job = self._jobs.get(folder)
        if job is not None:
            job.cancel()

    def close(self) -> None:
        for folder in list(self._jobs):
            self.cancel(folder)

    def _wait(self, folder: Path, job: Job) -> None:
        state, text = _ending(job)
        with self._lock:
            self._jobs.pop(folder, None)
            self._last[folder] = replace(self._last[folder], state=state, share=1.0, text=text)


def _ending(job: Job) -> tuple[str, str]:
    try:
        value: Any = job.result()
    except JobCancelledError:
        return "cancelled", "Cancelled; everything is as it was."
    except MedImageError as error:
        return "failed", str(error)
    except Exception as error:
        return "failed", f"The computation failed ({type(error).__name__})."
    return "done", str(value)
