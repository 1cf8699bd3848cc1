from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import vtk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.nodes import (
    Segment,
    add_displacement_field,
    add_linear_transform,
    add_volume,
    geometry_of,
    volume_of,
)
from MedImageLib.terminology import Code
from MedImageLib.volume import Volume

MANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def numbered(geometry: Geometry, kind=np.int16) -> Volume:
    return Volume(np.arange(np.prod(geometry.shape)).reshape(geometry.shape).astype(kind), geometry)


@MANY
@given(data=st.data())
def test_any_grid_comes_back(scene, grids, data):
    geometry = data.draw(grids())
    node = add_volume(scene, numbered(geometry), "image")
    back = volume_of(node)
    assert np.array_equal(back.array, numbered(geometry).array)
    assert back.geometry.shape == geometry.shape
    assert np.allclose(back.geometry.lps_from_index, geometry.lps_from_index, atol=1e-9)
    scene.RemoveNode(node)


@MANY
@given(data=st.data())
def test_every_voxel_lies_in_ras_where_lps_says(scene, grids, data):
    geometry = data.draw(grids(max_size=3))
    node = add_volume(scene, numbered(geometry), "image")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    for k, j, i in np.ndindex(geometry.shape):
        ras = np.array(matrix.MultiplyPoint((i, j, k, 1)))[:3]
        assert np.allclose(ras * (-1, -1, 1), geometry.points_mm((i, j, k)), atol=1e-9)
        expected = numbered(geometry).array[k, j, i]
        assert node.GetImageData().GetScalarComponentAsDouble(i, j, k, 0) == expected
    scene.RemoveNode(node)


@pytest.mark.parametrize(
    "kind",
    ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64", ">i2"],
)
def test_values_and_their_type_come_back(scene, grid, kind):
    volume = numbered(grid, np.dtype(kind))
    back = volume_of(add_volume(scene, volume, "image"))
    assert back.array.dtype == np.dtype(kind).newbyteorder("=")
    assert np.array_equal(back.array, volume.array)


@pytest.mark.parametrize(("kind", "widened"), [("bool", "uint8"), ("float16", "float32")])
def test_types_that_mrml_lacks_are_widened(scene, kind, widened):
    volume = Volume(np.array([[[0, 1, 1]]]).astype(kind), Geometry((1, 1, 3)))
    back = volume_of(add_volume(scene, volume, "image"))
    assert back.array.dtype == widened
    assert back.array.tolist() == [[[0, 1, 1]]]


def test_a_view_with_negative_strides_comes_back(scene):
    array = np.arange(24).reshape(2, 3, 4)[::-1, :, ::2]
    volume = Volume(array, Geometry(array.shape))
    assert np.array_equal(volume_of(add_volume(scene, volume, "image")).array, array)


def test_facts_come_back(scene):
    volume = Volume(
        np.zeros((1, 4, 5), np.uint16),
        Geometry((1, 4, 5), spacing_known=False),
        modality="DX",
        source_sha256="ab" * 32,
        remarks=(Remark("no-spacing", "No spacing; it is a guess: 1|2 % of $5 ^ ~ «x»."),),
        tags={"ViewPosition": "PA", "rows": [1, 2]},
    )
    back = volume_of(add_volume(scene, volume, "radiograph"))
    assert not back.geometry.spacing_known
    assert (back.modality, back.source_sha256, back.remarks) == (
        volume.modality,
        volume.source_sha256,
        volume.remarks,
    )
    assert dict(back.tags) == dict(volume.tags)


@pytest.mark.parametrize("unit", ["[hnsf'U]", "g/ml{SUVbw}", "Bq/ml"])
def test_unit_is_coded_as_slicer_codes_it(scene, unit):
    volume = Volume(np.zeros((2, 2, 2)), Geometry((2, 2, 2)), unit=unit)
    node = add_volume(scene, volume, "image")
    assert node.GetVoxelValueUnits().GetCodeValue() == unit
    node.RemoveAttribute("MedImage.Unit")
    assert volume_of(node).unit == unit


def test_display_window(scene):
    array = np.linspace(0, 100, 1000).reshape(10, 10, 10)
    image = Volume(array, Geometry(array.shape))
    cases = {
        "middle of the values": (image, None, (98.0, 50.0)),
        "soft tissue": (Volume(array, image.geometry, modality="CT"), None, (400.0, 40.0)),
        "as asked": (image, (30.0, 7.0), (30.0, 7.0)),
    }
    for name, (volume, asked, expected) in cases.items():
        display = add_volume(scene, volume, name, window_level=asked).GetDisplayNode()
        assert not display.GetAutoWindowLevel()
        assert (display.GetWindow(), display.GetLevel()) == pytest.approx(expected, rel=1e-3)


def test_label_map_has_names_and_colors(scene, grid):
    labels = Volume(np.ones(grid.shape, np.uint8), grid, is_labelmap=True)
    heart = Segment("heart", 3, (213, 94, 0), Code("SCT", "80891009", "Heart"))
    node = add_volume(scene, labels, "labels", segments=[heart])
    colors = node.GetDisplayNode().GetColorNode()
    assert colors.GetColorName(3) == "heart"
    rgba = [0.0] * 4
    colors.GetColor(3, rgba)
    assert np.allclose(rgba, (213 / 255, 94 / 255, 0, 1), atol=1 / 255)
    assert volume_of(node).is_labelmap


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_saved_file_lies_in_the_right_place(scene, grid, tmp_path, suffix):
    node = add_volume(scene, numbered(grid), "image")
    node.AddDefaultStorageNode()
    path = tmp_path / f"image{suffix}"
    node.GetStorageNode().SetFileName(str(path))
    assert node.GetStorageNode().WriteData(node)
    image = sitk.ReadImage(str(path))
    nifti = nibabel.load(path) if suffix == ".nii.gz" else None
    for index in [(0, 0, 0), (12, 0, 0), (0, 10, 0), (0, 0, 8), (5, 4, 3)]:
        expected = grid.points_mm(index)
        # NIfTI has its orientation in single precision.
        assert np.allclose(image.TransformIndexToPhysicalPoint(index), expected, atol=1e-3)
        assert image[index] == numbered(grid).array[index[::-1]]
        if nifti is not None:
            ras = nibabel.affines.apply_affine(nifti.affine, index)
            assert np.allclose(ras * (-1, -1, 1), expected, atol=1e-3)


def test_a_rigid_parent_moves_the_grid(scene, grid):
    node = add_volume(scene, numbered(grid), "image")
    angle = np.deg2rad(30)
    fixed_from_moving = np.eye(4)
    fixed_from_moving[:2, :2] = [
        [np.cos(angle), -np.sin(angle)],
        [np.sin(angle), np.cos(angle)],
    ]
    fixed_from_moving[:3, 3] = (5, -7, 11)
    parent = add_linear_transform(scene, np.linalg.inv(fixed_from_moving), "rigid")
    node.SetAndObserveTransformNodeID(parent.GetID())
    expected = fixed_from_moving @ grid.lps_from_index
    assert np.allclose(geometry_of(node).lps_from_index, expected, atol=1e-9)


def test_a_grid_that_is_none_is_refused(scene, grid):
    node = add_volume(scene, numbered(grid), "sheared image")
    shear = np.eye(4)
    shear[0, 1] = 0.5
    parent = add_linear_transform(scene, shear, "shear")
    node.SetAndObserveTransformNodeID(parent.GetID())
    with pytest.raises(GeometryError, match="sheared image is no regular grid"):
        volume_of(node)
    field = add_displacement_field(scene, np.zeros((*grid.shape, 3)), grid, "field")
    node.SetAndObserveTransformNodeID(field.GetID())
    with pytest.raises(GeometryError, match="Harden"):
        volume_of(node)


def test_nodes_that_are_no_images_are_refused(scene):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty one")
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "a table")
    for node, words in ((empty, "empty one holds no image"), (table, "expected a"), (None, "node")):
        with pytest.raises(InputError, match=words):
            volume_of(node)
    color = vtk.vtkImageData()
    color.SetDimensions(2, 2, 1)
    color.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    empty.SetAndObserveImageData(color)
    with pytest.raises(InputError, match="3 values a voxel"):
        volume_of(empty)
