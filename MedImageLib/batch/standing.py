"""A batch without an end: cases are handed over one by one and come back when they are done.

The same decisions, ledger and placing as `run_cases`, on workers that stay. For servers; whoever
has all cases at hand uses `run_cases`.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib.batch.cases import Case, Found
from MedImageLib.batch.cluster import WorkerDied, ended, open_client
from MedImageLib.batch.ledger import Ledger, OneRun
from MedImageLib.batch.placing import clear_leftovers
from MedImageLib.batch.processors import PROCESSING_MODULES, find_processors
from MedImageLib.batch.run import CaseWork, Row, chosen_settings
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.batch.task import Task, run_task
from MedImageLib.errors import MedImageError


@dataclass
class _Job:
    """A case in work. running: tasks by future. again: tasks whose process died. rows: of its
    tasks that have ended. waiting: tasks that wait for the screening, see `CaseWork`."""

    running: dict[Any, Task]
    again: list[Task]
    rows: list[Row]
    waiting: list[tuple[Task, tuple[str, ...]]]


class StandingBatch:
    """Workers over one output folder, as a context manager; use from one thread.

    screening: see `run_batch`. Raises SettingsError for settings and schedulers that cannot be,
    InputError when another batch writes into the folder.
    """

    def __init__(
        self,
        out: Path,
        settings: BatchSettings = BatchSettings(),
        processor_settings: Mapping[str, Mapping[str, Any]] | None = None,
        modules: Sequence[str] = PROCESSING_MODULES,
        screening: bool = False,
    ) -> None:
        self._out = out.resolve()
        self._settings = settings
        self._processors = find_processors(modules, screening)
        self._screening = screening
        self._chosen = chosen_settings(self._processors, processor_settings or {})
        self._jobs: dict[str, _Job] = {}
        self._held = ExitStack()
        self._workers = ExitStack()
        self._client: Any = None
        self._most = 0

    def __enter__(self) -> StandingBatch:
        with ExitStack() as stack:
            stack.enter_context(OneRun(self._out))
            clear_leftovers(self._out / "cases", self._out / ".work")
            ledger = Ledger(self._out / "ledger.sqlite")
            stack.callback(ledger.close)
            self._ledger = ledger
            self._work = CaseWork(
                self._out,
                ledger,
                self._settings,
                self._processors,
                self._chosen,
                for_others=self._screening,
            )
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._close_workers()
        self._held.close()

    def room(self) -> int:
        """How many more cases could be worked on now. Opens the workers, again if they are gone.

        Raises SettingsError when no scheduler answers at the address given.
        """
        lost = self._client is not None and (
            self._client.status != "running" or (not self._jobs and self._count() < self._most)
        )
        if lost:
            self._close_workers()
        if self._client is None:
            with ExitStack() as stack:
                client = open_client(self._settings.scheduler, self._settings.workers)
                self._client = stack.enter_context(client)
                self._workers = stack.pop_all()
        count = self._count()
        if self._settings.scheduler is None:
            self._most = max(self._most, count)
        taken = sum(len(job.running) + len(job.again) for job in self._jobs.values())
        return max(0, count - taken)

    @property
    def in_work(self) -> int:
        """Cases that have been begun and not ended."""
        return len(self._jobs)

    def knows(self, case: Case) -> bool:
        """Whether the ledger has any row of the case, or a result of it is in place."""
        in_ledger = any(self._ledger.entry(case.sha256, name) for name in self._processors)
        return in_ledger or (self._out / "cases" / case.name).is_dir()

    def begin(self, name: str, found: Found) -> tuple[Row, ...] | None:
        """Hand over cases under a name; rows when there is nothing to do, None when work began."""
        try:
            self._work.plan(found)
        except Exception:
            # What was planned of it must not come with the next case.
            self._work.queue.clear()
            self._work.waiting.clear()
            raise
        # Cases come one by one here, and none waits for another's screening.
        job = _Job({}, [], self._taken_rows(), self._work.waiting)
        self._work.waiting = []
        self._submit_queue(job)
        if not job.running:
            return tuple(job.rows)
        self._jobs[name] = job
        return None

    def finished(self) -> dict[str, tuple[Row, ...]]:
        """What has ended since: rows by name.

        Raises MedImageError when the scheduler is gone; all names in work are then to be begun
        again, and what had been finished is known.
        """
        done = {}
        try:
            for name, job in list(self._jobs.items()):
                for future in [one for one in job.running if one.status != "pending"]:
                    try:
                        self._end(job, future)
                    except (OSError, sqlite3.Error) as error:
                        # The disk may be full: said of this case, which the caller begins again.
                        text = " ".join(str(error).split())
                        job.rows.append(Row(name, "", "failed", text=text))
                self._go_on_after_screening(name, job)
                self._try_again(job)
                if not job.running and not job.again:
                    done[name] = tuple(job.rows)
                    del self._jobs[name]
            if self._client is not None and self._client.status != "running" and self._jobs:
                raise MedImageError("The Dask scheduler is gone; it is looked for again.")
        except MedImageError:
            self._jobs.clear()
            self._close_workers()
            if not done:
                raise
        return done

    def _count(self) -> int:
        try:
            return sum(self._client.nthreads().values())
        except Exception:  # of whatever kind: a client that cannot tell has no workers
            return 0

    def _go_on_after_screening(self, name: str, job: _Job) -> None:
        if job.running or job.again or not job.waiting:
            return
        self._work.waiting, job.waiting = job.waiting, []
        try:
            self._work.decide_waiting()
            self._submit_queue(job)
        except (OSError, sqlite3.Error) as error:
            self._work.queue.clear()
            job.rows.append(Row(name, "", "failed", text=" ".join(str(error).split())))
        job.rows += self._taken_rows()

    def _submit_queue(self, job: _Job) -> None:
        while self._work.queue:
            self._submit(job, self._work.queue.popleft())

    def _submit(self, job: _Job, task: Task) -> None:
        self._work.started(task)
        job.running[self._client.submit(run_task, task, pure=False)] = task

    def _try_again(self, job: _Job) -> None:
        """Only a free process: behind another's task it would die with that one."""
        while job.again and self._count() > sum(len(one.running) for one in self._jobs.values()):
            self._submit(job, job.again.pop())

    def _end(self, job: _Job, future: Any) -> None:
        outcome = ended(future)
        task = job.running.pop(future)
        if isinstance(outcome, WorkerDied):
            told = self._work.died(task, outcome)
            if told is None:
                job.again.append(task)
                return
            outcome = told
        future.release()
        self._work.forget(task)
        try:
            self._work.finished(task, outcome)
        finally:
            job.rows += self._taken_rows()
            shutil.rmtree(task.work, ignore_errors=True)

    def _taken_rows(self) -> list[Row]:
        rows, self._work.rows = self._work.rows, []
        return rows

    def _close_workers(self) -> None:
        self._client = None
        self._most = 0
        self._workers.close()
