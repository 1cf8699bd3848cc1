"""Deformation degree against fields whose lengths and Jacobians are known by formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from AutoContourLib.registration.deformation_degree import (
    degree_of_field,
    degree_of_overlap,
    elastic_mm,
    jacobian_determinant,
)
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.volume import Volume

TURNED = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()
GRID = Geometry((7, 9, 11), (1.5, 2.0, 3.0), (10.0, -20.0, 30.0), tuple(map(tuple, TURNED)))


def affine_field(matrix: np.ndarray) -> np.ndarray:
    points = grid_points(GRID)
    return points @ matrix[:3, :3].T + matrix[:3, 3] - points


def labels_of(mask: np.ndarray, geometry: Geometry = GRID) -> Volume:
    return Volume(mask.astype(np.uint8), geometry, is_labelmap=True)


def test_jacobian_of_an_affine_map_is_its_determinant():
    matrix = np.eye(4)
    matrix[:3, :3] = [[1.2, 0.1, 0.0], [0.0, 0.9, 0.2], [0.1, 0.0, 1.1]]
    found = jacobian_determinant(affine_field(matrix), GRID)
    np.testing.assert_allclose(found, np.linalg.det(matrix[:3, :3]), rtol=1e-9)


def test_a_rigid_motion_is_no_deformation():
    rigid = rigid_matrix(np.array([12.0, -5, 30]), np.array([40.0, 5, -9]), np.array([1.0, 2, 3]))
    (whole,) = degree_of_field(affine_field(rigid), GRID, rigid).by_field
    assert whole.max_mm < 1e-9
    assert whole.volume_change == pytest.approx(0, abs=1e-9)
    (kept,) = degree_of_field(affine_field(rigid), GRID).by_field
    assert kept.mean_mm > 5


def test_a_push_after_a_rigid_motion_has_its_length():
    rigid = rigid_matrix(np.array([0.0, 0, 90]), np.array([10.0, 0, 0]), np.zeros(3))
    points = grid_points(GRID)
    push = np.array([3.0, 0.0, 4.0])
    field = (points + push) @ rigid[:3, :3].T + rigid[:3, 3] - points
    np.testing.assert_allclose(elastic_mm(field, GRID, rigid), push + 0 * points, atol=1e-9)
    (whole,) = degree_of_field(field, GRID, rigid).by_field
    assert (whole.mean_mm, whole.p95_mm, whole.max_mm) == pytest.approx((5, 5, 5))


def test_each_structure_has_its_own_degree():
    grid = Geometry((10, 10, 20))
    field = np.zeros((10, 10, 20, 3))
    field[..., 10:, 0] = np.arange(10) * 0.5
    labels = np.ones(grid.shape, np.uint8)
    labels[..., 12:18] = 2
    found = degree_of_field(
        field, grid, labels=labels_of(labels, grid), structures={"still": 1, "wide": 2, "none": 7}
    )
    assert "structure-empty" in {remark.code for remark in found.remarks}
    whole, _still, wide = found.by_field
    assert wide.volume_change == pytest.approx(0.5)
    assert wide.volume_mm3 == 600
    assert wide.max_mm == pytest.approx(3.5)
    assert whole.max_mm == pytest.approx(4.5)


def test_folding_is_said():
    grid = Geometry((5, 5, 5))
    field = np.zeros((5, 5, 5, 3))
    field[..., 0] = -2.0 * np.arange(5)
    found = degree_of_field(field, grid)
    assert found.by_field[0].folded == 1.0
    assert "field-folds" in {remark.code for remark in found.remarks}


def test_a_generated_patient_agrees_with_its_formula():
    made = generate_patient(PatientSettings(seed=4, size=(24, 40, 40)))
    grid = made.planning_ct.geometry
    found = degree_of_field(
        made.displacement_mm,
        grid,
        made.later_from_planning_rigid,
        made.planning_labels,
        made.structures,
    )
    bend = np.linalg.norm(made.deformation.bend(grid_points(grid)), axis=-1)
    inside = made.planning_labels.array > 0
    assert found.by_field[0].mean_mm == pytest.approx(bend[inside].mean(), abs=1e-3)
    assert found.by_field[0].p95_mm == pytest.approx(np.percentile(bend[inside], 95), abs=1e-3)
    assert found.by_field[0].folded == 0


def test_overlap_of_shifted_boxes():
    grid = Geometry((12, 12, 12), (2.0, 2.0, 2.0))
    first = np.zeros(grid.shape, bool)
    first[2:8, 2:8, 2:8] = True
    second = np.roll(first, 3, axis=2)
    found = degree_of_overlap(labels_of(first, grid), labels_of(second, grid), {"box": 1, "no": 5})
    box = found.by_overlap[1]
    assert box.dice == pytest.approx(0.5)
    assert box.degree == pytest.approx(0.5)
    assert box.shift_mm == pytest.approx(6.0)
    assert box.volume_change == 0
    assert box.max_mm == pytest.approx(6.0)
    absent = found.by_overlap[2]
    assert (absent.degree, absent.volume_change, absent.p95_mm) == (None, None, None)
    assert "contour-missing" in {remark.code for remark in found.remarks}
    same = degree_of_overlap(labels_of(first, grid), labels_of(first, grid), {}).by_overlap[0]
    assert (same.degree, same.max_mm) == (0, 0)


def test_what_does_not_fit_is_refused():
    field = np.zeros((*GRID.shape, 3))
    with pytest.raises(GeometryError, match="needs"):
        degree_of_field(field[:-1], GRID)
    with pytest.raises(InputError, match="finite"):
        degree_of_field(field + np.nan, GRID)
    with pytest.raises(GeometryError, match="rigid"):
        degree_of_field(field, GRID, np.diag([2.0, 2, 2, 1]))
    small = labels_of(np.ones((2, 2, 2)), Geometry((2, 2, 2)))
    with pytest.raises(GeometryError, match="label map"):
        degree_of_field(field, GRID, labels=small)
    with pytest.raises(GeometryError, match="different grids"):
        degree_of_overlap(small, labels_of(np.ones(GRID.shape)), {})
