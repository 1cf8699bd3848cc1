"""The axis as a line through findings of which some are wrong."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from CardiacLVLib.ventricle.ventricle_axis import fit_axis, plane_positions


@given(
    start=st.tuples(st.floats(50, 200), st.floats(50, 200)),
    slope=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    wrong=st.sets(st.integers(0, 9), max_size=3),
)
def test_findings_far_off_do_not_move_the_line(start, slope, wrong):
    depths = np.arange(10) * 9.0
    truth = np.array(start) + depths[:, None] * np.array(slope)
    points = truth.copy()
    points[list(wrong)] += (70.0, -50.0)
    axis = fit_axis(points, depths, np.ones(10))
    assert set(np.flatnonzero(~axis.supports)) == wrong
    # The slope is held back a little, since supports of little depth tell little about it.
    assert np.abs(axis.at(depths) - truth).max() < 5.0


def test_one_finding_gives_a_line_along_the_normal():
    axis = fit_axis(np.array([[30.0, 40.0]]), np.array([20.0]), np.array([5.0]))
    assert np.allclose(axis.at(np.array([0.0, 50.0])), [30.0, 40.0])


def test_a_plane_keeps_its_own_finding_near_the_axis_and_takes_the_axis_else():
    depths = np.arange(6) * 10.0
    points = np.stack([100 + 0.1 * depths, np.full(6, 80.0)], axis=1)
    points[2] += (4.0, 0.0)
    points[5] += (0.0, 60.0)
    found, axis = plane_positions(points, depths, np.ones(6), np.arange(8) * 10.0)
    assert np.allclose(found[2], points[2])
    assert np.linalg.norm(found[5] - (105.0, 80.0)) < 3.0
    assert not axis.supports[5]
    # Planes beyond the outermost support stay where the line leaves it, one plane further.
    assert np.allclose(found[6], found[7])
