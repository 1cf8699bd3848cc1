"""What a worker executes: one processor on one case, into a temporary folder.

Whatever goes wrong in Python comes back as data. What kills the process (memory, a crash in a
library, the time limit) is seen by the batch from outside.
"""

from __future__ import annotations

import dataclasses
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
from MedImageLib.errors import MedImageError
from MedImageLib.results import Result, output_files, write_result

TIME_LIMIT_MARK = ".time-limit"


@dataclass(frozen=True)
class Task:
    """One processor on one case.

    module, processor: where and what. settings: of the processor's settings class, or None.
    work: folder to be made and filled. time_limit_s: the process ends itself after it.
    """

    module: str
    processor: str
    case: Case
    settings: Any
    work: Path
    time_limit_s: float | None = None
    names_allowed: bool = False


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
        with _time_limit(task):
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


def time_limit_mark(work: Path) -> Path:
    """The file that a process leaves when it ends itself for the time limit."""
    return work.with_name(work.name + TIME_LIMIT_MARK)


def _process(task: Task) -> None:
    shutil.rmtree(task.work, ignore_errors=True)
    task.work.mkdir(parents=True)
    _, processor = find_processors((task.module,))[task.processor]
    result = processor.run(task.case, task.work, task.settings)
    if not isinstance(result, Result):
        raise MedImageError(f"Processor {task.processor} gave no Result.")
    write_result(task.work, dataclasses.replace(result, files=output_files(task.work)))


@contextmanager
def _time_limit(task: Task) -> Iterator[None]:
    """Ends the process, not the thread: what runs in a library cannot be interrupted."""
    if task.time_limit_s is None:
        yield
        return

    def end() -> None:
        time_limit_mark(task.work).touch()
        os._exit(75)

    timer = threading.Timer(task.time_limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, MedImageError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
