"""Training of a model from a panel: in a process of its own, for hours, while work goes on.

What was trained is kept: the same button goes on from the last checkpoint after a cancel, an end
of the application or a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from MedImageLib.background.job import Job, JobCancelledError
from MedImageLib.batch.progress import duration
from MedImageLib.errors import InputError
from MedImageLib.in_slicer import interpreter
from MedImageLib.panels.words import told

TRAIN = "MedImageLib.network.training_job:train_model"
_LOOK_MS = 1000
_ALL = tuple(range(6))  # folds 0 to 4, and 5: all patients
_FOLDS = (_ALL, (0,), (0, 5))  # in the order of the list


class TrainingSection:
    """prepare(): installs what is missing. ui: the panel's widgets by name."""

    def __init__(self, ui: Any, prepare: Callable[[], None]) -> None:
        import qt

        self._ui, self._prepare = ui, prepare
        self._job: Any = None
        self._listed = False
        self._first: tuple[float, float] | None = None
        self._run = Path()
        ui.trainingProgressBar.visible = False
        self._timer = qt.QTimer()
        self._timer.setInterval(_LOOK_MS)
        self._timer.connect("timeout()", self.look)
        self._text = ui.trainButton.text
        ui.trainingCollapsibleButton.connect("contentsCollapsed(bool)", self._collapsed)

    @property
    def running(self) -> bool:
        return self._job is not None

    def train_or_cancel(self) -> None:
        """Start, or end what was started. Raises InputError for what is not chosen."""
        if self.running:
            self._job.cancel()
            self._end()
            return
        ui = self._ui
        data, run = ui.trainingDataPathLineEdit.currentPath, ui.trainingRunPathLineEdit.currentPath
        own = ui.trainingSettingsPathLineEdit.currentPath
        settings = own or (ui.trainingComboBox.currentText if self._listed else "")
        localizer = ui.trainingLocalizerPathLineEdit.currentPath
        if not settings or not data or not run:
            raise InputError(
                "A training needs a model, the folder of its data and a folder to train in; "
                "choose all three."
            )
        self._prepare()
        self._run = Path(run)
        folds = _FOLDS[ui.trainingFoldsComboBox.currentIndex]
        far = Path(localizer) if localizer else None
        self._first = None
        self._job = Job(TRAIN, (settings, Path(data), self._run, folds, far), interpreter())
        ui.trainButton.text = _("Cancel")
        ui.trainingProgressBar.value, ui.trainingProgressBar.visible = 0, True
        ui.trainingLabel.text = _("Starting...")
        self._timer.start()

    def look(self) -> None:
        """Show how far it is, or how it ended."""
        if not self.running:
            return
        state = self._job.state()
        if state.ended:
            self._end()
            return
        if not state.what:
            return
        now = time.monotonic()
        # A run that goes on has done a share of it before this beginning.
        if self._first is None and state.share > 0:
            self._first = now, state.share
        self._ui.trainingProgressBar.value = round(100 * state.share)
        self._ui.trainingLabel.text = told(state.what) + self._left(now, state.share)

    def stop(self) -> None:
        """End it; the last checkpoint stays."""
        self._timer.stop()
        if self.running:
            self._job.cancel()
            self._end()

    def _left(self, now: float, share: float) -> str:
        if self._first is None or share <= self._first[1]:
            return ""
        begun, before = self._first
        seconds = (now - begun) / (share - before) * (1 - share)
        return f" ({_('about')} {duration(seconds)})"

    def _end(self) -> None:
        self._timer.stop()
        job, self._job = self._job, None
        ui = self._ui
        ui.trainButton.text = self._text
        ui.trainingProgressBar.visible = False
        try:
            job.result()
        except JobCancelledError:
            ui.trainingLabel.text = _("Cancelled. The same button goes on from what was trained.")
        except Exception as error:
            ui.trainingLabel.text = told(str(error))
        else:
            model = self._run / "model"
            if not model.is_dir():
                ui.trainingLabel.text = _("Trained; the figures lie in its folder.")
                return
            ui.modelPathLineEdit.currentPath = str(model)
            ui.trainingLabel.text = _(
                "Trained. Read its card and its figures; Import, above, takes it into use."
            )

    def _collapsed(self, collapsed: bool = False) -> None:
        if not collapsed and not self._listed:
            from MedImageLib.network.training_job import trainable_models

            self._ui.trainingComboBox.addItems(list(trainable_models()))
            self._listed = True
