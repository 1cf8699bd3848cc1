"""Ray-cast blades: as long as a scapula, in the frame of their lungs, the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.phantom.drawn_scapulae import CANVAS_PX, LEAST_PATH_MM, PIXEL_MM, cast_blade


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_blade_has_the_length_of_a_scapula_and_lies_on_the_right(seed):
    blade = cast_blade(seed)
    covered = blade.path > LEAST_PATH_MM
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    assert 110 < np.ptp(rows) * PIXEL_MM < 220
    assert columns[-1] < CANVAS_PX / 2
    assert 90 < blade.half_width_px * PIXEL_MM < 180
    # Its upper end lies about the height of the apex.
    assert abs(rows[0] - blade.apex_row) * PIXEL_MM < 90


def test_the_same_seed_casts_the_same():
    first = cast_blade(3)
    cast_blade.cache_clear()
    second = cast_blade(3)
    np.testing.assert_array_equal(first.path, second.path)
    assert (cast_blade(4).path != first.path).any()
