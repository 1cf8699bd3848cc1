"""CT against PET by uptake of tissues: a drawn body whose offset is exact."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from AutoContourLib.registration.rigid_uptake import refined_by_uptake
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.volume import Volume

TRUTH = rigid_matrix(np.array([5.0, -7, 9]), np.array([8.0, -12, 6]), np.zeros(3))
CT_GRID = Geometry((40, 64, 64), (2.0, 2.0, 3.3), (-63.0, -63.0, -64.0))
PET_GRID = Geometry((40, 28, 28), (4.7, 4.7, 3.3), (-63.0, -63.0, -64.0))
HU = np.array([-1000.0, -100, 50, 900])
UPTAKE = np.array([0.0, 0.3, 0.7, 0.4])


def tissue(points: np.ndarray) -> np.ndarray:
    """0 air, 1 fat, 2 muscle, 3 bone at LPS points (..., 3) of a limb that no turn
    maps to itself."""
    x, y, z = np.moveaxis(points, -1, 0)
    kinds = np.zeros(x.shape, int)
    kinds[((x - 0.1 * z) / 46) ** 2 + (y / 40) ** 2 + (z / 95) ** 2 < 1] = 1
    kinds[((x - 4) / 36) ** 2 + ((y + 4) / 27) ** 2 + ((z - 8) / 60) ** 2 < 1] = 2
    kinds[(x - 12) ** 2 + (y + 8 - 0.15 * z) ** 2 + (z / 5) ** 2 < 81] = 3
    return kinds


def hot(points: np.ndarray) -> np.ndarray:
    return ((points - [-18.0, 12, 5]) ** 2).sum(axis=-1) < 100


@pytest.fixture(scope="module")
def ct():
    generator = np.random.default_rng(0)
    values = HU[tissue(grid_points(CT_GRID))] + generator.normal(0, 20, CT_GRID.shape)
    return Volume(values.astype(np.int16), CT_GRID, modality="CT")


@pytest.fixture(scope="module")
def pet():
    fine = Geometry(
        (80, 84, 84), (47 / 30, 47 / 30, 1.65), (-63.0 - 47 / 30, -63.0 - 47 / 30, -64.0)
    )
    points = grid_points(fine)
    values = np.where(hot(points), 6.0, UPTAKE[tissue(points)])
    blurred = ndimage.gaussian_filter(values, 3.8 / np.array(fine.spacing_mm[::-1]))
    thin = blurred[::2, 1::3, 1::3]
    generator = np.random.default_rng(1)
    noisy = thin + 0.1 * np.sqrt(thin) * generator.normal(size=thin.shape)
    geometry = Geometry.from_lps_matrix(TRUTH @ PET_GRID.lps_from_index, PET_GRID.shape)
    return Volume(noisy.clip(min=0).astype(np.float32), geometry, modality="PT")


def error_mm(found: np.ndarray, truth: np.ndarray) -> float:
    points = grid_points(CT_GRID)
    inside = points[tissue(points) > 0][::50]
    part = found - truth
    return float(np.linalg.norm(inside @ part[:3, :3].T + part[:3, 3], axis=1).mean())


@pytest.mark.parametrize("seed", range(3))
def test_the_offset_is_found_from_some_mm_away(ct, pet, seed):
    generator = np.random.default_rng(seed)
    away = rigid_matrix(generator.uniform(-3, 3, 3), generator.uniform(-4, 4, 3), np.zeros(3))
    assert error_mm(TRUTH @ away, TRUTH) > 2
    assert error_mm(refined_by_uptake(ct, pet, TRUTH @ away), TRUTH) < 0.5


def test_an_outline_seen_from_one_side_does_not_pull(ct, pet):
    array = ct.array[:, :34]
    geometry = dataclasses.replace(CT_GRID, shape=array.shape)
    cut = dataclasses.replace(ct, array=array, geometry=geometry)
    assert error_mm(refined_by_uptake(cut, pet, TRUTH), TRUTH) < 0.8


def test_either_image_may_be_the_fixed_one(ct, pet):
    there = refined_by_uptake(ct, pet, TRUTH)
    back = refined_by_uptake(pet, ct, np.linalg.inv(TRUTH))
    np.testing.assert_allclose(back @ there, np.eye(4), atol=1e-6)


def test_the_start_is_kept_where_nothing_is_common(ct, pet):
    far = rigid_matrix(np.zeros(3), np.array([0.0, 0, 400]), np.zeros(3))
    np.testing.assert_array_equal(refined_by_uptake(ct, pet, far), far)
    empty = pet.with_array(np.zeros_like(pet.array))
    np.testing.assert_array_equal(refined_by_uptake(ct, empty, TRUTH), TRUTH)
