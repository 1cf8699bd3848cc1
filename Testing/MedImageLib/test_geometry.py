"""Index and LPS points: exact round trips on any grid, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError
from MedImageLib.geometry import Geometry
from MedImageLib.resampling import geometry_of, image_of
from MedImageLib.volume import Volume, VolumeSequence

angles = st.tuples(*[st.floats(-180, 180)] * 3)
spacings = st.tuples(*[st.floats(0.1, 12)] * 3)
origins = st.tuples(*[st.floats(-500, 500)] * 3)


def grid(angles_deg, spacing, origin, mirrored, shape=(5, 7, 9)) -> Geometry:
    axes = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    if mirrored:
        axes[:, 2] *= -1
    return Geometry(shape, spacing, origin, tuple(map(tuple, axes)))


@given(angles, spacings, origins, st.booleans())
def test_points_agree_with_simpleitk_and_come_back(angles_deg, spacing, origin, mirrored):
    geometry = grid(angles_deg, spacing, origin, mirrored)
    image = image_of(Volume(np.zeros(geometry.shape, np.float32), geometry))
    index = np.array([[0, 0, 0], [8, 6, 4], [3, 1, 2]], float)
    points = geometry.points_mm(index)
    expected = [image.TransformContinuousIndexToPhysicalPoint(list(row)) for row in index]
    assert np.allclose(points, expected, atol=1e-6)
    assert np.allclose(geometry.indices(points), index, atol=1e-6)
    assert geometry_of(image).same_grid(geometry)


@given(angles, spacings, origins, st.booleans())
def test_matrix_holds_the_whole_grid(angles_deg, spacing, origin, mirrored):
    geometry = grid(angles_deg, spacing, origin, mirrored)
    again = Geometry.from_lps_matrix(geometry.lps_from_index, geometry.shape)
    assert again.same_grid(geometry)
    flipped = geometry.ras_from_index @ [1, 2, 3, 1]
    assert np.allclose(flipped[:3] * [-1, -1, 1], geometry.points_mm(np.array([1, 2, 3])))


def test_a_grid_moved_by_half_a_voxel_is_another():
    first = Geometry((4, 4, 4))
    assert first.same_grid(Geometry((4, 4, 4), origin_mm=(1e-4, 0, 0)))
    assert not first.same_grid(Geometry((4, 4, 4), origin_mm=(0.5, 0, 0)))
    assert not first.same_grid(Geometry((4, 4, 5)))


@pytest.mark.parametrize(
    "values",
    [
        {"shape": (0, 4, 4)},
        {"shape": (4, 4)},
        {"shape": (4, 4, 4), "spacing_mm": (0.0, 1, 1)},
        {"shape": (4, 4, 4), "spacing_mm": (float("nan"), 1, 1)},
        {"shape": (4, 4, 4), "origin_mm": (float("inf"), 0, 0)},
        {"shape": (4, 4, 4), "direction": ((1, 0, 0), (1, 0, 0), (0, 0, 1))},
        {"shape": (4, 4, 4), "direction": ((2, 0, 0), (0, 1, 0), (0, 0, 1))},
    ],
)
def test_what_is_no_grid_is_refused(values):
    with pytest.raises(GeometryError):
        Geometry(**values)


def test_sheared_matrix_is_refused():
    sheared = np.eye(4)
    sheared[0, 2] = 0.3
    with pytest.raises(GeometryError, match="orthonormal"):
        Geometry.from_lps_matrix(sheared, (3, 3, 3))


def test_volume_refuses_what_does_not_fit():
    with pytest.raises(GeometryError, match="fit"):
        Volume(np.zeros((2, 2, 2)), Geometry((2, 2, 3)))
    with pytest.raises(GeometryError, match="integers"):
        Volume(np.zeros((2, 2, 2), np.float32), Geometry((2, 2, 2)), is_labelmap=True)


def test_frames_of_a_sequence_share_a_grid():
    one = Volume(np.zeros((2, 2, 2)), Geometry((2, 2, 2)))
    moved = Volume(np.zeros((2, 2, 2)), Geometry((2, 2, 2), origin_mm=(3, 0, 0)))
    with pytest.raises(GeometryError, match="share"):
        VolumeSequence((one, moved), (0.0, 1.0))
    assert VolumeSequence((one, one), (0.0, 1.0)).array.shape == (2, 2, 2, 2)


def test_radiograph_of_one_slice_reads_as_an_itk_volume():
    geometry = Geometry((1, 6, 8), (0.2, 0.3, 1.0))
    image = image_of(Volume(np.ones(geometry.shape, np.uint16), geometry))
    assert image.GetSize() == (8, 6, 1)
    assert image.GetPixelID() == sitk.sitkUInt16


def test_volumes_travel_between_processes():
    volume = Volume(np.ones((1, 2, 3)), Geometry((1, 2, 3)), tags={"view_position": "PA"})
    again = pickle.loads(pickle.dumps(volume))
    assert np.array_equal(again.array, volume.array)
    assert again.geometry == volume.geometry
    assert dict(again.tags) == {"view_position": "PA"}
