"""Analytic truth: slices that sample a function linear in patient space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError
from MedImageLib.reading.stacking import fill_stack, plan_stack

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SPACING = (2.0, 1.5)  # between rows, between columns
SIZE = (6, 5)  # rows, columns


def linear(points_mm):
    return points_mm @ np.array([1.0, -2.0, 3.0]) + 7.0


def sampled(positions, orientation):
    """The linear function at every pixel of every slice, (n, rows, columns)."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    j, i = np.mgrid[: SIZE[0], : SIZE[1]]
    plane = i[..., None] * SPACING[1] * row + j[..., None] * SPACING[0] * column
    return np.stack([linear(np.asarray(p) + plane) for p in positions])


def grid_points(geometry):
    k, j, i = np.mgrid[tuple(slice(n) for n in geometry.shape)]
    return geometry.points_mm(np.stack([i, j, k], axis=-1))


@given(st.tuples(*[st.floats(-180, 180)] * 3), st.permutations(range(4)), st.floats(0.5, 10.0))
@settings(max_examples=30, deadline=None)
def test_every_voxel_keeps_its_place_in_any_orientation(angles, order, step):
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    orientation = tuple(turn[:, 0]) + tuple(turn[:, 1])
    positions = np.array([[10.0, -20.0, 30.0] + n * step * turn[:, 2] for n in order])
    plan = plan_stack(positions, orientation, SPACING, SIZE, None)
    volume = fill_stack(plan, sampled(positions, orientation))
    assert plan.remarks == ()
    assert plan.geometry.spacing_mm == pytest.approx((1.5, 2.0, step))
    assert np.allclose(volume, linear(grid_points(plan.geometry)), atol=1e-3)


def test_integers_of_an_even_stack_stay_untouched():
    slices = np.arange(3 * 30, dtype=np.int16).reshape(3, *SIZE)
    plan = plan_stack(np.array([[0, 0, z] for z in (10, 0, 5)]), AXIAL, SPACING, SIZE, None)
    volume = fill_stack(plan, slices)
    assert volume.dtype == np.int16
    assert np.array_equal(volume, slices[[1, 2, 0]])


def test_missing_slices_are_named_and_the_stack_is_not_closed_up():
    positions = np.array([[0, 0, z] for z in (0, 5, 10, 25, 30, 40, 45)], float)
    plan = plan_stack(positions, AXIAL, SPACING, SIZE, None)
    volume = fill_stack(plan, sampled(positions, AXIAL))
    assert plan.geometry.shape[0] == 10
    assert plan.added_planes == (3, 4, 7)
    assert [r.code for r in plan.remarks] == ["missing-slices"]
    assert "3 slices are missing (2 between 10.00 and 25.00 mm, 1 between" in plan.remarks[0].text
    assert np.allclose(volume, linear(grid_points(plan.geometry)), atol=1e-4)


def test_unequal_steps_are_resampled_to_the_finer_one():
    positions = np.array([[0, 0, z] for z in (0, 4, 8, 12, 16, 22, 28, 34, 40)], float)
    plan = plan_stack(positions, AXIAL, SPACING, SIZE, None)
    volume = fill_stack(plan, sampled(positions, AXIAL))
    assert [r.code for r in plan.remarks] == ["unequal-spacing"]
    assert plan.geometry.spacing_mm[2] == pytest.approx(4)
    assert plan.geometry.shape[0] == 11
    assert np.allclose(volume, linear(grid_points(plan.geometry)), atol=1e-4)


@pytest.mark.parametrize("tilt_deg", [-18.5, 12.0])
def test_tilted_gantry_gives_an_orthogonal_grid_with_values_in_place(tilt_deg):
    tilt = np.radians(tilt_deg)
    orientation = (1.0, 0.0, 0.0, 0.0, np.cos(tilt), np.sin(tilt))
    positions = np.array([[3.0, 4.0, 2.5 * n] for n in range(8)])
    slices = sampled(positions, orientation)
    plan = plan_stack(positions, orientation, SPACING, SIZE, None)
    volume = fill_stack(plan, slices)
    assert [r.code for r in plan.remarks] == ["gantry-tilt"]
    assert plan.geometry.spacing_mm[2] == pytest.approx(2.5 * np.cos(tilt))
    wanted = linear(grid_points(plan.geometry))
    shift = plan.shift_pixels
    assert np.ptp(shift[:, 1]) == pytest.approx(abs(7 * 2.5 * np.sin(tilt)) / SPACING[0])
    for k in range(8):
        covered = slice(int(np.ceil(shift[k, 1])), int(np.floor(shift[k, 1])) + SIZE[0])
        assert np.allclose(volume[k, covered], wanted[k, covered], atol=1e-3)


@pytest.mark.parametrize(
    ("heights", "uneven", "message"),
    [
        ((0, 5, 5.001, 10), "resample", "same plane"),
        ((0, 5, 15, 20), "refuse", "Settings say to refuse"),
        ((0, 1, 2, 3, 400), "resample", "most of the stack would be guessed"),
    ],
)
def test_slices_that_form_no_stack_are_refused(heights, uneven, message):
    positions = np.array([[0, 0, z] for z in heights], float)
    with pytest.raises(GeometryError, match=message):
        plan_stack(positions, AXIAL, SPACING, SIZE, None, uneven)


@pytest.mark.parametrize(
    ("thickness", "step", "codes"), [(4.0, 4.0, []), (None, 1.0, ["slice-thickness-unknown"])]
)
def test_one_slice_takes_its_thickness(thickness, step, codes):
    plan = plan_stack(np.zeros((1, 3)), AXIAL, SPACING, SIZE, thickness)
    assert plan.geometry.spacing_mm == (1.5, 2.0, step)
    assert [r.code for r in plan.remarks] == codes


def test_parallel_axes_are_refused():
    with pytest.raises(GeometryError, match="perpendicular"):
        plan_stack(np.zeros((1, 3)), (1, 0, 0, 1, 0, 0), SPACING, SIZE, 1.0)
