"""Rules by which frames and planes of a cine support one another, on drawn probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from CardiacLVLib.ventricle.consistency import (
    CAVITY,
    MYOCARDIUM,
    PlaneProbabilities,
    consistent_labels,
    gaps,
    lonely,
    planes_beyond_base,
    separate_labels,
)

SIDE = 48
ROWS, COLUMNS = np.indices((SIDE, SIDE))


def ring(strength: float, center=(24, 24), radius: float = 7.0) -> np.ndarray:
    """Probabilities (class, row, column) of a cavity in a wall, as sure as `strength`."""
    distance = np.hypot(ROWS - center[0], COLUMNS - center[1])
    values = np.zeros((3, SIDE, SIDE), np.float32)
    values[1] = strength * (distance < radius)
    values[2] = strength * ((distance >= radius) & (distance < radius + 5))
    values[0] = 1 - values[1] - values[2]
    return values


def stack(strengths: np.ndarray) -> list[PlaneProbabilities]:
    """Planes of strengths (frame, plane)."""
    return [
        PlaneProbabilities(np.stack([ring(s) for s in plane]), (24.0, 24.0), (1.3, 1.3))
        for plane in strengths.T
    ]


def shown(labels: list[np.ndarray]) -> np.ndarray:
    return np.stack([(plane == CAVITY).any((1, 2)) for plane in labels], axis=1)


def test_a_faint_plane_between_two_sure_ones_is_filled():
    strengths = np.full((2, 5), 0.9)
    strengths[1, 2] = 0.35
    assert not shown(separate_labels(stack(strengths)))[1, 2]
    labels = consistent_labels(stack(strengths))
    assert shown(labels).all()
    assert (labels[2][1] == CAVITY).sum() == (labels[2][0] == CAVITY).sum()


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.35])
def test_nothing_is_put_beyond_the_outermost_planes(strength):
    strengths = np.full((10, 6), 0.9)
    strengths[:, 0] = strengths[:, 5] = strength
    found = shown(consistent_labels(stack(strengths)))
    assert found[:, 1:5].all()
    assert not found[:, [0, 5]].any()


def test_nothing_is_put_where_the_network_saw_nothing():
    strengths = np.full((10, 5), 0.9)
    strengths[4, 2] = 0.0
    # Light smoothing in time alone reaches no threshold.
    assert not shown(consistent_labels(stack(strengths)))[4, 2]


def test_of_two_cavities_the_one_on_the_axis_is_kept():
    values = np.maximum(ring(0.9, (24, 24), 5), ring(0.9, (24, 44), 9))
    values[0] = 1 - values[1:].sum(0)
    plane = PlaneProbabilities(values[None], (24.0, 24.0), (2.5, 2.5))
    (labels,) = consistent_labels([plane])
    assert labels[0, 24, 24] == CAVITY
    assert labels[0, 24, 44] != CAVITY
    (alone,) = separate_labels([plane])
    assert alone[0, 24, 44] == CAVITY
    assert alone[0, 24, 24] != CAVITY


def test_a_flash_of_one_frame_beyond_the_base_is_removed_and_a_stomach_too():
    strengths = np.full((12, 8), 0.0)
    strengths[:, 2:5] = 0.95
    strengths[7, 1] = 0.95
    strengths[:, 7] = 0.95
    found = shown(consistent_labels(stack(strengths)))
    assert found[:, 2:5].all()
    assert found.sum() == 36


def test_without_neighbors_both_ways_agree():
    planes = stack(np.full((2, 3), 0.8))
    for one, other in zip(consistent_labels(planes), separate_labels(planes), strict=True):
        assert np.array_equal(one, other)
        assert (one == MYOCARDIUM).any()


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=2, max_size=12))
def test_gaps_and_lonely_speak_of_empty_and_of_shown_planes_alone(rows):
    there = np.array(rows)
    between = gaps(there)
    assert not (between & there).any()
    ever = np.flatnonzero(there.any(0))
    outside = np.ones(6, bool)
    if len(ever):
        outside[ever[0] : ever[-1] + 1] = False
    assert not between[:, outside].any()
    assert all(there[frame, plane] for frame, plane in lonely(there))


@pytest.mark.parametrize("frames", [2, 20])
def test_what_fills_at_the_base_while_the_ventricle_empties_is_the_atrium(frames):
    contraction = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frames) / frames)
    wide = np.array([0.0, 300, 500, 700, 900, 1000, 1000, 900, 500, 400])
    areas = wide * (1 - 0.4 * contraction[:, None])
    areas[:, 8:] = wide[8:] * (1 + 0.3 * contraction[:, None])
    assert planes_beyond_base(areas) == (8, 9)
    assert planes_beyond_base(areas[:, ::-1]) == (0, 1)
    # An apex that bulges in systole stays the ventricle's, and so does a base that contracts.
    bulging = wide * (1 - 0.4 * contraction[:, None])
    assert planes_beyond_base(bulging) == ()
    bulging[:, 1] = 300 * (1 + 0.3 * contraction)
    assert planes_beyond_base(bulging) == ()
    assert planes_beyond_base(areas[:, 7:]) == ()
    assert planes_beyond_base(np.tile(wide, (frames, 1))) == ()
    # What lies beyond a plane that clearly fills is not the ventricle either.
    outermost_shrinks = areas.copy()
    outermost_shrinks[:, 9] = wide[9] * (1 - 0.1 * contraction)
    assert planes_beyond_base(outermost_shrinks) == (8, 9)
