"""The panel of Cardiac LV, with the networks replaced."""

from __future__ import annotations

import numpy as np
import pytest
from panel_cases import CINE, RADII, add_cine, disc, panel

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_cine_is_processed_from_the_panel(application, cine_network):
    from MedImageLib.nodes import rows_of, segmentation_labels

    _, browser, _ = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.levelSpinBox.value = 2
    widget.ui.consistentCheckBox.checked = False
    widget.ui.applyButton.click()
    assert application.errors == []
    [(settings, consistent)] = cine_network
    assert (settings.level, consistent) == (2, False)
    rows = rows_of(widget.ui.outputSelector.currentNode())
    expected = [3 * np.pi * (radius * 1.4) ** 2 * 8 / 1000 for radius in RADII]
    assert [row["cavity_volume"] for row in rows] == pytest.approx(expected, rel=0.03)
    assert [row["time"] for row in rows] == [0.0, 40.0, 80.0]
    assert [row["phase"] for row in rows] == ["end diastole", "end systole", "diastole"]
    assert "ejection fraction: 7" in widget.ui.resultTextEdit.plainText
    indices = rows_of(widget.ui.indicesSelector.currentNode())
    assert [(row["frame"], row["slice"]) for row in indices] == list(np.ndindex(3, 3))
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 6
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 1
    assert browser.GetSelectedItemNumber() == 0
    segmentation = application.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    for frame, radius in enumerate(RADII):
        browser.SetSelectedItemNumber(frame)
        application.logics["Sequences"].UpdateAllProxyNodes()
        labels = segmentation_labels(segmentation)
        assert (labels.array == 1).sum() == 3 * disc(radius).sum()
        assert labels.geometry.same_grid(CINE)


def test_edited_contours_change_every_number(application, cine_network):
    import slicer

    from MedImageLib.nodes import rows_of

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    assert not widget.ui.recomputeButton.enabled
    widget.ui.applyButton.click()
    assert widget.ui.recomputeButton.enabled
    before = rows_of(widget.ui.outputSelector.currentNode())
    nodes = application.scene.GetNumberOfNodes()
    # The frame shown is the first one: fill its cavity up on two of three slices.
    segmentation = application.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentation, identifier)
    array[1:][array[1:] == 1] = 0
    segmentation.Modified()
    widget.ui.recomputeButton.click()
    assert application.errors == []
    after = rows_of(widget.ui.outputSelector.currentNode())
    assert after[0]["cavity_volume"] == pytest.approx(before[0]["cavity_volume"] / 3, rel=0.01)
    assert [row["cavity_volume"] for row in after[1:]] == [r["cavity_volume"] for r in before[1:]]
    assert [row["phase"] for row in after] == ["systole", "end systole", "end diastole"]
    assert "contours were given" in widget.ui.resultTextEdit.plainText
    assert application.scene.GetNumberOfNodes() == nodes
    assert len(cine_network) == 1, "no network is asked again"


def test_the_insertion_can_be_turned(application, cine_network):
    from MedImageLib.nodes import rows_of

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    assert not widget.ui.insertionSpinBox.enabled
    found = widget.ui.insertionSpinBox.value
    before = rows_of(widget.ui.indicesSelector.currentNode())
    widget.ui.automaticInsertionCheckBox.checked = False
    assert widget.ui.insertionSpinBox.enabled
    widget.ui.insertionSpinBox.value = found - 60 if found > 0 else found + 60
    widget.ui.recomputeButton.click()
    assert application.errors == []
    after = rows_of(widget.ui.indicesSelector.currentNode())
    # A turn by one region moves every thickness to its neighbor.
    names = [f"rwt{n}_mm" for n in range(1, 7)]
    old, new = ([rows[0][name] for name in names] for rows in (before, after))
    assert any(np.allclose(np.roll(old, by), new, atol=1e-6) for by in (-1, 1))
    assert old != pytest.approx(new)


def test_numbers_follow_the_frame_that_is_shown(application, cine_network):
    _, browser, _ = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    assert widget.ui.frameLabel.text == ""
    assert not widget.ui.endSystoleButton.enabled
    widget.ui.applyButton.click()
    assert widget.ui.endSystoleButton.enabled
    assert "end diastole" in widget.ui.frameLabel.text
    widget.ui.endSystoleButton.click()
    assert browser.GetSelectedItemNumber() == 1
    assert "end systole" in widget.ui.frameLabel.text
    browser.SetSelectedItemNumber(2)
    assert "Frame 2" in widget.ui.frameLabel.text
    application.scene.RemoveNode(widget.ui.outputSelector.currentNode())
    browser.SetSelectedItemNumber(1)
    assert widget.ui.frameLabel.text == ""
    widget.ui.inputSelector.setCurrentNode(None)
    assert application.errors == []


def test_a_cine_without_browser_gets_one(application, cine_network):
    _, browser, _ = add_cine(application.scene)
    application.scene.RemoveNode(browser)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    assert application.errors == []
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode") == 1


def test_a_click_on_the_curve_goes_to_the_frame_and_the_mark_follows(application, cine_network):
    import slicer
    import vtk

    from MedImageLib.nodes import nodes_of_role, rows_of

    _, browser, _ = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    assert application.errors == []
    names = [node.GetName() for node in nodes_of_role(application.scene, "CardiacLV.Curve")]
    assert {"measured", "polynomial fit", "periodic fit", "ED", "ES"} <= set(names)
    [measured] = [
        node
        for node in nodes_of_role(application.scene, "CardiacLV.Curve", "vtkMRMLPlotSeriesNode")
        if node.GetName() == "measured"
    ]
    chart = application.scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    view = application.scene.GetFirstNodeByClass("vtkMRMLPlotViewNode")
    assert view is None or view.GetPlotChartNodeID() == chart.GetID()
    assert chart.GetYAxisTitle() == "cavity volume (mL)"
    series, points = vtk.vtkStringArray(), vtk.vtkCollection()
    series.InsertNextValue(measured.GetID())
    numbers = vtk.vtkIdTypeArray()
    numbers.InsertNextValue(2)
    points.AddItem(numbers)
    plot = slicer.app.layoutManager().plotWidget(0).plotView()
    plot.signal("dataSelected").emit(series, points)
    assert browser.GetSelectedItemNumber() == 2
    [cursor] = nodes_of_role(application.scene, "CardiacLV.Cursor", "vtkMRMLTableNode")
    assert [row["time"] for row in rows_of(cursor)] == [80.0, 80.0]
    assert widget.ui.frameSlider.value == 2
    widget.ui.frameSlider.value = 1
    assert browser.GetSelectedItemNumber() == 1
    widget.ui.playButton.checked = True
    assert browser.GetPlaybackActive()
    widget.ui.playButton.checked = False
    assert not browser.GetPlaybackActive()


def test_indices_and_diameters_are_those_of_the_frame_shown(application, cine_network):
    from MedImageLib.nodes import nodes_of_role

    _, browser, _ = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    table = widget.ui.indicesTableWidget
    assert [row[0] for row in table.texts()] == ["0", "1", "2"]
    area = float(table.texts()[1][1].removesuffix(" mm²"))
    assert area == pytest.approx(np.pi * (RADII[0] * 1.4) ** 2, rel=0.03)
    assert len(table.texts()[1][4].split(" / ")) == 6

    def visible():
        lines = nodes_of_role(application.scene, "CardiacLV.Dimension")
        return sorted(
            n.GetAttribute("CardiacLV.Dimension") for n in lines if n.GetDisplayVisibility()
        )

    assert visible() == ["dim1_ed", "dim2_ed", "dim3_ed"]
    browser.SetSelectedItemNumber(1)
    assert visible() == ["dim1_es", "dim2_es", "dim3_es"]
    area = float(table.texts()[1][1].removesuffix(" mm²"))
    assert area == pytest.approx(np.pi * (RADII[1] * 1.4) ** 2, rel=0.06)
    browser.SetSelectedItemNumber(2)
    assert visible() == []
    table.setCurrentCell(2, 0)
    red = application.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(5.0 + 2 * 8.0)
    assert widget.ui.bullsEyeLabel.pixmap.png.startswith(b"\x89PNG")
    again = panel(application, "CardiacLV")
    assert again.ui.indicesTableWidget.texts() == table.texts()


def test_after_editing_the_numbers_follow_by_themselves(application, cine_network):
    import slicer

    from MedImageLib.nodes import rows_of

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    before = rows_of(widget.ui.outputSelector.currentNode())
    widget.ui.editButton.click()
    assert application.opened == ["SegmentEditor"]
    widget.exit()
    widget.enter()
    assert rows_of(widget.ui.outputSelector.currentNode()) == before, "nothing was edited"
    widget.ui.editButton.click()
    widget.exit()
    segmentation = application.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentation, identifier)
    array[1:][array[1:] == 1] = 0
    segmentation.Modified()
    widget.enter()
    assert application.errors == []
    after = rows_of(widget.ui.outputSelector.currentNode())
    assert after[0]["cavity_volume"] == pytest.approx(before[0]["cavity_volume"] / 3, rel=0.01)


def test_what_was_edited_is_exported(application, cine_network, tmp_path):
    import dataclasses

    from MedImageLib import in_slicer
    from MedImageLib.results import read_result

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    assert not widget.ui.exportButton.enabled
    widget.ui.applyButton.click()
    widget.ui.exportButton.click()
    [(_, error)] = application.errors
    assert "choose a new one" in str(error)

    def without_scene(function, cine, labels, folder, settings):
        # A headless scene is open already, and a second one would be needed for the scene's file.
        settings = dataclasses.replace(settings, scene=False)
        return in_slicer.run_here(function, cine, labels, folder, settings)

    widget.logic.export(widget._parameterNode, str(tmp_path / "export"), without_scene)
    names = {path.name for path in (tmp_path / "export").iterdir()}
    assert {"report.html", "labels.nii.gz", "indices.csv", "result.json"} <= names
    assert read_result(tmp_path / "export").value("ed_phase_index").value == 0


def test_the_learner_names_both_ends_of_the_beat_first(application, cine_network):
    from MedImageLib.nodes import Segment, add_segmentation
    from MedImageLib.volume import Volume

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    ui = widget.ui
    ui.guessCheckBox.checked = True
    ui.applyButton.click()
    assert application.errors == []
    assert not ui.resultCollapsibleButton.visible
    assert not ui.frameLabel.visible
    drawn = np.zeros(CINE.shape, np.uint8)
    drawn[1, disc(RADII[0])] = 1
    own = add_segmentation(
        application.scene, Volume(drawn, CINE, is_labelmap=True), [Segment("mine", 1)], "mine"
    )
    ui.guessContourSelector.setCurrentNode(own)
    ui.guessEdSpinBox.value, ui.guessEsSpinBox.value = 2, 1
    ui.revealButton.click()
    assert application.errors == []
    told = ui.guessLabel.text
    assert "✔ End diastole: you frame 2, result frame 0, -1 frames." in told
    assert "✔ End systole: you frame 1, result frame 1, +0 frames." in told
    assert "✔ Cavity contour (Dice): you 1.00" in told
    assert ui.resultCollapsibleButton.visible


def test_keys_go_to_the_ends_of_the_beat_while_the_module_is_open(application, cine_network):
    _sequence, browser, _volume = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    keys = application.qt.QShortcut.there
    widget.enter()
    assert set(keys) == {"D", "S"}
    keys["S"].signal("activated").emit()
    assert browser.GetSelectedItemNumber() == 1
    keys["D"].signal("activated").emit()
    assert browser.GetSelectedItemNumber() == 0
    widget.exit()
    assert keys == {}
    assert application.errors == []
