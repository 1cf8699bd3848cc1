"""The moving image read by splines through a field, against values known at every point."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from AutoContourLib.registration.feature_images import CT_WINDOWS_HU, level_of
from AutoContourLib.registration.field_optimization import sampled
from AutoContourLib.registration.spline_sampling import sampled_by_splines, spline_image
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.volume import Volume

OFFSET = rigid_matrix(np.array([4.0, -3, 5]), np.array([2.0, -3, 1]), np.zeros(3))
FIXED = Geometry((30, 32, 34), (3.0, 3.1, 3.2), (-50.0, -48.0, -46.0))
MOVING = Geometry((40, 42, 44), (2.9, 3.0, 3.1), (-62.0, -60.0, -60.0))


def gray(points: np.ndarray) -> np.ndarray:
    """Waves of about five voxels within the soft-tissue window."""
    x, y, z = np.moveaxis(points, -1, 0)
    return 20 + 100 * np.sin(x / 2.6) * np.cos(y / 2.8) * np.sin(z / 2.4)


@pytest.fixture(scope="module")
def case():
    """A level, the spline image, a field along (i, j, k) and the moving points that it gives."""
    fixed = Volume(gray(grid_points(FIXED)), FIXED, modality="CT")
    moving = Volume(gray(grid_points(MOVING)), MOVING, modality="CT")
    level = level_of(fixed, moving, OFFSET, 3.0, 20.0)
    points = grid_points(FIXED)
    x, _, z = np.moveaxis(points, -1, 0)
    vectors = np.stack([1.3 + 0 * x, np.sin(x / 20), 0.4 - z / 60], axis=-1)
    field = torch.from_numpy(np.moveaxis(vectors, -1, 0).astype(np.float32))
    at = (points + vectors) @ OFFSET[:3, :3].T + OFFSET[:3, 3]
    return level, spline_image(moving, level, OFFSET), field, at


def test_values_are_those_of_the_image(case):
    level, image, field, at = case
    channels, seen = sampled_by_splines(image, level, field)
    inner = seen[0].numpy() > 0
    low, high = CT_WINDOWS_HU[1]
    found = channels[1].numpy() * (high - low) + low
    assert inner.mean() > 0.9
    # The image is smoothed by a third of a voxel for its level, which takes some contrast.
    lost = 1 - np.corrcoef(found[inner], gray(at)[inner])[0, 1]
    twice = sampled(level, field)[0][1].numpy()
    assert lost < 1e-4
    assert lost < 0.1 * (1 - np.corrcoef(twice[inner], gray(at)[inner])[0, 1])


def test_it_tells_what_the_image_shows(case):
    level, image, field, at = case
    _, seen = sampled_by_splines(image, level, field)
    index = MOVING.indices(at)
    truth = np.all((index >= 0) & (index <= np.array(MOVING.shape[::-1]) - 1), axis=-1)
    assert (seen[0].numpy() == truth).mean() > 0.9999


def test_two_modalities_get_descriptors_and_gray_values(case):
    field = case[2]
    fixed = Volume(gray(grid_points(FIXED)), FIXED, modality="CT")
    moving = Volume(300 - gray(grid_points(MOVING)), MOVING, modality="MR")
    other = level_of(fixed, moving, OFFSET, 3.0, 20.0)
    channels, _ = sampled_by_splines(spline_image(moving, other, OFFSET), other, field)
    assert channels.shape == other.fixed.shape
    assert len(channels) == 13
    assert float(channels.min()) >= -0.2
    assert float(channels.max()) <= 1.2
