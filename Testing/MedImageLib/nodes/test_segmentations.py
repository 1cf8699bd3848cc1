from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.nodes import (
    Segment,
    add_displacement_field,
    add_linear_transform,
    add_segmentation,
    add_volume,
    is_edited,
    segmentation_labels,
    segments_of,
    update_segmentation,
)
from MedImageLib.terminology import Code
from MedImageLib.volume import Volume

LEFT = Code("SCT", "7771000", "Left")
SEGMENTS = (
    Segment("left lung", 1, (86, 180, 233), Code("SCT", "39607008", "Lung"), LEFT),
    Segment("heart", 2, (213, 94, 0), Code("SCT", "80891009", "Heart")),
    Segment("tube", 5, (10, 20, 30)),
)


def labels_on(geometry: Geometry, seed: int = 3) -> Volume:
    array = np.random.default_rng(seed).choice([0, 1, 2, 5], geometry.shape).astype(np.uint8)
    return Volume(array, geometry, is_labelmap=True)


def renumbered(array: np.ndarray) -> np.ndarray:
    return np.select([array == 1, array == 2, array == 5], [1, 2, 3], 0)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_labels_on_any_grid_come_back(scene, grids, data):
    geometry = data.draw(grids())
    array = data.draw(arrays(np.uint8, geometry.shape, elements=st.sampled_from([0, 1, 2, 5])))
    node = add_segmentation(
        scene, Volume(array, geometry, is_labelmap=True), SEGMENTS, "seg", with_surfaces=False
    )
    back = segmentation_labels(node)
    assert back.geometry.same_grid(geometry)
    assert np.array_equal(back.array, renumbered(array))
    assert np.array_equal(segmentation_labels(node, geometry).array, renumbered(array))
    scene.RemoveNode(node)


def test_names_colors_and_codes_come_back(scene, grid):
    found = segments_of(add_segmentation(scene, labels_on(grid), SEGMENTS, "seg"))
    assert [segment.label for segment in found] == [1, 2, 3]
    for before, after in zip(SEGMENTS, found, strict=True):
        assert (before.name, before.rgb, before.type) == (after.name, after.rgb, after.type)
        assert (before.modifier, before.category) == (after.modifier, after.category)


def test_terminology_is_read_by_slicer(scene, application, grid):
    import slicer

    node = add_segmentation(scene, labels_on(grid), SEGMENTS, "seg")
    entry = slicer.vtkSlicerTerminologyEntry()
    text = node.GetSegmentation().GetNthSegment(0).GetTerminology()
    assert application.module_logics["Terminologies"].DeserializeTerminologyEntry(text, entry)
    assert entry.GetCategoryObject().GetCodeValue() == "123037004"
    assert entry.GetTypeObject().GetCodeMeaning() == "Lung"
    assert entry.GetTypeModifierObject().GetCodeMeaning() == "Left"


def test_a_finer_grid_is_filled_by_nearest_neighbor(scene, grid):
    labels = labels_on(grid)
    node = add_segmentation(scene, labels, SEGMENTS, "seg")
    half = np.array(grid.spacing_mm) / 2
    # The first fine voxel of each pair lies a quarter of a voxel before the center.
    fine = Geometry(
        tuple(2 * n for n in grid.shape),
        tuple(half),
        tuple(grid.points_mm((-0.25, -0.25, -0.25))),
        grid.direction,
    )
    expected = renumbered(labels.array).repeat(2, 0).repeat(2, 1).repeat(2, 2)
    found = segmentation_labels(node, fine)
    assert np.array_equal(found.array, expected)


def test_part_of_the_segments_in_another_order(scene, grid):
    labels = labels_on(grid)
    node = add_segmentation(scene, labels, SEGMENTS, "seg")
    found = segmentation_labels(node, grid, ["tube", "left lung"]).array
    assert np.array_equal(found == 1, labels.array == 5)
    assert np.array_equal(found == 2, labels.array == 1)
    with pytest.raises(InputError, match="no segment named spleen; it has left lung, heart, tube"):
        segmentation_labels(node, grid, ["spleen"])


def test_a_segment_that_was_not_found_stays_empty(scene, grid):
    empty = Volume(np.zeros(grid.shape, np.uint8), grid, is_labelmap=True)
    node = add_segmentation(scene, empty, SEGMENTS, "seg")
    assert len(segments_of(node)) == 3
    assert not segmentation_labels(node).array.any()


def test_labels_beyond_a_byte(scene, grid):
    array = np.where(labels_on(grid).array == 1, 700, 0).astype(np.int32)
    node = add_segmentation(
        scene, Volume(array, grid, is_labelmap=True), [Segment("node 700", 700)], "seg"
    )
    assert np.array_equal(segmentation_labels(node).array == 1, array == 700)


def test_surface_has_the_volume_and_place_of_the_ball(scene):
    import vtk

    geometry = Geometry((40, 40, 40), (1.0, 1.2, 0.9), (10.0, -200.0, 50.0))
    points = geometry.points_mm(np.indices(geometry.shape)[::-1].transpose(1, 2, 3, 0))
    center, radius = geometry.center_mm, 14.0
    ball = np.linalg.norm(points - center, axis=-1) < radius
    labels = Volume(ball.astype(np.uint8), geometry, is_labelmap=True)
    node = add_segmentation(scene, labels, [Segment("ball", 1)], "seg")
    surface = vtk.vtkPolyData()
    node.GetClosedSurfaceRepresentation(node.GetSegmentation().GetNthSegmentID(0), surface)
    measure = vtk.vtkMassProperties()
    measure.SetInputData(surface)
    assert measure.GetVolume() == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.03)
    middle = np.array(surface.GetBounds()).reshape(3, 2).mean(axis=1) * (-1, -1, 1)
    assert np.allclose(middle, center, atol=0.7)


def test_saved_file_lies_in_the_right_place(scene, grid, tmp_path):
    labels = labels_on(grid)
    node = add_segmentation(scene, labels, SEGMENTS, "seg")
    node.AddDefaultStorageNode()
    path = tmp_path / "seg.seg.nrrd"
    node.GetStorageNode().SetFileName(str(path))
    node.GetStorageNode().SetCropToMinimumExtent(False)
    assert node.GetStorageNode().WriteData(node)
    image = sitk.ReadImage(str(path))
    for index in [(0, 0, 0), (12, 10, 8), (3, 4, 5)]:
        assert np.allclose(image.TransformIndexToPhysicalPoint(index), grid.points_mm(index))
    assert np.array_equal(sitk.GetArrayFromImage(image), labels.array)


def test_linear_parent_is_applied_and_deformable_refused(scene, grid):
    labels = labels_on(grid)
    node = add_segmentation(scene, labels, SEGMENTS, "seg", with_surfaces=False)
    moving_from_fixed = np.eye(4)
    moving_from_fixed[:3, 3] = (10, 20, -30)
    parent = add_linear_transform(scene, moving_from_fixed, "shift")
    node.SetAndObserveTransformNodeID(parent.GetID())
    back = segmentation_labels(node)
    assert np.allclose(back.geometry.origin_mm, np.array(grid.origin_mm) - (10, 20, -30))
    assert np.array_equal(back.array, renumbered(labels.array))
    field = add_displacement_field(scene, np.zeros((*grid.shape, 3)), grid, "field")
    node.SetAndObserveTransformNodeID(field.GetID())
    with pytest.raises(GeometryError, match="Harden"):
        segmentation_labels(node)


def test_reference_volume_is_named(scene, grid):
    image = add_volume(scene, Volume(np.zeros(grid.shape), grid), "image")
    node = add_segmentation(scene, labels_on(grid), SEGMENTS, "seg", reference_node=image)
    role = node.GetReferenceImageGeometryReferenceRole()
    assert node.GetNodeReferenceID(role) == image.GetID()


def test_wrong_input_is_refused(scene, grid):
    image = Volume(np.zeros(grid.shape), grid)
    with pytest.raises(InputError, match="needs a label map"):
        add_segmentation(scene, image, SEGMENTS, "seg")
    with pytest.raises(InputError, match="one label"):
        add_segmentation(scene, labels_on(grid), [SEGMENTS[0], SEGMENTS[0]], "seg")
    with pytest.raises(InputError, match="expected 1"):
        Segment("background", 0)


def test_a_result_is_renewed_but_not_what_a_person_changed(scene, grid):
    import slicer

    node = add_segmentation(scene, labels_on(grid), SEGMENTS, "seg")
    update_segmentation(node, labels_on(grid, seed=4), SEGMENTS)
    assert np.array_equal(
        segmentation_labels(node).array, renumbered(labels_on(grid, seed=4).array)
    )
    assert not is_edited(node)
    identifier = node.GetSegmentation().GetNthSegmentID(1)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, identifier)
    array[4, 5, 6] = 2 if array[4, 5, 6] != 2 else 0
    assert is_edited(node)
    before = segmentation_labels(node).array
    with pytest.raises(InputError, match="by a person"):
        update_segmentation(node, labels_on(grid), SEGMENTS)
    assert np.array_equal(segmentation_labels(node).array, before)


def test_what_a_person_drew_alone_is_not_overwritten(scene, grid):
    node = add_segmentation(scene, labels_on(grid), SEGMENTS, "seg")
    node.RemoveAttribute("MedImage.SegmentsSHA256")
    with pytest.raises(InputError, match="by a person"):
        update_segmentation(node, labels_on(grid), SEGMENTS)
    empty = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "new")
    update_segmentation(empty, labels_on(grid), SEGMENTS)
    assert len(segments_of(empty)) == 3
