"""Registration of two images from the panel of Auto Contour, with the registration replaced."""

from __future__ import annotations

import numpy as np
import pytest
from panel_cases import PAIR, add_pair, panel

from MedImageLib.volume import Volume

pytestmark = pytest.mark.usefixtures("in_this_process")

OFFSET = (4.0, -3.0, 2.0), (1.0, 2.0, -3.0), (5.0, 6.0, 7.0)


@pytest.fixture
def registered(monkeypatch):
    """`register_images` answers OFFSET and a field whose degree is above the threshold."""
    from AutoContourLib.registration import image_pair
    from AutoContourLib.registration.deformation_degree import DeformationDegree, FieldDegree
    from AutoContourLib.registration.offset import RigidOffset

    whole = FieldDegree("whole", 1000.0, 3.0, 7.5, 9.0, 0.0, 0.9, 0.9, 1.1, 0.0)
    pair = image_pair.RegisteredPair(
        RigidOffset(*OFFSET),
        True,
        np.full((*PAIR.shape, 3), 2.0, np.float32),
        PAIR,
        True,
        DeformationDegree((whole,)),
        (),
        "Type II: register.\nOne mode.",
    )
    calls = []

    def register_images(first, second):
        calls.append((first.array.sum(), second.array.sum(), second.geometry.origin_mm))
        return pair

    monkeypatch.setattr(image_pair, "register_images", register_images)
    return calls


@pytest.fixture
def pair_panel(application, registered):
    first, second = add_pair(application.scene)
    widget = panel(application, "AutoContour")
    widget.ui.inputSelector.setCurrentNode(first)
    assert not widget.ui.registerButton.enabled
    widget.ui.secondSelector.setCurrentNode(second)
    widget.ui.registerButton.click()
    assert application.errors == []
    return widget


def numbers(ui):
    return [
        getattr(ui, f"{word}{axis}SpinBox").value
        for word in ("translation", "rotation")
        for axis in "XYZ"
    ]


def test_numbers_transform_and_views_follow_one_another(application, pair_panel):
    from AutoContourLib.registration.offset import RigidOffset
    from MedImageLib.nodes import moving_from_fixed_of, set_moving_from_fixed

    ui, parameters = pair_panel.ui, pair_panel._parameterNode
    assert numbers(ui) == pytest.approx([*OFFSET[0], *OFFSET[1]])
    assert ui.typeLabel.text == "Type II: register."
    assert "One mode." in ui.typeLabel.toolTip
    assert ui.rigidLabel.text == "✔ rigid"
    assert ui.fieldLabel.text == "✔ non-rigid"
    assert ui.contoursLabel.text == "– contours"
    second = parameters.secondVolume
    assert second.GetParentTransformNode() == parameters.field
    ui.placeComboBox.currentIndex = 1
    assert second.GetParentTransformNode() == parameters.offset
    ui.translationXSpinBox.value = 10.0
    expected = RigidOffset((10.0, -3.0, 2.0), *OFFSET[1:])
    assert moving_from_fixed_of(parameters.offset) == pytest.approx(expected.moving_from_fixed)
    by_hand = RigidOffset((1.0, 2.0, 3.0), (0.0, 5.0, 0.0), OFFSET[2])
    set_moving_from_fixed(parameters.offset, by_hand.moving_from_fixed)
    assert numbers(ui) == pytest.approx([1, 2, 3, 0, 5, 0], abs=1e-9)
    ui.placeComboBox.currentIndex = 2
    ui.interactiveCheckBox.checked = True
    assert parameters.offset.GetDisplayNode().GetEditorVisibility()
    assert second.GetParentTransformNode() == parameters.offset
    ui.interactiveCheckBox.checked = False
    assert not parameters.offset.GetDisplayNode().GetEditorVisibility()
    ui.placeComboBox.currentIndex = 0
    assert second.GetParentTransformNode() is None
    again = panel(application, "AutoContour")
    assert numbers(again.ui) == pytest.approx([1, 2, 3, 0, 5, 0], abs=1e-9)
    assert application.errors == []


def test_registering_again_starts_from_the_stored_image(application, pair_panel, registered):
    nodes = application.scene.GetNumberOfNodes()
    pair_panel.ui.registerButton.click()
    assert application.errors == []
    assert registered[0] == registered[1]
    assert application.scene.GetNumberOfNodes() == nodes


def test_the_question_of_the_deformation_is_asked_and_answered_by_somebody(application, pair_panel):
    ui = pair_panel.ui
    assert ui.deformationBar.value == 75
    assert "7.5 mm" in ui.deformationBar.format
    assert "Modify the treatment plan?" in ui.bannerLabel.text
    assert ui.keepButton.visible
    ui.keepButton.click()
    [(_, error)] = application.errors
    assert "Name the person" in str(error)
    application.errors.clear()
    ui.reviewerLineEdit.text = "A. Reader"
    ui.keepButton.click()
    assert application.errors == []
    assert not ui.bannerLabel.visible
    answer = pair_panel._parameterNode.field.GetAttribute("AutoContour.PlanAnswer")
    assert answer.startswith("keep, A. Reader, 20")


def test_a_field_that_is_not_to_be_used_has_no_degree(application, pair_panel, monkeypatch):
    import dataclasses

    from AutoContourLib.registration import image_pair
    from MedImageLib.errors import Remark

    usable = image_pair.register_images(pair_panel_volume(), pair_panel_volume())
    refused = dataclasses.replace(
        usable, field_usable=False, remarks=(Remark("folds", "The field folds."),)
    )
    monkeypatch.setattr(image_pair, "register_images", lambda first, second: refused)
    ui = pair_panel.ui
    ui.registerButton.click()
    assert application.errors == []
    assert ui.fieldLabel.text == "✖ non-rigid"
    assert ui.deformationBar.value == 0
    assert "The field folds." in ui.deformationLabel.text
    assert not ui.bannerLabel.visible
    assert ui.placeComboBox.currentIndex == 1


def test_a_body_that_was_not_seen_to_bend_is_told_so(application, pair_panel, monkeypatch):
    import dataclasses

    from AutoContourLib.registration import image_pair
    from AutoContourLib.registration.deformation_degree import DeformationDegree, FieldDegree

    found = image_pair.register_images(pair_panel_volume(), pair_panel_volume())
    still = FieldDegree("whole", 1000.0, 0.0, 1e-6, 2e-6, 0.0, 1.0, 1.0, 1.0, 0.0)
    rigid = dataclasses.replace(found, degree=DeformationDegree((still,)))
    monkeypatch.setattr(image_pair, "register_images", lambda first, second: rigid)
    pair_panel.ui.registerButton.click()
    assert application.errors == []
    assert "No deformation was seen" in pair_panel.ui.deformationLabel.text
    assert not pair_panel.ui.bannerLabel.visible


def pair_panel_volume():
    return Volume(np.zeros(PAIR.shape, np.int16), PAIR)


def test_both_images_are_fused_and_seen_in_three_linked_views(application, pair_panel):
    import slicer

    ui, parameters = pair_panel.ui, pair_panel._parameterNode
    ui.placeComboBox.currentIndex = 0
    ui.fusionComboBox.setCurrentText("larger")
    ui.fuseButton.click()
    assert application.errors == []
    fused = slicer.util.arrayFromVolume(parameters.fusedVolume)
    first, second = (
        slicer.util.arrayFromVolume(node)
        for node in (parameters.inputVolume, parameters.secondVolume)
    )
    assert np.array_equal(fused > 0.5, (first > 0) | (second > 0))
    layout = application.scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    assert layout.GetCurrentLayoutDescription().count("<view ") == 3
    ui.placeComboBox.currentIndex = 2
    ui.fuseButton.click()
    assert application.errors == []
    ui.placeComboBox.currentIndex = 1
    ui.fuseButton.click()
    assert application.errors == []
