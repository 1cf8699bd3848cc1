"""A cable and its electrode are two objects though they touch; a button and a coil are one each."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageMetricLib.radiograph.detections import Box
from MedImageMetricLib.radiograph.object_parts import compact_and_lines, object_parts, weak_parts

SHAPE = (400, 300)  # of which a reach is 4 pixels
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def disc(row: float, column: float, radius: float) -> np.ndarray:
    return (ROWS - row) ** 2 + (COLUMNS - column) ** 2 <= radius**2


def cable() -> np.ndarray:
    return (abs(ROWS - 200) <= 1) & (COLUMNS >= 100)


def probability_of(mask: np.ndarray, value: float = 0.8) -> np.ndarray:
    return np.where(mask, value, 0.0).astype(np.float32)


def test_a_cable_is_told_apart_from_the_electrode_that_it_touches():
    probability = probability_of(cable() | disc(200, 90, 12))
    probability[200, 90] = 0.95
    electrode, line = sorted(object_parts(probability, "", 0.2), key=lambda one: one.box.left)
    assert electrode.confidence == pytest.approx(0.95)
    assert line.confidence == pytest.approx(0.8)
    assert electrode.box.center_ij == pytest.approx((90, 200), abs=3)
    assert line.box == Box(line.box.left, 198.5, 299.5, 201.5)
    assert not (electrode.mask & line.mask).any()
    assert line.box.left - electrode.box.right < 3


def test_an_electrode_between_two_cables_makes_three_objects():
    mask = (abs(ROWS - 200) <= 1) | disc(200, 150, 12)
    assert len(list(object_parts(probability_of(mask), "", 0.2))) == 3


@pytest.mark.parametrize(
    "mask",
    [
        disc(100, 100, 15),
        disc(100, 100, 3),
        cable(),
        disc(100, 100, 30) & ~disc(100, 100, 26),
        (abs(ROWS - 100) < 20) & (abs(COLUMNS - 100) < 40),
        abs(ROWS - 100) <= 2 + 2 * (np.sin(COLUMNS / 6) > 0),
    ],
    ids=["button", "clip", "cable", "ring", "pacemaker", "uneven cable"],
)
def test_what_is_of_one_kind_stays_one_object(mask):
    (one,) = object_parts(probability_of(mask), "", 0.2)
    assert (one.mask == mask).all()
    rows, columns = np.nonzero(mask)
    corners = columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5
    assert one.box == Box(*corners)


def test_specks_and_what_is_too_weak_are_no_objects():
    mask = disc(50, 50, 0.9)
    assert not list(object_parts(probability_of(mask), "", 0.2))
    assert not list(object_parts(probability_of(disc(50, 50, 8), 0.1), "", 0.2))


def test_the_surest_of_the_weak_parts_are_told():
    probability = probability_of(disc(60, 60, 8), 0.9) + probability_of(disc(60, 60, 14), 0.05)
    for number, value in enumerate((0.02, 0.1, 0.04)):
        probability += probability_of(disc(200, 50 + 50 * number, 5), value)
    probability[300, 100] = 0.15  # a speck
    first, second = weak_parts(probability, "coin", (0.01, 0.2), most=2)
    assert (first.confidence, second.confidence) == pytest.approx((0.1, 0.04))
    assert (first.box.center_ij, first.mask, first.kind) == ((100, 200), None, "coin")


@pytest.mark.parametrize("seed", range(5))
def test_parts_never_overlap_and_lie_in_their_region(seed):
    generator = np.random.default_rng(seed)
    region = np.zeros(SHAPE, bool)
    for _ in range(6):
        region |= disc(
            generator.uniform(0, 400), generator.uniform(0, 300), generator.uniform(2, 20)
        )
        row = generator.uniform(0, 400)
        region |= abs(ROWS - row - 0.3 * COLUMNS) < generator.uniform(1, 4)
    parts = compact_and_lines(region, 4.0)
    assert np.sum(parts, axis=0).max() == 1
    assert not (np.any(parts, axis=0) & ~region).any()
    assert np.any(parts, axis=0).sum() > 0.8 * region.sum()
