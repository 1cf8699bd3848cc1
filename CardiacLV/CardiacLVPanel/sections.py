"""All sections of the panel but the one button: what they show and what their buttons do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from CardiacLVPanel.curve_nodes import BULLS_EYE
from CardiacLVPanel.frame_section import DIMENSION, FrameSection
from CardiacLVPanel.guess_answers import answers
from MedImageLib.in_slicer import PanelRun
from MedImageLib.nodes import (
    browser_of,
    nodes_of_role,
    rows_of,
    segmentation_labels,
    stored_result,
)
from MedImageLib.panels.buttons import connect_tried
from MedImageLib.panels.common import CommonSections
from MedImageLib.panels.keys import Keys
from MedImageLib.panels.pictures import show_png
from MedImageLib.panels.teaching import GuessSection
from MedImageLib.panels.views import edit_segmentation, one_of_role


class Sections:
    """parameters(): the parameter node now, or None while the scene is closed. recompute():
    measures again on the contours of the scene."""

    def __init__(
        self,
        ui: Any,
        logic: Any,
        run: PanelRun,
        parameters: Callable[[], Any],
        recompute: Callable[[], None],
    ) -> None:
        self._ui, self._logic, self._run = ui, logic, run
        self._parameters, self._recompute = parameters, recompute
        self._before_edit = ""
        self._eye: list[Any] | None = None
        self.common = CommonSections(ui, "CardiacLV", self._edit)
        self.frame = FrameSection(ui)
        self.keys = Keys((("D", ui.endDiastoleButton), ("S", ui.endSystoleButton)))
        self.guess = GuessSection(
            ui, self._hide, lambda: answers(ui, parameters(), self.proxy()), self._case
        )
        connect_tried(
            (
                (ui.exportButton, _("The result could not be exported."), self._export),
                (ui.revealButton, _("The result could not be revealed."), self.guess.reveal),
            )
        )

    def cancel(self) -> None:
        """End whatever runs: an installation, a training, a computation."""
        self.common.cancel()
        self._run.cancel()
        self.keys.remove()

    def enter(self) -> None:
        """The module was opened, for the first time or again."""
        self.keys.install()
        self.come_back()

    def show(self) -> None:
        """Show what the nodes of the parameters hold now."""
        parameters = self._parameters()
        sequence = parameters and parameters.inputSequence
        browser = browser_of(slicer.mrmlScene, sequence) if sequence else None
        volume = browser.GetProxyNode(sequence) if browser else None
        frames = parameters.outputTable if parameters else None
        indices = parameters.indicesTable if parameters else None
        self.frame.show(browser, volume, frames, indices)
        self._ui.resultTextEdit.visible = bool(parameters and parameters.resultText)
        self._show_eye()
        has_contours = bool(self.proxy())
        self._ui.editButton.enabled = has_contours
        self._ui.exportButton.enabled = has_contours and bool(frames)

    def proxy(self) -> Any:
        """The segmentation of the frame shown, or None."""
        parameters = self._parameters()
        if not parameters or not parameters.inputSequence or not parameters.contours:
            return None
        browser = browser_of(slicer.mrmlScene, parameters.inputSequence)
        return browser.GetProxyNode(parameters.contours) if browser else None

    def come_back(self) -> None:
        """The module was opened again: after an edit the numbers follow, if that is wanted."""
        before, self._before_edit = self._before_edit, ""
        if before and self._ui.followCheckBox.checked and self._digest() not in ("", before):
            self._recompute()

    def _edit(self) -> None:
        sequence = self._parameters().inputSequence
        volume = browser_of(slicer.mrmlScene, sequence).GetProxyNode(sequence)
        self._before_edit = self._digest()
        edit_segmentation(slicer.mrmlScene, self.proxy(), volume)

    def _digest(self) -> str:
        proxy = self.proxy()
        if proxy is None:
            return ""
        return hashlib.sha256(segmentation_labels(proxy).array.tobytes()).hexdigest()

    def _export(self) -> None:
        folder = self._ui.exportPathLineEdit.currentPath
        self._logic.export(self._parameters(), folder, self._run.call)
        self._ui.statusLabel.text = _("Exported.")

    def _show_eye(self) -> None:
        node = one_of_role(slicer.mrmlScene, BULLS_EYE)
        rows = rows_of(node) if node else []
        if rows == self._eye:
            return
        self._eye = rows
        png = None
        if any(row["thickness_ed"] is not None for row in rows):
            from CardiacLVLib.presentation.beat_curve import bulls_eye_of
            from CardiacLVLib.presentation.bullseye_picture import bulls_eye_picture

            png = bulls_eye_picture(bulls_eye_of(rows), across=1)
        show_png(self._ui.bullsEyeLabel, png)

    def _case(self) -> str:
        result = stored_result(self._parameters().outputTable)
        return result.inputs[0].sha256 if result else ""

    def _hide(self, hidden: bool) -> None:
        for name in ("resultCollapsibleButton", "correctCollapsibleButton", "frameLabel"):
            getattr(self._ui, name).visible = not hidden
        for name in ("endDiastoleButton", "endSystoleButton", "curveButton", "indicesTableWidget"):
            getattr(self._ui, name).visible = not hidden
        proxy = self.proxy()
        if proxy and proxy.GetDisplayNode():
            proxy.GetDisplayNode().SetVisibility(not hidden)
        if hidden:
            for node in nodes_of_role(slicer.mrmlScene, DIMENSION):
                node.SetDisplayVisibility(False)
        else:
            self.frame.follow()
