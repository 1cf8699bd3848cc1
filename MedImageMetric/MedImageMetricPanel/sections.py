"""All sections of the panel but the one button: what they show and what their buttons do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from MedImageLib.in_slicer import PanelRun
from MedImageLib.panels.buttons import connect_tried
from MedImageLib.panels.common import CommonSections
from MedImageLib.panels.teaching import GuessSection
from MedImageLib.panels.undo import UndoButtons
from MedImageLib.panels.views import edit_segmentation
from MedImageMetricPanel.guess_answers import answers, case_of, hide_result
from MedImageMetricPanel.level_section import LevelSection
from MedImageMetricPanel.normality_section import NormalitySection
from MedImageMetricPanel.profile_section import ProfileSection
from MedImageMetricPanel.result_nodes import DRAWING, shown_text


class Sections:
    """parameters(): the parameter node now, or None while the scene is closed."""

    def __init__(self, ui: Any, logic: Any, run: PanelRun, parameters: Callable[[], Any]) -> None:
        self._ui, self._logic, self._run, self._parameters = ui, logic, run, parameters
        self.common = CommonSections(ui, "MedImageMetric", self._edit, run.end)
        self.screen_run = PanelRun(ui.screenButton, ui.statusLabel, ui.progressBar, _("Cancel"))
        self.level = LevelSection(ui)
        self.normality = NormalitySection(ui)
        self.profile = ProfileSection(ui, self._choose_profile)
        self.guess = GuessSection(
            ui,
            self._hide,
            lambda: answers(ui, parameters().outputSegmentation),
            lambda: case_of(parameters().outputSegmentation),
        )
        self.undo = UndoButtons(ui, logic.undo, self._segmentation, self._undone)
        connect_tried(
            (
                (ui.exportButton, _("The result could not be exported."), self._export),
                (ui.revealButton, _("The result could not be revealed."), self.guess.reveal),
                (ui.calibrateButton, _("The site could not be calibrated."), self._calibrate),
            )
        )

    def cancel(self) -> None:
        """End whatever runs: an installation, a training, a computation."""
        self.common.cancel()
        self._run.end()
        self.screen_run.cancel()

    def leave_scene(self) -> None:
        """End what is computed for a scene that is being closed."""
        self._run.cancel()
        self.screen_run.cancel()
        self._logic.undo.forget()

    def show(self) -> None:
        """Show what the nodes of the parameters hold now."""
        parameters = self._parameters()
        volume = parameters.inputVolume if parameters else None
        segmentation = parameters.outputSegmentation if parameters else None
        self.level.show(segmentation, volume)
        self.normality.show(volume)
        self.profile.show(parameters.profile if parameters else "")
        self.undo.show()
        self._ui.resultTextEdit.visible = bool(parameters and parameters.resultText)
        self._ui.editButton.enabled = bool(segmentation)
        self._ui.exportButton.enabled = bool(segmentation and volume)

    def _segmentation(self) -> Any:
        parameters = self._parameters()
        return parameters.outputSegmentation if parameters else None

    def _undone(self) -> None:
        self._parameters().resultText = shown_text(self._segmentation())
        self.show()

    def _choose_profile(self, path: str) -> None:
        self._parameters().profile = path

    def _hide(self, hidden: bool) -> None:
        parameters = self._parameters()
        if parameters:
            segmentation = parameters.outputSegmentation
            hide_result(self._ui, segmentation, DRAWING, hidden)

    def _edit(self) -> None:
        parameters = self._parameters()
        edit_segmentation(slicer.mrmlScene, parameters.outputSegmentation, parameters.inputVolume)

    def _export(self) -> None:
        folder = self._ui.exportPathLineEdit.currentPath
        self._logic.export(self._parameters(), folder, self._run.call)
        self._ui.statusLabel.text = _("Exported.")

    def _calibrate(self) -> None:
        self.profile.calibrate(self._parameters().rules, self._run.call)
        self._ui.statusLabel.text = _("Calibrated; the new profile is in use.")
