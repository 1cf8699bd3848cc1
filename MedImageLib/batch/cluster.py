"""Workers for a batch: processes on this machine, or those of a running Dask scheduler.

A process that dies takes one task with it, which comes back as an error, not as another try: how
often a case is tried is the batch's decision.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from MedImageLib.batch.task import Outcome, Task, run_task
from MedImageLib.errors import MedImageError, SettingsError
from MedImageLib.threads import wait_asleep

_CONNECT_TIMEOUT_S = 15
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
DIED = "the worker process died (out of memory, killed, or crashed in a library)"


class WorkerDied(Exception):  # noqa: N818 (says what happened)
    """The process that worked on a task is gone."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def open_client(scheduler: str | None, workers: int | None) -> Iterator[Any]:
    """A Dask client; a local cluster of processes when no scheduler is named.

    workers: processes of the local cluster; default one for two cores, since the libraries use
    threads of their own. Raises SettingsError when no scheduler answers there.
    """
    import dask
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"No Dask scheduler answers at {scheduler}. Start it with 'dask scheduler', or "
                "leave --scheduler out to use this machine."
            ) from error
        with client:
            if not client.nthreads():
                raise SettingsError(
                    f"The scheduler at {scheduler} has no workers. Start some with 'dask worker'."
                )
            yield client
        return
    wait_asleep()
    count = workers or max(1, cores() // 2)
    threads = str(max(1, cores() // count))
    options = {
        # One death is one failed task, and no task waits inside a worker that may die.
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.scheduler.work-stealing": False,
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(_THREAD_VARIABLES, threads),
        # A worker that pauses for memory would never take a task again: it ends instead.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.logging": {"distributed": "critical"},
        # Notes on every task, for people who look for faults in Dask, would grow for days.
        "distributed.admin.log-length": 100,
        "distributed.admin.low-level-log-length": 20,
        "distributed.admin.system-monitor.log-length": 20,
    }
    with (
        dask.config.set(options),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            # None would have Dask's pages listen on every address of the machine.
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def run_tasks(
    client: Any, tasks: deque[Task], started: Callable[[Task], None]
) -> Iterator[tuple[Task, Outcome | WorkerDied]]:
    """Run tasks, as many at a time as there are worker threads; give each as it ends.

    tasks: taken from the left; the caller may append while this runs, to try one again.
    started: called before a task is handed over. Raises MedImageError when the scheduler is gone.
    """
    from distributed import as_completed

    running: dict[str, Task] = {}
    completed = as_completed(loop=client.loop)

    def fill() -> None:
        room = max(1, sum(client.nthreads().values()))
        while tasks and len(running) < room:
            task = tasks.popleft()
            started(task)
            future = client.submit(run_task, task, pure=False)
            running[future.key] = task
            completed.add(future)

    fill()
    while running:
        future = next(completed)
        yield running.pop(future.key), ended(future)
        future.release()
        fill()


def ended(future: Any) -> Outcome | WorkerDied:
    """How a future ended. Raises MedImageError when its scheduler is gone."""
    from distributed.scheduler import KilledWorker

    if future.status == "finished":
        try:
            return future.result()
        except KilledWorker:
            # Its process died before the outcome was fetched from it.
            return WorkerDied(DIED)
    if future.status == "error":
        error = future.exception()
        if isinstance(error, KilledWorker):
            return WorkerDied(DIED)
        # Not the case's doing: the worker cannot load the software, or cannot write.
        return Outcome(0.0, f"{type(error).__name__}: {' '.join(str(error).split())}")
    raise MedImageError(
        "The Dask scheduler is gone. What was finished is kept; run the same command to continue."
    )
