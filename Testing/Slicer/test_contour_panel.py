"""The panel of Auto Contour, with the networks replaced."""

from __future__ import annotations

import numpy as np
import pytest
from panel_cases import add_contours, add_pair, add_radiograph, panel

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_a_ct_is_contoured_from_the_panel(application, monkeypatch):
    """The organs are replaced by two boxes; body and checks are not asked."""
    from MedImageLib.nodes import segmentation_labels, segments_of

    def masks_of(scan):
        mandible = np.zeros(scan.array.shape, bool)
        mandible[0, 10:20, 30:50] = True
        return {"body": np.ones(scan.array.shape, bool), "mandible": mandible}

    replace_contouring(monkeypatch, masks_of)
    node = add_radiograph(application.scene)
    widget = panel(application, "AutoContour")
    assert widget.ui.inputSelector.currentNode() == node
    widget.ui.applyButton.click()
    assert application.errors == []
    segmentation = widget.ui.outputSelector.currentNode()
    assert [segment.name for segment in segments_of(segmentation)] == ["Body", "Mandible"]
    values = np.unique(segmentation_labels(segmentation).array, return_counts=True)
    assert sorted(values[1]) == [200, 80 * 100 - 200]
    assert "to be reviewed" in widget.ui.resultTextEdit.plainText.lower()
    assert "Look at every contour" in widget.ui.statusLabel.text


def replace_contouring(monkeypatch, masks_of):
    """Contours are what `masks_of(scan)` says."""
    from AutoContourLib.contours import contour_files, contouring

    def contour_image(scan, settings):
        contours = contouring.Contours(scan, masks_of(scan))
        return contours, contour_files.contour_result(contours, settings, 0.1)

    monkeypatch.setattr(contour_files, "contour_image", contour_image)


def test_contours_are_reviewed_by_name_and_changes_ask_again(application):
    import slicer

    add_pair(application.scene)
    node = add_contours(application.scene, "contours", ["body", "mandible"])
    widget = panel(application, "AutoContour")
    ui = widget.ui
    ui.outputSelector.setCurrentNode(node)
    names = [row[0] for row in ui.reviewTable.texts()]
    assert [row[1] for row in ui.reviewTable.texts()] == ["to be reviewed"] * 2
    ui.reviewTable.setCurrentCell(1, 0)
    red = application.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(2 * 3.0)
    ui.approveButton.click()
    [(_, error)] = application.errors
    assert "name of the reviewer" in str(error)
    application.errors.clear()
    ui.reviewerLineEdit.text = "A. Reader"
    ui.approveButton.click()
    row = ui.reviewTable.texts()[1]
    assert row[:3] == [names[1], "✔ approved", "A. Reader"]
    assert row[3].startswith("20")
    assert ui.reviewTable.texts()[0][1] == "to be reviewed"
    assert ui.reviewTable.currentRow() == 0, "the next one that nobody has looked at"
    assert ui.approveButton.enabled
    ui.approveAllButton.click()
    assert [row[1] for row in ui.reviewTable.texts()] == ["✔ approved"] * 2
    ui.editButton.click()
    assert application.opened == ["SegmentEditor"]
    widget.exit()
    identifier = node.GetSegmentation().GetNthSegmentID(1)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, identifier)
    array[array == 2] = 0
    node.Modified()
    widget.enter()
    assert [row[1] for row in ui.reviewTable.texts()] == ["✔ approved", "to be reviewed"]
    assert application.errors == []


def test_keys_review_while_the_module_is_open(application):
    add_pair(application.scene)
    node = add_contours(application.scene, "contours", ["mandible"])
    widget = panel(application, "AutoContour")
    widget.ui.outputSelector.setCurrentNode(node)
    widget.ui.reviewerLineEdit.text = "A. Reader"
    keys = application.qt.QShortcut.there
    assert keys == {}
    widget.enter()
    assert set(keys) == {"A", "R"}
    keys["A"].signal("activated").emit()
    assert widget.ui.reviewTable.texts()[0][1] == "to be reviewed", "none is chosen"
    widget.ui.reviewTable.setCurrentCell(0, 0)
    keys["R"].signal("activated").emit()
    assert widget.ui.reviewTable.texts()[0][1] == "✖ rejected"
    widget.exit()
    assert keys == {}


def test_the_target_is_made_of_approved_contours(application):
    first, second = add_pair(application.scene)
    widget = panel(application, "AutoContour")
    ui = widget.ui
    ui.inputSelector.setCurrentNode(first)
    ui.secondSelector.setCurrentNode(second)
    ui.outputSelector.setCurrentNode(add_contours(application.scene, "one", ["mandible"]))
    ui.secondSegmentationSelector.setCurrentNode(
        add_contours(application.scene, "two", ["mandible"], at=6)
    )
    ui.targetComboBox.setCurrentText("second")
    ui.targetButton.click()
    [(_, error)] = application.errors
    assert "Review it first" in str(error)
    application.errors.clear()
    ui.reviewerLineEdit.text = "A. Reader"
    for number in (0, 1):
        ui.contoursComboBox.currentIndex = number
        ui.approveAllButton.click()
    assert not widget._parameterNode.outputSegmentation.GetDisplayVisibility()
    ui.targetButton.click()
    assert application.errors == []
    from MedImageLib.nodes import segmentation_labels

    target = segmentation_labels(widget._parameterNode.targetSegmentation).array
    two = segmentation_labels(widget._parameterNode.secondSegmentation).array
    assert np.array_equal(target > 0, two > 0)
    assert ui.contoursComboBox.currentIndex == 2


def test_contours_are_exported_as_they_are(application, tmp_path):
    first, _ = add_pair(application.scene)
    widget = panel(application, "AutoContour")
    widget.ui.inputSelector.setCurrentNode(first)
    widget.ui.outputSelector.setCurrentNode(
        add_contours(application.scene, "contours", ["mandible"])
    )
    widget.ui.exportPathLineEdit.currentPath = str(tmp_path / "export")
    widget.ui.exportButton.click()
    assert application.errors == []
    names = {path.name for path in (tmp_path / "export").iterdir()}
    assert {"labels.nii.gz", "labels.json", "segmentation.seg.nrrd"} <= names
    assert not {name for name in names if name.endswith(".dcm")}


def test_studies_are_listed_and_watched_while_it_is_switched_on(application, tmp_path, monkeypatch):
    import time
    import types

    from AutoContourLib.study.watch_settings import WatchSettings
    from AutoContourLib.viewing import study_list
    from AutoContourPanel import studies_section
    from MedImageLib.background import progress
    from MedImageLib.batch import under_way

    listed = [
        study_list.ListedStudy("aa11", "working"),
        study_list.ListedStudy("bb22", "parked", "no CT"),
        study_list.ListedStudy("cc33", "review", "", "CT + MR", "2026-01-02T03:04:05", tmp_path),
    ]
    monkeypatch.setattr(study_list, "listed_studies", lambda out: tuple(listed))
    jobs = []

    class Job:
        def __init__(self, function, arguments, python):
            self.call, self.ended = (function, arguments), False
            jobs.append(self)

        def state(self):
            return types.SimpleNamespace(ended=self.ended)

        def cancel(self):
            self.ended = True

        def result(self):
            return None

    monkeypatch.setattr(studies_section, "Job", Job)
    monkeypatch.setattr(studies_section, "ensure_packages", lambda requester: None)
    widget = panel(application, "AutoContour")
    ui = widget.ui
    ui.automaticCheckBox.checked = True
    [(_, error)] = application.errors
    assert "Choose the folder" in str(error)
    assert not ui.automaticCheckBox.checked
    application.errors.clear()
    ui.studiesPathLineEdit.currentPath = str(tmp_path / "in")
    ui.resultsPathLineEdit.currentPath = str(tmp_path)
    states = [row[0] for row in ui.studiesTable.texts()]
    assert states == ["▶ processing", "✖ failed", "▲ ready, needs review"]
    ui.studiesTable.setCurrentCell(1, 0)
    assert ui.studyLabel.text == "no CT"
    assert not ui.openStudyButton.enabled
    ui.studiesTable.setCurrentCell(2, 0)
    ui.screeningCheckBox.checked = True
    ui.automaticCheckBox.checked = True
    [job] = jobs
    assert job.call == (
        "AutoContourLib.study.watching:watch_folder",
        (tmp_path / "in", tmp_path, WatchSettings(screening=True)),
    )
    ui.studiesTable.setCurrentCell(1, 0)
    work = tmp_path / ".work" / "run" / "CT-study"
    work.mkdir(parents=True)
    started = time.time() - 30.0
    with under_way.telling(work, "aa11" + 60 * "0", clock=lambda: started):
        progress.tell(0.25, "Rigid registration")
        widget.sections.studies._timer.signal("timeout").emit()
        told = ui.studiesTable.texts()[0][0]
        assert told.startswith("▶ 25%, about 1 min 3"), told
        assert ui.studiesTable.currentRow() == 1, "what is chosen stays chosen"
        ui.studiesTable.setCurrentCell(0, 0)
        widget.sections.studies._timer.signal("timeout").emit()
        assert ui.studyLabel.text == "Rigid registration"
    listed[0] = study_list.ListedStudy("aa11", "approved")
    widget.sections.studies._timer.signal("timeout").emit()
    assert ui.studiesTable.texts()[0][0] == "✔ approved"
    ui.automaticCheckBox.checked = False
    assert job.ended
    assert not widget.sections.studies.running
    widget.sections.cancel()
    assert application.errors == []


def test_reviews_and_contours_are_undone(application, monkeypatch):
    from MedImageLib.nodes import segments_of

    replace_contouring(monkeypatch, lambda scan: {"body": np.ones(scan.array.shape, bool)})
    add_radiograph(application.scene)
    ui = panel(application, "AutoContour").ui
    ui.applyButton.click()
    segmentation = ui.outputSelector.currentNode()
    text = ui.resultTextEdit.plainText
    ui.reviewerLineEdit.text = "A. Reader"
    ui.approveAllButton.click()
    assert ui.reviewTable.texts()[0][1] == "✔ approved"
    ui.undoButton.click()
    assert ui.reviewTable.texts()[0][1] == "to be reviewed"
    ui.undoButton.click()
    assert segments_of(segmentation) == ()
    assert (ui.resultTextEdit.plainText, ui.reviewTable.rows) == ("", [])
    assert not ui.undoButton.enabled
    ui.redoButton.click()
    assert ui.resultTextEdit.plainText == text
    ui.redoButton.click()
    assert ui.reviewTable.texts()[0][1] == "✔ approved"
    assert not ui.redoButton.enabled
    application.scene.Clear()
    assert application.errors == []
