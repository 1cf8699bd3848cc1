"""Flanks as training samples: by their grade, with a strip taught, under a drawn blade."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageLib.network.samples import UNKNOWN, Sample
from MedImageLib.phantom.drawn_scapulae import LEAST_PATH_MM, cast_blade
from MedImageMetricLib.radiograph import flank_samples
from MedImageMetricLib.radiograph.drawn_bones import LungExtent
from MedImageMetricLib.radiograph.flank import (
    BESIDE,
    GRID,
    STRIP_DEPTH,
    apex_row,
    local_contrast,
    lung_height_px,
    lung_width_px,
)
from MedImageMetricLib.radiograph.flank_samples import (
    INNER_DEPTH,
    LEFT_FREE,
    RIGHT_MARKED,
    as_shown,
    free_flanks,
    laid_on_flank,
    marked_flanks,
    narrowed,
    overlap_as_read,
    strip_label,
    under_blade,
)

SHAPE = (220, 240)
IMAGE = np.random.default_rng(0).uniform(0, 255, SHAPE).astype(np.float32)


def flank_lung() -> np.ndarray:
    """The lung's box, filled, on the grid of a flank."""
    lung = np.zeros(GRID, bool)
    lung[round(apex_row()) :, round(BESIDE * lung_width_px()) :] = True
    return lung


@pytest.fixture
def lungs(monkeypatch):
    right, left = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    right[40:190, 50:110] = True
    left[40:190, 130:190] = True
    found = LungExtent(right, left, 40.0, 150.0, 189.0, 50.0, 189.0)
    monkeypatch.setattr(flank_samples, "lung_extent", lambda image: found)
    flank_samples._lungs.cache_clear()
    yield right, left
    flank_samples._lungs.cache_clear()


def sample(right: str, left: str) -> Sample:
    row = {"id": "a", "scapula_right": right, "scapula_left": left}
    label = overlap_as_read(IMAGE, row, None)  # type: ignore[arg-type]
    assert label is not None
    return Sample("a", "p", "s", 0, IMAGE, label, (1,), (1.0, 1.0), False, 1.0)


def test_grades_become_lungs_of_their_kind(lungs):
    label = sample("2", "0").label
    assert set(np.unique(label[lungs[0]])) == {RIGHT_MARKED}
    assert set(np.unique(label[lungs[1]])) == {LEFT_FREE}
    assert not label[~(lungs[0] | lungs[1])].any()
    assert not sample("1", "").label.any()


def test_each_flank_becomes_a_sample_of_its_own_by_its_grade(lungs):
    one = sample("2", "0")
    assert [s.id for s in free_flanks(one)] == ["a_left"]
    assert [s.id for s in marked_flanks(one)] == ["a_right"]
    assert [s.id for s in free_flanks(sample("0", "0"))] == ["a_right", "a_left"]
    assert not list(marked_flanks(sample("1", "")))
    free = next(free_flanks(one))
    assert free.patient == "p"
    assert free.image.shape == free.label.shape == GRID
    assert set(np.unique(free.label)) == {0, UNKNOWN}


def test_without_both_lungs_an_image_is_left_out(monkeypatch):
    monkeypatch.setattr(flank_samples, "lung_extent", lambda image: None)
    flank_samples._lungs.cache_clear()
    row = {"id": "a", "scapula_right": "0", "scapula_left": "0"}
    assert overlap_as_read(IMAGE + 1, row, None) is None  # type: ignore[arg-type]
    flank_samples._lungs.cache_clear()


def test_the_strip_lies_along_the_wall_and_nothing_is_claimed_of_what_follows():
    label = strip_label(flank_lung())
    row = label[round(apex_row() + 0.3 * lung_height_px())]
    strip = np.flatnonzero(row == 1)
    first = BESIDE * lung_width_px()
    assert strip[0] == pytest.approx(first, abs=1)
    assert len(strip) == pytest.approx(STRIP_DEPTH * lung_width_px(), abs=2)
    inner = np.flatnonzero(row == 0)
    assert inner[0] == pytest.approx(first + INNER_DEPTH * lung_width_px(), abs=2)
    assert (row[: strip[0]] == UNKNOWN).all()
    assert not (label[round(apex_row() + 0.7 * lung_height_px())] == 1).any()


@pytest.mark.parametrize("depth", [0.15, 0.3, 0.5])
def test_a_blade_reaches_in_as_deep_as_it_is_told(depth):
    path = laid_on_flank(cast_blade(4), 105.0, depth, 0.0, 1.0)
    columns = np.flatnonzero((path > LEAST_PATH_MM).any(0))
    assert columns[-1] / lung_width_px() - BESIDE == pytest.approx(depth, abs=0.03)
    if depth == 0.5:  # farther out its highest point lies beside the frame
        rows = np.flatnonzero((path > LEAST_PATH_MM).any(1))
        assert rows[0] == pytest.approx(apex_row(), abs=2)


def test_a_drawn_blade_is_labeled_on_the_lung_and_shown_as_the_network_sees_it():
    picture = np.random.default_rng(2).uniform(0.2, 0.6, GRID).astype(np.float32)
    label = np.where(flank_lung(), 0, UNKNOWN).astype(np.uint8)
    for seed in range(4):
        shown, found = under_blade(picture, label, np.random.default_rng(seed))
        again, _ = under_blade(picture, label, np.random.default_rng(seed))
        assert (shown == again).all()
        assert (found == 1).any()
        assert (found[label == UNKNOWN] == UNKNOWN).all()
        assert shown.shape == GRID


def test_flanks_are_narrowed_beside_the_lung_alone():
    picture = np.random.default_rng(2).uniform(0, 1, GRID).astype(np.float32)
    label = np.zeros(GRID, np.uint8)
    kept = 0
    for seed in range(20):
        narrow = narrowed(picture, np.random.default_rng(seed))
        lung = round(BESIDE * lung_width_px())
        assert (narrow[:, lung:] == picture[:, lung:]).all()
        kept += bool((narrow == picture).all())
        shown, same = as_shown(picture, label, np.random.default_rng(seed))
        assert (shown == local_contrast(narrow)).all()
        assert same is label
    assert 2 < kept < 16
