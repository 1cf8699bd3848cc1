"""The watcher over two folders, as a panel starts it in a process of its own."""

from __future__ import annotations

from pathlib import Path

from AutoContourLib.processing import StudyProcessing, processor_settings
from AutoContourLib.study.source import FolderSource
from AutoContourLib.study.watch import watch
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import BatchWorker


def watch_folder(folder: Path, out: Path, settings: WatchSettings | None = None) -> None:
    """Process every study that arrives in `folder` into `out`, until the process ends.

    Raises InputError when another watcher writes into `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = settings or WatchSettings()
    worker = BatchWorker(
        out,
        processor_settings=processor_settings(out, StudyProcessing()),
        screening=settings.screening,
    )
    watch(FolderSource(folder, leave_out=out), worker, out, settings)
