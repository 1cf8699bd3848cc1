"""Undo of writes to segmentations."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.geometry import Geometry
from MedImageLib.nodes import (
    Segment,
    SegmentationUndo,
    is_edited,
    segmentation_labels,
    segments_of,
    update_segmentation,
)
from MedImageLib.volume import Volume

GRIDS = Geometry((4, 5, 6), (1.0, 2.0, 3.0)), Geometry((3, 8, 7), (0.5, 0.5, 2.0), (4.0, 5.0, 6.0))


@pytest.fixture
def node(scene):
    return scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "contours")


def write(node, number: int) -> None:
    """One, two or three segments, on one grid or the other."""
    array = np.zeros(GRIDS[number % 2].shape, np.uint8)
    names = ("heart", "left lung", "right lung")[: 1 + number % 3]
    for label in range(1, len(names) + 1):
        array[label % 3, number % 5, label] = label
    volume = Volume(array, GRIDS[number % 2], is_labelmap=True)
    update_segmentation(node, volume, [Segment(name, n) for n, name in enumerate(names, 1)])
    node.SetAttribute("MedImage.Result", str(number))


def content(node):
    labels = segmentation_labels(node) if segments_of(node) else None
    return (
        [segment.name for segment in segments_of(node)],
        labels and (labels.geometry.shape, np.argwhere(labels.array).tolist()),
        node.GetAttribute("MedImage.Result"),
        is_edited(node),
    )


def test_every_write_is_taken_back_in_turn_and_brought_again(node):
    undo, known = SegmentationUndo(), []
    for number in range(4):
        known.append(content(node))
        undo.save(node)
        write(node, number)
    last = content(node)
    assert last[:1] != known[0][:1]
    for before in reversed(known):
        assert undo.can_undo(node)
        undo.undo(node)
        assert content(node) == before
    assert not undo.can_undo(node)
    undo.undo(node)
    for after in [*known[1:], last]:
        undo.redo(node)
        assert content(node) == after
    assert not undo.can_redo(node)
    write(node, 1)  # what has been undone and redone can be written again


def test_marks_of_a_review_come_back(node):
    write(node, 2)
    undo = SegmentationUndo()
    undo.save(node)
    segment = node.GetSegmentation().GetNthSegment(1)
    segment.SetTag("Segmentation.Status", "completed")
    undo.undo(node)
    assert tag(node, 1) != "completed"
    undo.redo(node)
    assert tag(node, 1) == "completed"


def tag(node, number: int) -> str:
    import vtk

    text = vtk.reference("")
    node.GetSegmentation().GetNthSegment(number).GetTag("Segmentation.Status", text)
    return str(text)


def test_what_was_drawn_since_is_not_lost_by_an_undo(node):
    import slicer

    undo = SegmentationUndo()
    undo.save(node)
    write(node, 0)
    identifier = node.GetSegmentation().GetNthSegmentID(0)
    slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, identifier)[...] = 1
    drawn = content(node)
    assert is_edited(node)
    undo.undo(node)
    assert segments_of(node) == ()
    undo.redo(node)
    assert content(node) == drawn


def test_a_new_write_ends_what_could_be_brought_again_and_few_states_are_kept(node):
    undo = SegmentationUndo()
    for number in range(9):
        undo.save(node)
        write(node, number)
    undo.undo(node)
    assert undo.can_redo(node)
    undo.save(node)
    write(node, 3)
    assert not undo.can_redo(node)
    steps = 0
    while undo.can_undo(node):
        undo.undo(node)
        steps += 1
    assert steps == 5
    undo.forget()
    assert not undo.can_redo(node)
    assert not undo.can_undo(None)
