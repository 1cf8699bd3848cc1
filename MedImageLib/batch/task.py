"""What a worker executes: one processor on one case, into a temporary folder.

Whatever goes wrong in Python comes back as data. What kills the process (memory, a crash in a
library, the time limit) is seen by the batch from outside.
"""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedImageLib.batch.cases import Case
from MedImageLib.batch.processors import find_processors
from MedImageLib.batch.under_way import telling
from MedImageLib.errors import MedImageError
from MedImageLib.results import Result, output_files, write_result

LIMIT_MARK = ".limit"
_LOOK_S = 0.25
_MB = 10**6


@dataclass(frozen=True)
class Task:
    """One processor on one case.

    module, processor: where and what. settings: of the processor's settings class, or None.
    work: folder to be made and filled. time_limit_s, memory_limit_mb: the process ends itself
    when it has worked for longer, or holds more in memory.
    """

    module: str
    processor: str
    case: Case
    settings: Any
    work: Path
    time_limit_s: float | None = None
    names_allowed: bool = False
    memory_limit_mb: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How a task ended: error is one line and empty when all went well; details a traceback."""

    seconds: float
    error: str = ""
    details: str = ""


def run_task(task: Task) -> Outcome:
    """Run the processor and write result.json; never raises on account of the case."""
    begin = time.monotonic()
    try:
        with _limited(task):
            _process(task)
    except (Exception, SystemExit) as error:
        shutil.rmtree(task.work, ignore_errors=True)
        return Outcome(
            time.monotonic() - begin,
            without_names(_told(error), task),
            without_names(traceback.format_exc(limit=-12), task),
        )
    return Outcome(time.monotonic() - begin)


def without_names(text: str, task: Task) -> str:
    """The text with places and names of the case's files replaced by their number."""
    if task.names_allowed:
        return text
    for number, path in enumerate(task.case.files, start=1):
        for name in (str(path), path.name):
            text = text.replace(name, f"<file {number}>")
    for folder in sorted({str(path.parent) for path in task.case.files}, key=len, reverse=True):
        text = text.replace(folder, "<folder>")
    return text


def limit_mark(work: Path) -> Path:
    """The file that a process leaves when it ends itself: after how many seconds, and why."""
    return work.with_name(work.name + LIMIT_MARK)


def _process(task: Task) -> None:
    shutil.rmtree(task.work, ignore_errors=True)
    task.work.mkdir(parents=True)
    _, processor = find_processors((task.module,))[task.processor]
    with telling(task.work, task.case.study_key or task.case.sha256):
        result = processor.run(task.case, task.work, task.settings)
    if not isinstance(result, Result):
        raise MedImageError(f"Processor {task.processor} gave no Result.")
    write_result(task.work, dataclasses.replace(result, files=output_files(task.work)))


@contextmanager
def _limited(task: Task) -> Iterator[None]:
    """Ends the process, not the thread: what runs in a library cannot be interrupted."""
    if task.time_limit_s is None and task.memory_limit_mb is None:
        yield
        return
    over = threading.Event()
    threading.Thread(target=_watch_limits, args=(task, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch_limits(task: Task, over: threading.Event) -> None:
    import psutil

    process = psutil.Process()
    begin = time.monotonic()
    end = math.inf if task.time_limit_s is None else begin + task.time_limit_s
    most = math.inf if task.memory_limit_mb is None else task.memory_limit_mb * _MB
    while not over.wait(max(0.0, min(_LOOK_S, end - time.monotonic()))):
        reason = ""
        if time.monotonic() >= end:
            reason = f"time limit of {task.time_limit_s:g} s"
        elif process.memory_info().rss > most:
            reason = f"memory limit of {task.memory_limit_mb:g} MB"
        if reason:
            seconds = time.monotonic() - begin
            limit_mark(task.work).write_text(f"{seconds:.1f}\n{reason}", "utf-8")
            os._exit(75)


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, MedImageError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
