"""The flank of a lung: where its frame lies, what contrast it shows, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from MedImageMetricLib.radiograph.flank import (
    ABOVE,
    BESIDE,
    GRID,
    apex_row,
    flank_frame,
    flank_picture,
    from_flank,
    local_contrast,
    lung_height_px,
    lung_width_px,
    on_flank,
    outer_strip,
)

SHAPE = (300, 280)
PLANE = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=SHAPE), 3).astype(np.float32)


def lung(first: int = 60, last: int = 159) -> np.ndarray:
    """Rows 80 to 229 (150 of them), 100 columns."""
    mask = np.zeros(SHAPE, bool)
    mask[80:230, first : last + 1] = True
    return mask


def test_the_frame_is_set_by_the_box_of_the_lung():
    frame = flank_frame(lung(), True)
    first, last = frame.offset, frame.matrix @ (np.array(GRID) - 1) + frame.offset
    assert first == pytest.approx((80 - ABOVE * 150, 60 - BESIDE * 100))
    assert last == pytest.approx((80 + 0.75 * 150, 60 + 0.65 * 100))


def test_both_flanks_look_like_the_right_one():
    right = flank_picture(PLANE, flank_frame(lung(), True))
    left = flank_picture(PLANE[:, ::-1], flank_frame(lung()[:, ::-1], False))
    assert left == pytest.approx(right, abs=1e-4)
    assert right.shape == GRID
    assert (right.min(), right.max()) == (0, 1)


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(0.6, 1.5), offset=st.floats(0.0, 0.5))
def test_contrast_takes_little_account_of_exposure(gain, offset):
    picture = np.random.default_rng(1).uniform(0, 1, GRID).astype(np.float32)
    assert local_contrast(gain * picture + offset) == pytest.approx(
        local_contrast(picture), abs=0.05
    )


def test_an_even_part_has_no_contrast_and_a_line_has():
    picture = np.full(GRID, 0.4, np.float32)
    assert local_contrast(picture) == pytest.approx(0.5, abs=1e-3)
    picture[:, 60] = 0.6
    shown = local_contrast(picture)
    assert shown[70, 60] > 0.8
    assert shown[70, 66] < 0.5
    assert shown[70, 5] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("is_right", [True, False])
def test_what_is_seen_on_a_flank_comes_back_to_its_place(is_right):
    """All up to the middle of the lung is answered with 0.9."""
    column = round((BESIDE + 0.5) * lung_width_px())
    values = np.zeros(GRID, np.float32)
    values[:, :column] = 0.9
    mask = lung() if is_right else lung()[:, ::-1]
    found = from_flank(values, flank_frame(mask, is_right), mask)
    found = found if is_right else found[:, ::-1]
    assert (found[~lung()] == 0).all()
    assert found[100, 62:106] == pytest.approx(0.9, abs=1e-5)
    assert found[100, 114:160] == pytest.approx(0, abs=1e-5)
    assert np.flatnonzero(found.any(1))[-1] == 80 + int(0.75 * 150)


def test_the_outer_strip_lies_along_the_chest_wall():
    grid_lung = on_flank(lung(), flank_frame(lung(), True))
    strip = outer_strip(grid_lung)
    assert not strip[~grid_lung].any()
    row = np.flatnonzero(strip[round(apex_row() + 0.3 * lung_height_px())])
    assert row[0] == pytest.approx(BESIDE * lung_width_px(), abs=1)
    assert len(row) == pytest.approx(0.22 * lung_width_px(), abs=2)
    rows = np.flatnonzero(strip.any(1))
    assert (rows[-1] - apex_row()) / lung_height_px() == pytest.approx(0.5, abs=0.02)
