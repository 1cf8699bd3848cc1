from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.nodes import (
    add_displacement_field,
    add_linear_transform,
    add_points,
    add_volume,
    displacement_field_of,
    moving_from_fixed_of,
    points_of,
    volume_of,
)
from MedImageLib.nodes.transforms import moved_points_mm
from MedImageLib.volume import Volume

MANY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
RNG = np.random.default_rng(11)


def rigid(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("zyx", rng.uniform(-40, 40, 3), degrees=True).as_matrix()
    matrix[:3, 3] = rng.uniform(-30, 30, 3)
    return matrix


def mapped(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def smooth_field(geometry: Geometry, size_mm: float = 4.0) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=(*geometry.shape, 3))
    field = gaussian_filter(noise, (2, 2, 2, 0))
    return field / np.abs(field).max() * size_mm


def sitk_image(volume: Volume) -> sitk.Image:
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(volume.geometry.spacing_mm)
    image.SetOrigin(volume.geometry.origin_mm)
    image.SetDirection(np.ravel(volume.geometry.direction).tolist())
    return image


def sitk_affine(matrix: np.ndarray) -> sitk.AffineTransform:
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


@MANY
@given(seed=st.integers(0, 10_000), flip=st.booleans())
def test_linear_transform_comes_back(scene, seed, flip):
    matrix = rigid(seed)
    if flip:
        matrix[:3, :3] = matrix[:3, :3] @ np.diag([1.2, -0.8, 1.0])
    node = add_linear_transform(scene, matrix, "registration")
    assert np.allclose(moving_from_fixed_of(node), matrix, atol=1e-9)
    scene.RemoveNode(node)


def test_points_of_the_moving_image_harden_onto_the_fixed_ones(scene, application):
    moving_from_fixed = rigid()
    fixed = RNG.uniform(-100, 100, (20, 3))
    markups = add_points(scene, mapped(moving_from_fixed, fixed), "landmarks in moving")
    node = add_linear_transform(scene, moving_from_fixed, "registration")
    markups.SetAndObserveTransformNodeID(node.GetID())
    assert application.module_logics["Transforms"].hardenTransform(markups)
    assert np.allclose(points_of(markups), fixed, atol=1e-6)
    assert np.allclose(moved_points_mm(node, fixed), mapped(moving_from_fixed, fixed))


def test_hardened_volume_is_the_same_as_itk_resampling(scene, application):
    """The moving volume under the node shows at a fixed point what ITK samples there."""
    geometry = Geometry((20, 24, 22), (1.5, 1.2, 2.0), (-20, 10, 30))
    moving = Volume(gaussian_filter(RNG.normal(size=geometry.shape), 2), geometry)
    moving_from_fixed = rigid(4)
    node = add_volume(scene, moving, "moving")
    parent = add_linear_transform(scene, moving_from_fixed, "registration")
    node.SetAndObserveTransformNodeID(parent.GetID())
    assert application.module_logics["Transforms"].hardenTransform(node)
    hardened = volume_of(node)
    # A linear transform hardens into the geometry: resample that and the original alike.
    center = mapped(np.linalg.inv(moving_from_fixed), geometry.center_mm)
    reference = sitk_image(
        Volume(np.zeros((12, 12, 12)), Geometry((12, 12, 12), origin_mm=tuple(center - 6)))
    )
    identity = sitk.Transform(3, sitk.sitkIdentity)
    ours = sitk.Resample(sitk_image(hardened), reference, identity, sitk.sitkLinear)
    theirs = sitk.Resample(
        sitk_image(moving), reference, sitk_affine(moving_from_fixed), sitk.sitkLinear
    )
    expected = sitk.GetArrayFromImage(theirs)
    assert np.ptp(expected) > 0.05
    assert np.allclose(sitk.GetArrayFromImage(ours), expected, atol=1e-6)


def test_displacement_field_comes_back(scene, grid):
    field = smooth_field(grid)
    back, geometry = displacement_field_of(add_displacement_field(scene, field, grid, "field"))
    assert geometry.same_grid(grid)
    assert np.allclose(back, field, atol=1e-12)


def test_displacement_field_moves_points_as_itk_does(scene, grid):
    field = smooth_field(grid)
    node = add_displacement_field(scene, field, grid, "field")
    vectors = sitk.GetImageFromArray(field, isVector=True)
    vectors.CopyInformation(sitk_image(Volume(np.zeros(grid.shape), grid)))
    itk_transform = sitk.DisplacementFieldTransform(sitk.Cast(vectors, sitk.sitkVectorFloat64))
    inside = RNG.uniform(0.5, np.array(grid.shape[::-1]) - 1.5, (200, 3))
    points = grid.points_mm(inside)
    expected = np.array([itk_transform.TransformPoint(point) for point in points])
    assert np.abs(expected - points).max() > 0.5
    # VTK looks displacements up with limited precision.
    assert np.allclose(moved_points_mm(node, points), expected, atol=1e-4)


def test_volume_hardened_by_a_field_is_the_same_as_itk_resampling(scene, application):
    geometry = Geometry((22, 26, 24), (1.5, 1.2, 2.0), (-20, 10, 30))
    field = smooth_field(geometry)
    moving = Volume(gaussian_filter(RNG.normal(size=geometry.shape), 2), geometry)
    node = add_volume(scene, moving, "moving")
    parent = add_displacement_field(scene, field, geometry, "field")
    node.SetAndObserveTransformNodeID(parent.GetID())
    assert application.module_logics["Transforms"].hardenTransform(node)
    vectors = sitk.GetImageFromArray(field, isVector=True)
    vectors.CopyInformation(sitk_image(moving))
    # Hardening makes a grid around the moved volume: ITK resamples onto that one.
    hardened = volume_of(node)
    expected = sitk.GetArrayFromImage(
        sitk.Resample(
            sitk_image(moving),
            sitk_image(hardened),
            sitk.DisplacementFieldTransform(sitk.Cast(vectors, sitk.sitkVectorFloat64)),
            sitk.sitkLinear,
        )
    )
    unmoved = sitk.GetArrayFromImage(
        sitk.Resample(sitk_image(moving), sitk_image(hardened), sitk.Transform(3, 1))
    )
    middle = (slice(5, -5),) * 3
    assert np.abs(expected - unmoved)[middle].max() > 0.05
    assert np.allclose(hardened.array[middle], expected[middle], atol=1e-4)


def test_field_is_read_on_another_grid_and_through_its_inverse(scene, grid):
    field = smooth_field(grid, size_mm=1.0)
    node = add_displacement_field(scene, field, grid, "field")
    coarse = Geometry(
        (3, 3, 3),
        tuple(2 * np.array(grid.spacing_mm)),
        tuple(grid.points_mm((4, 3, 2))),
        grid.direction,
    )
    there, _ = displacement_field_of(node, coarse)
    assert np.allclose(there, field[2:7:2, 3:8:2, 4:9:2], atol=1e-9)
    node.Inverse()
    with pytest.raises(InputError, match="name the grid"):
        displacement_field_of(node)
    back, _ = displacement_field_of(node, coarse)
    points = coarse.points_mm(np.indices(coarse.shape)[::-1].transpose(1, 2, 3, 0))
    node.Inverse()
    assert np.allclose(moved_points_mm(node, points + back), points, atol=0.02)


@pytest.mark.parametrize("suffix", [".h5", ".nii.gz", ".nrrd"])
def test_saved_field_is_read_by_itk(scene, grid, tmp_path, suffix):
    field = smooth_field(grid)
    node = add_displacement_field(scene, field, grid, "field")
    node.AddDefaultStorageNode()
    path = str(tmp_path / f"field{suffix}")
    node.GetStorageNode().SetFileName(path)
    assert node.GetStorageNode().WriteData(node)
    if suffix == ".h5":
        transform = sitk.ReadTransform(path)
    else:
        image = sitk.Cast(sitk.ReadImage(path), sitk.sitkVectorFloat64)
        transform = sitk.DisplacementFieldTransform(image)
    points = grid.points_mm(RNG.uniform(0.5, np.array(grid.shape[::-1]) - 1.5, (50, 3)))
    found = np.array([transform.TransformPoint(point) for point in points])
    assert np.allclose(found, moved_points_mm(node, points), atol=1e-4)


@pytest.mark.parametrize("suffix", [".tfm", ".h5"])
def test_saved_matrix_is_read_by_itk(scene, tmp_path, suffix):
    matrix = rigid(9)
    node = add_linear_transform(scene, matrix, "registration")
    node.AddDefaultStorageNode()
    path = str(tmp_path / f"registration{suffix}")
    node.GetStorageNode().SetFileName(path)
    assert node.GetStorageNode().WriteData(node)
    point = (10.0, 20.0, -30.0)
    found = sitk.ReadTransform(path).TransformPoint(point)
    assert np.allclose(found, mapped(matrix, np.array(point)), atol=1e-6)


def test_wrong_transforms_are_refused(scene, grid):
    projective = np.eye(4)
    projective[3, 0] = 0.1
    flat = np.diag([1.0, 1.0, 0.0, 1.0])
    for matrix, words in ((projective, "affine"), (flat, "inverted"), (np.eye(3), "affine")):
        with pytest.raises(GeometryError, match=words):
            add_linear_transform(scene, matrix, "wrong")
    with pytest.raises(GeometryError, match="has shape"):
        add_displacement_field(scene, np.zeros((2, 2, 2, 3)), grid, "wrong")
    with pytest.raises(GeometryError, match="not finite"):
        add_displacement_field(scene, np.full((*grid.shape, 3), np.nan), grid, "wrong")
    node = add_displacement_field(scene, smooth_field(grid), grid, "field")
    with pytest.raises(InputError, match="deformable"):
        moving_from_fixed_of(node)
