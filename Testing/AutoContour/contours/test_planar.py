"""Contours of planes: exact masks back, areas, holes, independent filling by matplotlib."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.path import Path as Outline

from AutoContourLib.contours.planar import (
    REACH_PX,
    area,
    crosses_itself,
    filled,
    keyhole,
    outlines,
)

masks = arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def by_matplotlib(contour: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The even-odd filling of another library."""
    rows, columns = np.indices(shape)
    closed = np.concatenate([contour, contour[:1]])
    codes = [Outline.MOVETO, *[Outline.LINETO] * (len(contour) - 1), Outline.CLOSEPOLY]
    inside = Outline(closed, codes).contains_points(np.stack([columns, rows], -1).reshape(-1, 2))
    return inside.reshape(shape)


@given(masks, st.sampled_from(["pixel", "smooth"]))
@settings(max_examples=120, deadline=None)
def test_every_mask_comes_back(mask: np.ndarray, shape) -> None:
    rings = outlines(mask, shape)
    loops = [loop for ring in rings for loop in (ring.outer, *ring.holes)]
    assert (filled(loops, mask.shape) == mask).all()
    assert (filled([keyhole(ring) for ring in rings], mask.shape) == mask).all()


@given(masks)
@settings(max_examples=60, deadline=None)
def test_another_filling_finds_the_same_mask(mask: np.ndarray) -> None:
    found = np.zeros(mask.shape, bool)
    for ring in outlines(mask):
        part = by_matplotlib(ring.outer, mask.shape)
        for hole in ring.holes:
            part ^= by_matplotlib(hole, mask.shape)
        found |= part
    assert (found == mask).all()


@given(masks)
@settings(max_examples=60, deadline=None)
def test_points_rounded_to_pixels_lie_in_the_mask(mask: np.ndarray) -> None:
    for ring in outlines(mask):
        for points in (ring.outer, keyhole(ring)):
            i, j = np.rint(points).astype(int).T
            assert mask[j, i].all()


def test_one_pixel_has_its_own_area() -> None:
    mask = np.zeros((3, 4), bool)
    mask[1, 2] = True
    (ring,) = outlines(mask)
    assert abs(area(ring.outer)) == pytest.approx((2 * REACH_PX) ** 2)
    assert ring.outer.mean(0) == pytest.approx([2, 1])


def test_area_of_a_ring_is_that_of_its_pixels() -> None:
    j, i = np.indices((60, 60)) - 30
    mask = (np.hypot(i, j) < 25) & (np.hypot(i, j) > 12)
    (ring,) = outlines(mask)
    assert len(ring.holes) == 1
    joined = abs(area(keyhole(ring)))
    assert joined == pytest.approx(mask.sum(), rel=0.005)
    assert joined == pytest.approx(abs(area(ring.outer)) - abs(area(ring.holes[0])))


def test_pixels_that_touch_at_a_corner_stay_apart() -> None:
    assert len(outlines(np.eye(3, dtype=bool))) == 3


def test_a_bow_tie_crosses_itself_and_a_square_does_not() -> None:
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)
    assert crosses_itself(square[[0, 2, 1, 3]], (6, 6))
    assert not crosses_itself(square, (6, 6))


@given(masks)
@settings(max_examples=30, deadline=None)
def test_own_contours_never_cross_themselves(mask: np.ndarray) -> None:
    assert not any(crosses_itself(keyhole(ring), mask.shape) for ring in outlines(mask))
