"""Studies with their states, processed automatically in a process of its own while this is on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from MedImageLib.background.job import Job
from MedImageLib.batch.progress import duration
from MedImageLib.batch.under_way import UnderWay, under_way
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.in_slicer import ensure_packages, interpreter
from MedImageLib.panels.tables import RowTable

WATCH = "AutoContourLib.study.watching:watch_folder"
_LOOK_MS = 3000
_WORDS = {
    "waiting": "… arriving or queued",
    "working": "▶ processing",
    "review": "▲ ready, needs review",
    "approved": "✔ approved",
    "parked": "✖ failed",
}


class StudiesSection:
    """on_opened(folder): a study's result is to be loaded."""

    def __init__(self, ui: Any, on_opened: Any) -> None:
        import qt

        self._ui, self._on_opened = ui, on_opened
        columns = (_("State"), _("Study"), _("Images"), _("Finished"))
        self._table = RowTable(ui.studiesTable, columns, self._describe)
        self._studies: tuple[Any, ...] = ()
        self._job: Any = None
        self._timer = qt.QTimer()
        self._timer.setInterval(_LOOK_MS)
        self._timer.connect("timeout()", self.refresh)
        ui.automaticCheckBox.connect("toggled(bool)", self._switched)
        ui.resultsPathLineEdit.connect("currentPathChanged(QString)", self._look)

    @property
    def running(self) -> bool:
        return self._job is not None

    def stop(self) -> None:
        """End automatic processing, at once; what was half done is done again next time."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._close_job()

    def refresh(self) -> None:
        """List the studies as they are now; tell when the watcher has ended by itself."""
        if self._job is not None and self._job.state().ended:
            self._close_job()
            self._ui.automaticCheckBox.checked = False
        out = self._ui.resultsPathLineEdit.currentPath
        studies: tuple[Any, ...] = ()
        if out and Path(out).is_dir():
            from AutoContourLib.viewing.study_list import listed_studies

            try:
                studies = listed_studies(Path(out))
            except InputError as error:
                self._ui.studyLabel.text = str(error)
        if studies == self._studies:
            self._show_progress(out)
            return
        self._studies = studies
        rows = [
            (_WORDS[one.state], one.id, one.kinds, one.finished_utc.replace("T", " ")[:16])
            for one in studies
        ]
        self._table.show(rows, tips=[one.reason or _WORDS[one.state] for one in studies])
        self._ui.studyLabel.text = ""
        self._ui.openStudyButton.enabled = False
        self._show_progress(out)

    def _show_progress(self, out: str) -> None:
        """How far studies in work are, and how long they will still take."""
        if not any(one.state == "working" for one in self._studies):
            return
        tasks = {key[: len(self._studies[0].id)]: one for key, one in under_way(Path(out)).items()}
        for row, one in enumerate(self._studies):
            if one.state == "working" and one.id in tasks:
                self._table.change(row, 0, _progress_words(tasks[one.id]))

    def open(self) -> None:
        """Load the chosen study."""
        if 0 <= self._table.chosen < len(self._studies):
            self._on_opened(self._studies[self._table.chosen].folder)

    def _look(self, path: str = "") -> None:
        self.refresh()

    def _switched(self, on: bool = False) -> None:
        if not self._ui.automaticCheckBox.checked:
            self.stop()
            return
        with slicer.util.tryWithErrorDisplay(_("Studies could not be watched.")):
            try:
                self._start()
            except Exception:
                self._ui.automaticCheckBox.checked = False
                raise

    def _start(self) -> None:
        ui = self._ui
        arriving, out = ui.studiesPathLineEdit.currentPath, ui.resultsPathLineEdit.currentPath
        if not arriving or not out:
            raise InputError("Choose the folder that studies arrive in, and one for the results.")
        ensure_packages("AutoContour")
        self._job = Job(WATCH, (Path(arriving), Path(out)), interpreter())
        self._timer.start()
        self.refresh()

    def _close_job(self) -> None:
        job, self._job = self._job, None
        try:
            job.result()
        except MedImageError as error:
            self._ui.studyLabel.text = str(error)

    def _describe(self, number: int) -> None:
        one = self._studies[number]
        self._ui.openStudyButton.enabled = one.folder is not None
        lines = [one.reason] if one.reason else []
        if one.folder is not None:
            from MedImageLib.results import ResultError, read_result

            try:
                # Types with their evidence and the steps come first among the findings.
                lines += read_result(one.folder).findings
            except ResultError as error:
                lines.append(str(error))
        self._ui.studyLabel.text = "\n".join(lines)


def _progress_words(task: UnderWay) -> str:
    left = task.seconds_left(time.time())
    words = f"▶ {task.share:.0%}"
    if left is not None:
        words += ", " + _("about") + f" {duration(left)}"
    return f"{words}: {task.what}"
