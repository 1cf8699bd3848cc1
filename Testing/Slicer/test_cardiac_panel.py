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
    assert "Frame shown: 2" in widget.ui.frameLabel.text
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
