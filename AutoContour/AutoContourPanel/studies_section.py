"""Studies with their states: of a folder of results, which the panel can fill by itself, or of a
server that it watches. Watching and processing go on in processes of their own."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from AutoContourPanel.opened_study import StudyOrigin
from MedImageLib.background.job import Job
from MedImageLib.batch.progress import duration
from MedImageLib.batch.under_way import UnderWay, under_way
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.in_slicer import ensure_packages, interpreter
from MedImageLib.panels.tables import RowTable
from MedImageLib.panels.words import told

WATCH = "AutoContourLib.study.watching:watch_folder"
FOLLOW = "AutoContourLib.viewing.remote_studies:follow"
FETCH = "AutoContourLib.viewing.remote_studies:fetch_content"
READ = "AutoContourLib.viewing.study_content:read_content"
_LOOK_MS = 3000


class StudiesSection:
    """run(function, *arguments): calls in another process and waits. on_opened(content, origin):
    a study was read and is to be shown."""

    def __init__(
        self,
        ui: Any,
        run: Callable[..., Any],
        on_opened: Callable[[Any, StudyOrigin], None],
    ) -> None:
        import qt

        self._ui, self._run, self._on_opened = ui, run, on_opened
        columns = (_("State"), _("Study"), _("Images"), _("Finished"))
        self._table = RowTable(ui.studiesTable, columns, self._describe)
        self._studies: tuple[Any, ...] = ()
        self._job: Any = None
        self._following: Any = None
        self._list: Path | None = None
        self._timer = qt.QTimer()
        self._timer.setInterval(_LOOK_MS)
        self._timer.connect("timeout()", self.refresh)
        ui.automaticCheckBox.connect("toggled(bool)", self._switched)
        ui.serverCheckBox.connect("toggled(bool)", self._server_switched)
        ui.resultsPathLineEdit.connect("currentPathChanged(QString)", self._look)

    @property
    def running(self) -> bool:
        return self._job is not None

    def server(self) -> Any:
        """Address, token and authority as typed. Raises InputError for what is no address."""
        from AutoContourLib.viewing.remote_studies import ServerAddress

        ui = self._ui
        return ServerAddress(
            ui.serverLineEdit.text.strip(),
            ui.tokenLineEdit.text,
            ui.authorityPathLineEdit.currentPath,
        )

    def stop(self) -> None:
        """End processing and watching, at once; what was half done is done again next time."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._close_job()
        self._unfollow()

    def refresh(self) -> None:
        """List the studies as they are now; tell when the watcher has ended by itself."""
        if self._job is not None and self._job.state().ended:
            self._close_job()
            self._ui.automaticCheckBox.checked = False
        try:
            studies = self._listed()
        except MedImageError as error:
            self._ui.studyLabel.text = told(str(error))
            return
        if studies != self._studies:
            self._studies = studies
            words = _words()
            rows = [
                (words[one.state], one.id, one.kinds, one.finished_utc.replace("T", " ")[:16])
                for one in studies
            ]
            self._table.show(rows, tips=[told(one.reason) or words[one.state] for one in studies])
            self._ui.studyLabel.text = ""
            self._ui.openStudyButton.enabled = False
        self._show_progress()

    def open(self) -> None:
        """Read the chosen study, from its folder or its server, and hand it over."""
        if not 0 <= self._table.chosen < len(self._studies):
            return
        one, place = self._studies[self._table.chosen], self._ui.pairLineEdit.text.strip()
        if self._following is None:
            out = self._ui.resultsPathLineEdit.currentPath
            origin = StudyOrigin("", one.id, str(one.folder), out)
            self._on_opened(self._run(READ, one.folder, place), origin)
            return
        server = self.server()
        # Images of a patient: kept no longer than it takes to read them.
        with tempfile.TemporaryDirectory(prefix="medimage-study-") as folder:
            content = self._run(FETCH, server, one.id, Path(folder), place)
        self._on_opened(content, StudyOrigin(server.url, one.id, ""))

    def _listed(self) -> tuple[Any, ...]:
        if self._following is not None and self._list is not None:
            from AutoContourLib.viewing.remote_studies import followed

            studies, error = followed(self._list)
            if error:
                self._ui.studyLabel.text = told(error)
                return self._studies
            return studies
        out = self._ui.resultsPathLineEdit.currentPath
        if not out or not Path(out).is_dir():
            return ()
        from AutoContourLib.viewing.study_list import listed_studies

        return listed_studies(Path(out))

    def _show_progress(self) -> None:
        """How far studies in work are, and how long they will still take."""
        out = self._ui.resultsPathLineEdit.currentPath
        working = [n for n, one in enumerate(self._studies) if one.state == "working"]
        if not working or not out or self._following is not None:
            return
        tasks = under_way(Path(out))
        for row in working:
            key = self._studies[row].id
            task = next((one for name, one in tasks.items() if name.startswith(key)), None)
            if task is not None:
                if row == self._table.chosen:
                    self._ui.studyLabel.text = told(task.what)
                self._table.change(row, 0, _progress_words(task), told(task.what))

    def _look(self, path: str = "") -> None:
        self.refresh()
        self._timer.start()

    def _switched(self, on: bool = False) -> None:
        if not self._ui.automaticCheckBox.checked:
            if self._job is not None:
                self._job.cancel()
                self._close_job()
            return
        self._begin(self._start, self._ui.automaticCheckBox)

    def _server_switched(self, on: bool = False) -> None:
        self._unfollow()
        if self._ui.serverCheckBox.checked:
            self._begin(self._follow, self._ui.serverCheckBox)
        self._ui.automaticCheckBox.enabled = self._following is None
        self.refresh()

    def _begin(self, start: Callable[[], None], box: Any) -> None:
        with slicer.util.tryWithErrorDisplay(_("Studies could not be watched.")):
            try:
                start()
            except Exception:
                box.checked = False
                raise

    def _start(self) -> None:
        ui = self._ui
        arriving, out = ui.studiesPathLineEdit.currentPath, ui.resultsPathLineEdit.currentPath
        if not arriving or not out:
            raise InputError("Choose the folder that studies arrive in, and one for the results.")
        from AutoContourLib.study.watch_settings import WatchSettings

        ensure_packages("AutoContour")
        settings = WatchSettings(screening=bool(ui.screeningCheckBox.checked))
        self._job = Job(WATCH, (Path(arriving), Path(out), settings), interpreter())
        self._timer.start()
        self.refresh()

    def _follow(self) -> None:
        server = self.server()
        ensure_packages("AutoContour")
        self._list = Path(tempfile.mkdtemp(prefix="medimage-list-")) / "studies.json"
        self._following = Job(FOLLOW, (server, self._list), interpreter())
        self._studies = ()
        self._table.show([])
        self._ui.studyLabel.text = _("Asking the server...")
        self._timer.start()

    def _unfollow(self) -> None:
        job, self._following = self._following, None
        if job is not None:
            job.cancel()
            _end(job)
        if self._list is not None:
            shutil.rmtree(self._list.parent, ignore_errors=True)
            self._list = None

    def _close_job(self) -> None:
        job, self._job = self._job, None
        words = _end(job)
        if words:
            self._ui.studyLabel.text = told(words)

    def _describe(self, number: int) -> None:
        one = self._studies[number]
        self._ui.openStudyButton.enabled = one.folder is not None
        lines = [one.reason] if one.reason else []
        if one.folder is not None and self._following is None:
            from MedImageLib.results import ResultError, read_result

            try:
                # Types with their evidence and the steps come first among the findings.
                lines += read_result(one.folder).findings
            except ResultError as error:
                lines.append(str(error))
        self._ui.studyLabel.text = told("\n".join(lines))


def _end(job: Any) -> str:
    """Words of the error that a job ended with, or nothing."""
    try:
        job.result()
    except MedImageError as error:
        return str(error)
    return ""


def _words() -> dict[str, str]:
    return {
        "waiting": _("… arriving or queued"),
        "working": _("▶ processing"),
        "review": _("▲ ready, needs review"),
        "approved": _("✔ approved"),
        "parked": _("✖ failed"),
    }


def _progress_words(task: UnderWay) -> str:
    left = task.seconds_left(time.time())
    words = f"▶ {task.share:.0%}"
    if left is not None:
        words += ", " + _("about") + f" {duration(left)}"
    return words
