"""Thinning keeps places and means."""

from __future__ import annotations

import numpy as np

from AutoContourLib.registration.working_grid import working_image
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

TURNED = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
GRID = Geometry((20, 33, 30), (1.0, 1.5, 3.0), (5.0, -7.0, 11.0), TURNED)


def test_a_small_image_is_left_alone():
    volume = Volume(np.zeros(GRID.shape, np.int16), GRID)
    assert working_image(volume) is volume


def test_a_ramp_keeps_its_values_at_their_places():
    points = GRID.points_mm(np.indices(GRID.shape)[::-1].transpose(1, 2, 3, 0))
    ramp = points @ np.array([1.0, -2.0, 0.5])
    thin = working_image(Volume(ramp, GRID), most_voxels=3500)
    assert thin.array.size <= 3500
    places = thin.geometry.points_mm(np.indices(thin.array.shape)[::-1].transpose(1, 2, 3, 0))
    np.testing.assert_allclose(thin.array, places @ np.array([1.0, -2.0, 0.5]), atol=1e-4)
    assert thin.remarks[-1].code == "image-thinned"
    # Thick slices are not thinned before fine pixels.
    assert thin.geometry.shape[0] == GRID.shape[0]


def test_integers_stay_integers():
    volume = Volume(np.full(GRID.shape, 7, np.int16), GRID)
    thin = working_image(volume, most_voxels=3500)
    assert thin.array.dtype == np.int16
    assert (thin.array == 7).all()
