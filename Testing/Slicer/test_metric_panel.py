"""The panel of Image Metric, with the networks replaced."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest
from panel_cases import RADIOGRAPH, add_radiograph, panel, radiograph_labels

from MedImageLib.geometry import Geometry

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_radiograph_is_processed_from_the_panel(application, radiograph_network):
    from MedImageLib.nodes import points_of, segmentation_labels, segments_of

    node = add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    assert widget.ui.applyButton.enabled
    widget.ui.levelSpinBox.value = 2
    widget.ui.stopBelowSpinBox.value = 0.25
    widget.ui.applyButton.click()
    assert application.errors == []
    assert widget.ui.statusLabel.text == "Done."
    assert (radiograph_network[0].level, radiograph_network[0].stop_below) == (2, 0.25)
    segmentation = widget.ui.outputSelector.currentNode()
    labels = segmentation_labels(segmentation)
    assert np.array_equal(labels.array, radiograph_labels().array)
    assert labels.geometry.same_grid(RADIOGRAPH)
    assert [s.type is not None for s in segments_of(segmentation)] == [True] * 3
    role = segmentation.GetReferenceImageGeometryReferenceRole()
    assert segmentation.GetNodeReferenceID(role) == node.GetID()
    text = widget.ui.resultTextEdit.plainText
    assert "Cardiothoracic ratio 0.38" in text
    assert "not a medical device" in text
    assert widget.ui.levelLabel.text == "▲ Intermediate level"
    assert "usable" in widget.ui.reasonLabel.text
    lines = application.scene.GetNodesByClass("vtkMRMLMarkupsLineNode")
    lines.UnRegister(None)
    lengths = [
        np.linalg.norm(np.diff(points_of(lines.GetItemAsObject(n)), axis=0))
        for n in range(lines.GetNumberOfItems())
    ]
    assert len(lengths) == 6, "two widths, and the two upright lines of each"
    for width in (30 * 0.5, 80 * 0.5):
        assert min(abs(length - width) for length in lengths) < 1e-4


def test_pressing_again_renews_and_does_not_pile_up(application, radiograph_network):
    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    before = application.scene.GetNumberOfNodes()
    widget.ui.applyButton.click()
    assert application.errors == []
    assert application.scene.GetNumberOfNodes() == before


def test_lines_are_left_out_when_not_wanted(application, radiograph_network):
    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.drawMeasurementCheckBox.checked = False
    widget.ui.applyButton.click()
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 0


def test_what_a_person_changed_is_not_overwritten(application, radiograph_network):
    import slicer

    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    segmentation = widget.ui.outputSelector.currentNode()
    identifier = segmentation.GetSegmentation().GetNthSegmentID(2)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentation, identifier)
    array[0, 0, 0] = 3
    widget.ui.applyButton.click()
    [(message, error)] = application.errors
    assert "could not be processed" in message
    assert "by a person" in str(error)
    assert widget.ui.statusLabel.text == "Nothing was computed."
    assert array[0, 0, 0] == 3


def test_what_is_no_radiograph_is_refused_in_words(application, radiograph_network):
    add_radiograph(application.scene, Geometry((5, 80, 100)))
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    [(_, error)] = application.errors
    assert "5 slices" in str(error)


def test_a_chosen_condition_is_drawn_where_it_was_measured(application, radiograph_network):
    from MedImageLib.nodes import nodes_of_role, points_of

    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    table = widget.ui.conditionsTable
    states = [row[3] for row in table.texts()]
    assert states == sorted(states, key=lambda s: "✖✔–".index(s[0]))
    names = [row[0] for row in table.texts()]
    number = names.index("lung margin left")
    assert table.texts()[number][1:3] == ["0.1", "≥ 0.02"] or table.texts()[number][1] == "0.1"
    table.setCurrentCell(number, 0)
    drawn = nodes_of_role(application.scene, "MedImageMetric.Condition")
    assert sorted(node.GetClassName() for node in drawn) == [
        "vtkMRMLMarkupsLineNode",
        "vtkMRMLMarkupsROINode",
    ]
    line = next(node for node in drawn if node.IsA("vtkMRMLMarkupsLineNode"))
    assert np.ptp(points_of(line), axis=0) == pytest.approx([10 * 0.5, 0.0, 0.0])
    red = application.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(0.0)
    table.setCurrentCell(names.index("spine offset"), 0)
    assert nodes_of_role(application.scene, "MedImageMetric.Condition") == []
    assert application.errors == []


def test_the_result_is_there_again_with_the_scene(application, radiograph_network, tmp_path):
    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    before = widget.ui.conditionsTable.texts()
    segmentation = widget.ui.outputSelector.currentNode()
    again = panel(application, "MedImageMetric")
    assert again.ui.levelLabel.text == "▲ Intermediate level"
    assert again.ui.conditionsTable.texts() == before
    again.ui.outputSelector.setCurrentNode(None)
    assert again.ui.conditionsTable.rows == []
    assert not again.ui.editButton.enabled
    again.ui.outputSelector.setCurrentNode(segmentation)
    assert again.ui.conditionsTable.texts() == before


def test_the_segment_editor_opens_on_what_was_found(application, radiograph_network):
    node = add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    widget.ui.editButton.click()
    assert application.opened == ["SegmentEditor"]
    editor = application.scene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
    assert editor.GetSegmentationNode() == widget.ui.outputSelector.currentNode()
    assert editor.GetSourceVolumeNode() == node


def test_everything_is_exported_as_by_the_command(application, radiograph_network, tmp_path):
    from MedImageLib.results import read_result

    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    widget.ui.exportButton.click()
    [(_, error)] = application.errors
    assert "choose a new one" in str(error)
    application.errors.clear()
    widget.ui.exportPathLineEdit.currentPath = str(tmp_path / "export")
    # A headless scene is open already, and a second one would be needed for the scene's file.
    widget.logic.export(widget._parameterNode, str(tmp_path / "export"), without_scene)
    assert application.errors == []
    assert (tmp_path / "export" / "report.html").is_file()
    assert read_result(tmp_path / "export").task == "metric"


def without_scene(function, volume, folder, settings):
    from MedImageLib.in_slicer import run_here

    return run_here(function, volume, folder, dataclasses.replace(settings, scene=False))


def test_a_site_is_calibrated_and_its_profile_taken_into_use(application, tmp_path):
    rows = ["patient,lung_margin_upper,lung_satisfied"]
    rows += [f"good{n},{0.04 + n / 1000},yes" for n in range(30)]
    rows += [f"bad{n},{0.002 + n / 10000},no" for n in range(30)]
    (tmp_path / "samples.csv").write_text("\n".join(rows) + "\n")
    widget = panel(application, "MedImageMetric")
    ui = widget.ui
    assert "default thresholds" in ui.profileLabel.text
    ui.calibrateButton.click()
    [(_, error)] = application.errors
    assert "choose both" in str(error)
    application.errors.clear()
    ui.samplesPathLineEdit.currentPath = str(tmp_path / "samples.csv")
    ui.calibrationPathLineEdit.currentPath = str(tmp_path / "profile")
    ui.siteLineEdit.text = "Ward 3"
    ui.calibrateButton.click()
    assert application.errors == []
    assert ui.profileLineEdit.text.endswith("site_profile.json")
    assert "Ward 3, revision 1" in ui.profileLabel.text
    application.qt.QFileDialog.chosen = str(tmp_path / "absent.json")
    ui.profileButton.click()
    assert "absent.json" in ui.profileLabel.text


def test_the_learner_answers_before_the_result_is_shown(application, radiograph_network):
    from MedImageLib.nodes import add_line

    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    ui = widget.ui
    ui.guessCheckBox.checked = True
    ui.applyButton.click()
    segmentation = ui.outputSelector.currentNode()
    assert not ui.resultCollapsibleButton.visible
    assert not segmentation.GetDisplayNode().GetVisibility()
    add_line(application.scene, np.array([[0.0, 0, 0], [15.0, 0, 0]]), "Heart")
    add_line(application.scene, np.array([[0.0, 0, 0], [30.0, 0, 0]]), "Chest")
    ui.guessLevelComboBox.currentIndex = 1
    ui.revealButton.click()
    assert application.errors == []
    assert ui.resultCollapsibleButton.visible
    assert segmentation.GetDisplayNode().GetVisibility()
    told = ui.guessLabel.text
    assert "✔ Level: you intermediate, result intermediate" in told
    assert "✖ Cardiothoracic ratio: you 0.5, result 0.375, +0.125" in told
    assert "Level: 1 of 1 cases agree." in told
    assert not ui.revealButton.enabled


@pytest.fixture
def screening():
    """Of three slices, the second one unusual in the middle of its upper half."""
    residuals = np.zeros((3, 64, 64), np.float32)
    residuals[0, 16, 32] = -5.0
    return types.SimpleNamespace(
        slice_scores=np.array([0.5, 3.0, 1.0]),
        slice_threshold=types.SimpleNamespace(value=2.0),
        threshold=types.SimpleNamespace(value=2.0),
        score=3.0,
        calibration_scores=np.random.default_rng(0).normal(0.5, 0.5, 200),
        worst_slices=(1, 2, 0),
        residuals=residuals,
    )


def test_a_scan_is_screened_from_the_panel_and_the_verdict_stays(
    application, monkeypatch, screening
):
    import slicer

    from MedImageLib import in_slicer
    from MedImageLib.nodes import scan_verdict_of
    from MedImageLib.results import InputIdentity, Measurement, ModelUsed, QualityFlag, Result
    from MedImageLib.scan_verdict import FLAG, TASK

    values = {"score": 3.0, "threshold": 2.0, "confidence": 0.9}
    result = Result(
        module="MedImageMetric",
        task=TASK,
        inputs=(InputIdentity("0" * 64, "DX", (1, 4, 4), None),),
        values=tuple(Measurement(name, value, "1") for name, value in values.items()),
        flags=(QualityFlag(FLAG, "not", "Looks normal"),),
        findings=("Blurred.",),
        models=(ModelUsed("normality_cardiac_mr", "1.0", "ab" * 32),),
    )
    calls = []

    def call(run, function, *arguments):
        calls.append((function, arguments[0].array.shape))
        return result, screening

    monkeypatch.setattr(in_slicer.PanelRun, "call", call)
    grid = Geometry((3, 80, 100), (0.5, 0.8, 6.0), (7.0, -3.0, 10.0))
    node = add_radiograph(application.scene, grid)
    widget = panel(application, "MedImageMetric")
    assert widget.ui.verdictLabel.text == "Not asked yet."
    widget.ui.screenButton.click()
    assert application.errors == []
    assert calls == [("MedImageMetricLib.normality.processing:screen_image", grid.shape)]
    verdict = scan_verdict_of(node)
    assert verdict is not None
    assert (verdict.verdict, verdict.score) == ("abnormal", 3.0)
    assert widget.ui.statusLabel.text == "Done."
    assert widget.ui.applyButton.enabled
    assert widget.ui.guidanceLabel.text == "Blurred."
    assert widget.ui.verdictLabel.text == "✖ looks abnormal (score 3.00, threshold 2.00)"
    assert [row[0] for row in widget.ui.slicesTable.texts()] == ["1", "2", "0"]
    widget.ui.slicesTable.setCurrentCell(1, 0)
    red = application.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(10.0 + 2 * 6.0)
    composite = application.scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    widget.ui.mapCheckBox.checked = True
    color = application.scene.GetNodeByID(composite.GetForegroundVolumeID())
    array = slicer.util.arrayFromVolume(color)
    assert array.max() == 5.0
    assert np.argwhere(array)[0].tolist() == [1, 16, 32]
    widget.ui.mapCheckBox.checked = False
    assert not composite.GetForegroundVolumeID()
    widget.ui.histogramButton.click()
    chart = application.scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetNumberOfPlotSeriesNodes() == 3
    assert application.errors == []
    nodes = application.scene.GetNumberOfNodes()
    widget.ui.screenButton.click()
    assert application.scene.GetNumberOfNodes() == nodes, "renewed, not piled up"
    other = add_radiograph(application.scene)
    widget.ui.inputSelector.setCurrentNode(other)
    assert widget.ui.verdictLabel.text == "Not asked yet."
    assert widget.ui.slicesTable.rows == []
    assert not widget.ui.mapCheckBox.enabled


def test_a_run_is_undone_with_its_result_and_brought_again(application, radiograph_network):
    from MedImageLib.nodes import segments_of

    add_radiograph(application.scene)
    ui = panel(application, "MedImageMetric").ui
    assert not ui.undoButton.enabled
    ui.applyButton.click()
    segmentation = ui.outputSelector.currentNode()
    rows = ui.conditionsTable.texts()
    assert (ui.undoButton.enabled, ui.redoButton.enabled) == (True, False)
    ui.undoButton.click()
    assert segments_of(segmentation) == ()
    assert ui.conditionsTable.rows == []
    assert ui.resultTextEdit.plainText == ""
    assert (ui.undoButton.enabled, ui.redoButton.enabled) == (False, True)
    ui.redoButton.click()
    assert len(segments_of(segmentation)) == 3
    assert ui.conditionsTable.texts() == rows
    ui.applyButton.click()
    assert application.errors == []


def test_one_computation_at_a_time(application, radiograph_network, monkeypatch):
    """While one of the two runs, its button cancels it and the other one waits."""
    from MedImageLib import in_slicer

    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    seen = []

    def call(run, function, *arguments):
        run._job = object()
        widget._checkCanApply()
        seen.append((widget.ui.applyButton.enabled, widget.ui.screenButton.enabled))
        run._job = None
        raise cancelled()

    monkeypatch.setattr(in_slicer.PanelRun, "call", call)
    widget.ui.applyButton.click()
    widget.ui.screenButton.click()
    assert seen == [(True, False), (False, True)]
    assert widget.ui.statusLabel.text == "Cancelled. Nothing was computed."
    assert application.errors == []
    assert widget.ui.outputSelector.currentNode() is None, "no empty segmentation is left behind"


def cancelled():
    from MedImageLib.background.job import JobCancelledError

    return JobCancelledError("cancelled")


def test_words_of_the_package_are_shown_in_another_language(
    application, radiograph_network, monkeypatch, request
):
    """The translation of the test writes all letters of a phrase in capitals."""
    import re

    from MedImageLib.panels import words

    def capitals(context, phrase):
        parts = re.split(r"(\{\d+\})", phrase)
        return "".join(part if part.startswith("{") else part.upper() for part in parts)

    monkeypatch.setattr(words, "translate", capitals)
    for kept in (words._translations, words._book):
        kept.cache_clear()
        request.addfinalizer(kept.cache_clear)
    add_radiograph(application.scene)
    ui = panel(application, "MedImageMetric").ui
    ui.applyButton.click()
    assert application.errors == []
    assert ui.levelLabel.text == "▲ INTERMEDIATE LEVEL"
    assert "SPINE OFFSET" in [row[0] for row in ui.conditionsTable.texts()]
    for text in (ui.reasonLabel.text, ui.resultTextEdit.plainText):
        assert text == text.upper()
    add_radiograph(application.scene, Geometry((5, 80, 100)))
    nodes = application.scene.GetNodesByClass("vtkMRMLScalarVolumeNode")
    nodes.UnRegister(None)
    ui.inputSelector.setCurrentNode(nodes.GetItemAsObject(1))
    ui.applyButton.click()
    [(_, error)] = application.errors
    assert str(error) == str(error).upper()
