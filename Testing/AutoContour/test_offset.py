"""The six numbers against matrices, and the transform file against SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from AutoContourLib.registration.offset import RigidOffset, offset_of, write_offset_transform
from MedImageLib.errors import GeometryError
from MedImageLib.phantom.deformation import rigid_matrix

TRIPLES = st.tuples(*(st.floats(-80, 80),) * 3)


@given(TRIPLES, TRIPLES, TRIPLES)
def test_six_numbers_and_matrix_say_the_same(translation, rotation, center):
    offset = RigidOffset(translation, rotation, center)
    matrix = rigid_matrix(np.array(rotation), np.array(translation), np.array(center))
    np.testing.assert_allclose(offset.moving_from_fixed, matrix, atol=1e-9)
    again = offset_of(matrix, np.array(center))
    np.testing.assert_allclose(again.translation_mm, translation, atol=1e-6)
    np.testing.assert_allclose(again.rotation_deg, rotation, atol=1e-5)


def test_the_center_stays_but_for_the_translation():
    offset = RigidOffset((1, 2, 3), (10, 20, 30), (5, 6, 7))
    moved = offset.moving_from_fixed @ [5, 6, 7, 1]
    np.testing.assert_allclose(moved[:3], [6, 8, 10])
    assert RigidOffset(rotation_deg=(0, 0, -40)).turn_deg == pytest.approx(40)


def test_the_file_maps_points_alike(tmp_path):
    offset = RigidOffset((1, 2, 3), (10, 20, 30), (5, 6, 7))
    path = write_offset_transform(offset, tmp_path / "offset.tfm")
    point = (11.0, -4.0, 8.0)
    np.testing.assert_allclose(
        sitk.ReadTransform(str(path)).TransformPoint(point),
        (offset.moving_from_fixed @ [*point, 1])[:3],
        atol=1e-9,
    )


def test_what_is_not_rigid_is_refused(tmp_path):
    for wrong in (np.diag([2.0, 1, 1, 1]), np.diag([-1.0, 1, 1, 1]), np.full((4, 4), np.nan)):
        with pytest.raises(GeometryError, match="rigid"):
            offset_of(wrong, np.zeros(3))
    with pytest.raises(GeometryError, match="finite"):
        RigidOffset((np.inf, 0, 0))
    with pytest.raises(GeometryError, match=r"\.tfm"):
        write_offset_transform(RigidOffset(), tmp_path / "offset.txt")
