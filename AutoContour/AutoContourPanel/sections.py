"""All sections of the panel: what they show and what their buttons do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from AutoContourPanel.opened_study import (
    StudyOrigin,
    origin_of,
    seen_of,
    show_study,
    take_marks,
)
from AutoContourPanel.pair_section import PairSection
from AutoContourPanel.review_section import ReviewSection, contour_of_image
from AutoContourPanel.scene_content import shown_text
from AutoContourPanel.studies_section import StudiesSection
from MedImageLib.errors import MedImageError
from MedImageLib.in_slicer import PanelRun
from MedImageLib.nodes import geometry_of, segment_of, update_segmentation, volume_of
from MedImageLib.panels.buttons import connect_tried
from MedImageLib.panels.common import CommonSections
from MedImageLib.panels.keys import Keys
from MedImageLib.panels.stereo import StereoSection
from MedImageLib.panels.undo import UndoButtons
from MedImageLib.panels.views import edit_segmentation
from MedImageLib.panels.words import told

REVIEW = "AutoContourLib.viewing.remote_studies:review_on_server"
ANSWER = "AutoContourLib.viewing.remote_studies:send_answer"
SEND = "AutoContourLib.viewing.remote_studies:send_review"
_FIRST, _SECOND, _TARGET = range(3)  # in the order of the list


class Sections:
    """parameters(): the parameter node now, or None while the scene is closed."""

    def __init__(self, ui: Any, logic: Any, run: PanelRun, parameters: Callable[[], Any]) -> None:
        self._ui, self._logic, self._run, self._parameters = ui, logic, run, parameters
        self.common = CommonSections(ui, "AutoContour", self._edit)
        self.studies = StudiesSection(ui, run.call, self._open)
        self.pair = PairSection(ui, parameters)
        self.review = ReviewSection(ui, self.segmentation, logic.undo, self._send)
        self.stereo = StereoSection(ui, lambda: [self.segmentation()])
        self.undo = UndoButtons(ui, logic.undo, self.segmentation, self._undone)
        from AutoContourLib.registration.fusion import METHODS, FusionSettings

        ui.fusionComboBox.addItems(list(METHODS))
        ui.fusionComboBox.setCurrentText(FusionSettings().method)
        ui.contoursComboBox.connect("currentIndexChanged(int)", self._chosen)
        reviewed = _("The contour could not be reviewed.")
        answered = _("The question could not be answered.")
        connect_tried(
            (
                (ui.openStudyButton, _("The study could not be opened."), self.studies.open),
                (ui.fuseButton, _("The images could not be fused."), self._fuse),
                (ui.modifyButton, answered, lambda: self._answer("modify")),
                (ui.keepButton, answered, lambda: self._answer("keep")),
                (ui.approveButton, reviewed, lambda: self._mark("completed")),
                (ui.rejectButton, reviewed, lambda: self._mark("flagged")),
                (ui.approveAllButton, reviewed, lambda: self._mark("completed", True)),
                (
                    ui.virtualRealityButton,
                    _("Virtual reality could not be entered."),
                    self.stereo.enter_virtual_reality,
                ),
                (ui.targetButton, _("The target could not be made."), self._make_target),
                (ui.exportButton, _("The contours could not be exported."), self._export),
            )
        )
        self.keys = Keys((("A", ui.approveButton), ("R", ui.rejectButton)))

    def cancel(self) -> None:
        """End whatever runs: an installation, a training, automatic processing, a computation."""
        self.common.cancel()
        self._run.cancel()
        self.studies.stop()
        self.stereo.stop()
        self.keys.remove()

    def leave_scene(self) -> None:
        """End what is computed for a scene that is being closed."""
        self._run.cancel()
        self._logic.undo.forget()

    def show(self) -> None:
        """Show what the nodes of the parameters hold now."""
        parameters = self._parameters()
        self.pair.show()
        self.review.show()
        self.undo.show()
        self._ui.resultTextEdit.visible = bool(parameters and parameters.resultText)
        first = bool(parameters and parameters.outputSegmentation)
        self._ui.targetButton.enabled = first and bool(parameters.secondSegmentation)
        self._ui.exportButton.enabled = first and bool(parameters.inputVolume)

    def segmentation(self) -> Any:
        """The contours that are shown and reviewed, or None."""
        parameters = self._parameters()
        if not parameters:
            return None
        by_choice = {
            _FIRST: parameters.outputSegmentation,
            _SECOND: parameters.secondSegmentation,
            _TARGET: parameters.targetSegmentation,
        }
        return by_choice[self._ui.contoursComboBox.currentIndex]

    def _chosen(self, index: int = 0) -> None:
        parameters = self._parameters()
        if parameters is None:
            return
        shown = self.segmentation()
        for node in (
            parameters.outputSegmentation,
            parameters.secondSegmentation,
            parameters.targetSegmentation,
        ):
            if node is not None:
                node.SetDisplayVisibility(node == shown)
        self.review.show()
        self.undo.show()

    def _mark(self, status: str, everything: bool = False) -> None:
        self.review.mark(status, everything=everything)
        self.undo.show()

    def _undone(self) -> None:
        parameters = self._parameters()
        if self.segmentation() == parameters.outputSegmentation:
            parameters.resultText = shown_text(parameters.outputSegmentation)
        self.show()

    def _open(self, content: Any, origin: StudyOrigin) -> None:
        parameters = self._parameters()
        show_study(slicer.mrmlScene, content, parameters, origin)
        if content.pair is not None:
            self.pair.take(content.pair)
        self._ui.contoursComboBox.currentIndex = _FIRST
        self._chosen()
        self.show()
        self.pair.show_views()

    def _send(self, segmentation: Any, names: list[str], status: str, reviewer: str) -> bool:
        """Hand a review to where the contours came from; False for contours of this scene."""
        origin = origin_of(segmentation)
        if origin is None:
            return False
        seen = seen_of(segmentation, names)
        verdict = "approve" if status == "completed" else "reject"
        try:
            take_marks(segmentation, self._hand_over(origin, verdict, seen, reviewer))
        except MedImageError:
            # Somebody else may have been quicker: what is there now is shown with the message.
            with suppress(MedImageError):
                take_marks(segmentation, self._look_again(origin))
                self.review.show()
            raise
        return True

    def _answer(self, answer: str) -> None:
        """Answer the question about the plan, here and where the study came from."""
        reviewer = self._ui.reviewerLineEdit.text.strip()
        origin = origin_of(self._parameters().outputSegmentation)
        # Without a name it is refused here, before anybody else is asked.
        if self.pair.asks and reviewer and origin is not None and origin.pair:
            if origin.url:
                server = replace(self.studies.server(), url=origin.url)
                self._run.call(ANSWER, server, origin.id, origin.pair, answer, reviewer)
            else:
                from AutoContourLib.viewing.plan_question import answer_question

                out, folder = Path(origin.out), Path(origin.folder)
                answer_question(out, folder, origin.pair, answer, reviewer)
        self.pair.answer(answer, reviewer)

    def _hand_over(self, origin: StudyOrigin, verdict: str, seen: Any, reviewer: str) -> Any:
        contours = (origin.name, origin.place)
        if origin.url:
            server = replace(self.studies.server(), url=origin.url)
            return self._run.call(SEND, server, origin.id, contours, verdict, seen, reviewer)
        from AutoContourLib.viewing.local_review import review_here

        return review_here(Path(origin.folder), contours, verdict, seen, reviewer)

    def _look_again(self, origin: StudyOrigin) -> Any:
        contours = (origin.name, origin.place)
        if origin.url:
            server = replace(self.studies.server(), url=origin.url)
            return self._run.call(REVIEW, server, origin.id, contours)
        from AutoContourLib.viewing.local_review import review_in_folder

        return review_in_folder(Path(origin.folder), contours)

    def _fuse(self) -> None:
        fuse = "AutoContourLib.registration.image_pair:fused_volume"
        self.pair.take_fused(self._run.call(fuse, *self.pair.fusing()))

    def _edit(self) -> None:
        parameters = self._parameters()
        second = self._ui.contoursComboBox.currentIndex == _SECOND
        volume = parameters.secondVolume if second else parameters.inputVolume
        edit_segmentation(slicer.mrmlScene, self.segmentation(), volume)

    def _make_target(self) -> None:
        from AutoContourLib.contours.target_contour import TargetSettings, target_contour

        parameters = self._parameters()
        grid = geometry_of(parameters.inputVolume)
        first, second = (
            contour_of_image(node, volume_of(volume).modality, grid)
            for node, volume in (
                (parameters.outputSegmentation, parameters.inputVolume),
                (parameters.secondSegmentation, parameters.secondVolume),
            )
        )
        settings = TargetSettings(source=self._ui.targetComboBox.currentText)
        target = target_contour(first, second, settings)
        labels = first.regions[0].mask.with_array(
            first.regions[0].mask.array.astype("uint8") * 0, is_labelmap=True
        )
        array, made = labels.array.copy(), []
        for value, region in enumerate(target.regions, start=1):
            array[region.mask.array > 0] = value
            if region.structure is not None:
                made.append(segment_of(region.structure, value))
        if parameters.targetSegmentation is None:
            parameters.targetSegmentation = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLSegmentationNode", slicer.mrmlScene.GenerateUniqueName(_("Target"))
            )
        with self._logic.undo.kept(parameters.targetSegmentation):
            update_segmentation(
                parameters.targetSegmentation,
                labels.with_array(array, is_labelmap=True),
                made,
                reference_node=parameters.inputVolume,
            )
        self._ui.contoursComboBox.currentIndex = _TARGET
        remarks = [told(remark.text) for remark in target.remarks]
        self._ui.statusLabel.text = " ".join([_("Target made."), *remarks])

    def _export(self) -> None:
        self._logic.export(
            self._parameters(),
            self._ui.exportPathLineEdit.currentPath,
            self._ui.firstSeriesPathLineEdit.currentPath,
            self._ui.secondSeriesPathLineEdit.currentPath,
            self._run.call,
        )
        self._ui.statusLabel.text = _("Exported.")
