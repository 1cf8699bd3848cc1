"""Values land where geometry and transforms say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import resampled, with_spacing
from MedImageLib.volume import Volume


def ramp(geometry: Geometry) -> Volume:
    """A volume whose value is 2x − 3y + z of its LPS point, so that any sample is known."""
    k, j, i = np.indices(geometry.shape)
    points = geometry.points_mm(np.stack([i, j, k], -1))
    return Volume(points @ [2.0, -3.0, 1.0], geometry)


def points_of(geometry: Geometry) -> np.ndarray:
    k, j, i = np.indices(geometry.shape)
    return geometry.points_mm(np.stack([i, j, k], -1))


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(-25, 25)] * 3), st.tuples(*[st.floats(-4, 4)] * 3))
def test_matrix_takes_fixed_points_to_moving_points(angles_deg, shift_mm):
    moving = ramp(Geometry((40, 40, 40), origin_mm=(-20, -20, -20)))
    fixed = Geometry((5, 6, 7), (1.5, 1.2, 0.8), (-4, -3, -2))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    matrix[:3, 3] = shift_mm
    found = resampled(moving, fixed, moving_from_fixed=matrix)
    moved = points_of(fixed) @ matrix[:3, :3].T + matrix[:3, 3]
    assert np.allclose(found.array, moved @ [2.0, -3.0, 1.0], atol=1e-4)


def test_displacement_is_added_to_the_fixed_point():
    moving = ramp(Geometry((30, 30, 30), origin_mm=(-15, -15, -15)))
    fixed = Geometry((6, 6, 6), (1.0, 1.5, 2.0), (-3, -3, -4))
    generator = np.random.default_rng(3)
    field = generator.uniform(-3, 3, (*fixed.shape, 3))
    found = resampled(moving, fixed, displacement_mm=field)
    assert np.allclose(found.array, (points_of(fixed) + field) @ [2.0, -3.0, 1.0], atol=1e-4)


def test_labels_stay_labels():
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[:, :, 5:] = 200
    volume = Volume(labels, Geometry((10, 10, 10)), is_labelmap=True)
    finer = resampled(volume, with_spacing(volume.geometry, (0.3, 0.3, 0.3)))
    assert set(np.unique(finer.array)) == {0, 200}
    assert finer.array.dtype == np.uint8
    assert finer.is_labelmap


def test_outside_is_filled():
    volume = Volume(np.full((4, 4, 4), 7, np.int16), Geometry((4, 4, 4)))
    wide = Geometry((4, 4, 12), origin_mm=(-4, 0, 0))
    assert (resampled(volume, wide, fill=-1000).array[:, :, 0] == -1000).all()
    assert (resampled(volume, wide).array == 7).all()


@given(
    st.tuples(*[st.integers(1, 40)] * 3),
    st.tuples(*[st.floats(0.3, 5)] * 3),
    st.tuples(*[st.floats(0.3, 5)] * 3),
)
def test_other_spacing_keeps_the_middle(shape, old, new):
    geometry = Geometry(shape, old, (5, -6, 7))
    other = with_spacing(geometry, new)
    assert np.allclose(other.center_mm, geometry.center_mm)
    extent = np.array(shape[::-1]) * old
    off = np.abs(np.array(other.shape[::-1]) * new - extent)
    assert (off <= np.maximum(np.array(new) / 2, new - extent) + 1e-6).all()


def test_two_transforms_at_once_are_refused():
    volume = ramp(Geometry((3, 3, 3)))
    field = np.zeros((3, 3, 3, 3))
    with pytest.raises(GeometryError, match="not both"):
        resampled(volume, volume.geometry, np.eye(4), field)
    with pytest.raises(GeometryError, match="does not fit"):
        resampled(volume, volume.geometry, displacement_mm=field[:2])
