"""Non-rigid registration against warps that are known at every voxel, and its own statements."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from AutoContourLib.registration.deformable import register_deformable
from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.deformation_degree import jacobian_determinant
from AutoContourLib.registration.field_quality import (
    OUTSIDE,
    inverse_displacement,
    jacobian_report,
    sampled_field,
)
from MedImageLib.errors import SettingsError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume

TURNED = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
QUICK = DeformableSettings(check_reverse=False)
BALLS = (((20, 5, 10), 14, 700), ((-25, -8, -15), 11, 500), ((0, 22, 0), 9, -700))
OFFSET = rigid_matrix(np.array([3.0, -2, 4]), np.array([5.0, -4, 3]), np.zeros(3))


def body(points: np.ndarray) -> np.ndarray:
    """Hounsfield units of an ellipsoid with balls and texture in it, at LPS points."""
    x, y, z = np.moveaxis(points, -1, 0)
    inside = (x / 62) ** 2 + (y / 50) ** 2 + (z / 60) ** 2 < 1
    values = np.where(inside, 20.0 + 40 * np.sin(x / 6) * np.sin(y / 7) * np.sin(z / 5), -1000.0)
    for center, radius, gray in BALLS:
        values[((points - np.array(center)) ** 2).sum(-1) < radius**2] = gray
    return values


def bend(points: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(points, -1, 0)
    near = np.exp(-(x**2 + y**2 + z**2) / (2 * 35**2))
    return near[..., None] * np.array([5.0, -4.0, 3.0])


def ct(geometry: Geometry, points: np.ndarray) -> Volume:
    values = ndimage.gaussian_filter(body(points), 0.6).astype(np.int16)
    return Volume(values, geometry, modality="CT")


@pytest.fixture(scope="module")
def pair():
    """Fixed image on a turned grid, moving one on another; the truth at fixed points."""
    fixed_grid = Geometry((44, 44, 48), (3.2, 3.2, 3.2), (70.0, -75.0, -68.0), TURNED)
    moving_grid = Geometry((40, 44, 50), (3.0, 3.4, 3.3), (-72.0, -68.0, -62.0))
    points = grid_points(fixed_grid)
    truth = (points + bend(points)) @ OFFSET[:3, :3].T + OFFSET[:3, 3]
    fixed = ct(fixed_grid, truth)
    moving = ct(moving_grid, grid_points(moving_grid))
    return fixed, moving, truth


@pytest.fixture(scope="module")
def found(pair):
    return register_deformable(pair[0], pair[1], OFFSET, QUICK)


def errors(pair, displacement_mm: np.ndarray) -> np.ndarray:
    fixed, _, truth = pair
    moved = grid_points(fixed.geometry) + displacement_mm
    return np.linalg.norm(moved - truth, axis=-1)[fixed.array > -300]


def test_a_known_field_is_found(pair, found):
    points = grid_points(pair[0].geometry)
    rigid = points @ OFFSET[:3, :3].T + OFFSET[:3, 3] - points
    before, after = errors(pair, rigid), errors(pair, found.displacement_mm)
    assert before.mean() > 2.5
    assert after.mean() < 0.3
    assert np.percentile(after, 95) < 0.8
    assert found.usable


def test_it_never_folds_and_can_be_inverted(pair, found):
    fixed, moving, _ = pair
    assert jacobian_determinant(found.displacement_mm, fixed.geometry).min() > 0
    assert found.jacobian.folded_share == 0
    points = grid_points(fixed.geometry)
    there = points + found.displacement_mm
    back = there + sampled_field(found.inverse_mm, moving.geometry, there)
    assert np.linalg.norm(back - points, axis=-1)[fixed.array > -300].max() < 0.3


def test_the_same_twice(pair, found):
    again = register_deformable(pair[0], pair[1], OFFSET, QUICK)
    np.testing.assert_array_equal(again.displacement_mm, found.displacement_mm)


def test_where_nothing_bent_the_rigid_offset_is_kept(pair):
    fixed, moving, _ = pair
    rigid = grid_points(fixed.geometry) @ OFFSET[:3, :3].T + OFFSET[:3, 3]
    found = register_deformable(ct(fixed.geometry, rigid), moving, OFFSET)
    np.testing.assert_allclose(
        found.displacement_mm, rigid - grid_points(fixed.geometry), atol=1e-4
    )
    assert [remark.code for remark in found.remarks] == ["rigid-offset-kept"]
    assert found.usable
    assert found.disagreement_mm is None
    assert found.jacobian.minimum == pytest.approx(1.0, abs=1e-3)


def test_voxels_too_coarse_for_a_field_keep_the_rigid_offset():
    made = generate_patient(PatientSettings(seed=1003, size=(32, 48, 48), bend_mm=0.0))
    matrix = made.later_from_planning_rigid
    found = register_deformable(made.planning_ct, made.later_ct, matrix, QUICK)
    points = grid_points(made.planning_ct.geometry)
    rigid = points @ matrix[:3, :3].T + matrix[:3, 3] - points
    np.testing.assert_allclose(found.displacement_mm, rigid, atol=1e-4)
    assert any(remark.code == "rigid-offset-kept" for remark in found.remarks)


def test_another_gray_scale_is_another_modality(pair):
    fixed, moving, _ = pair
    gray = np.interp(moving.array, [-1000, -300, 0, 60, 700], [0, 100, 900, 500, 150])
    other = dataclasses.replace(moving, array=gray.astype(np.int16), modality="MR")
    found = register_deformable(fixed, other, OFFSET, QUICK)
    assert errors(pair, found.displacement_mm).mean() < 1.2
    assert found.jacobian.minimum > 0


def test_a_wild_field_is_made_stiffer_until_it_does_not_fold(pair):
    wild = dataclasses.replace(
        QUICK,
        stiffness=0.0005,
        adapt_stiffness=False,
        field_steps=(4, 4, 2),
        least_jacobian=0.5,
    )
    found = register_deformable(pair[0], pair[1], OFFSET, wild)
    assert found.jacobian.minimum >= 0.5
    assert any(remark.code == "field-stiffened" for remark in found.remarks)


def test_outside_of_the_moving_field_of_view_nothing_is_known(pair):
    fixed, moving, truth = pair
    short = dataclasses.replace(
        moving,
        array=moving.array[:26],
        geometry=dataclasses.replace(moving.geometry, shape=(26, *moving.geometry.shape[1:])),
    )
    found = register_deformable(fixed, short, OFFSET, QUICK)
    top = short.geometry.points_mm(np.array([0, 0, 25]))[2]
    beyond = truth[..., 2] > top + 3
    assert (found.not_to_use.array[beyond] == OUTSIDE).all()
    assert (found.not_to_use.array == OUTSIDE).mean() < 0.6
    inner = (fixed.array > -300) & (truth[..., 2] < top - 10)
    moved = grid_points(fixed.geometry) + found.displacement_mm
    assert np.linalg.norm(moved - truth, axis=-1)[inner].mean() < 0.9


def test_another_body_is_refused(pair):
    fixed, moving, _ = pair
    generator = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(generator.normal(size=moving.array.shape), 2.5)
    other = np.where(moving.array > -300, 4000 * noise, -1000).clip(-1000, 1000)
    found = register_deformable(fixed, moving.with_array(other.astype(np.int16)), OFFSET)
    assert not found.usable
    assert found.remarks[0].code in ("images-stay-unlike", "field-not-usable")


def test_jacobian_and_inverse_of_a_scaling():
    grid = Geometry((9, 9, 9), (2.0, 2.0, 2.0), (-8.0, -8.0, -8.0))
    field = 0.1 * grid_points(grid)
    assert jacobian_report(field, grid).mean == pytest.approx(1.1**3)
    inner = Geometry((5, 5, 5), (2.0, 2.0, 2.0), (-4.0, -4.0, -4.0))
    back = inverse_displacement(field, grid, np.eye(4), inner)
    np.testing.assert_allclose(back, -0.1 / 1.1 * grid_points(inner), atol=0.02)


def test_steps_must_fit_the_grids():
    with pytest.raises(SettingsError, match="field_steps"):
        DeformableSettings(field_steps=(3,))
