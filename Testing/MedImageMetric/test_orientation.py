"""Turns, mirroring and inversion: undone exactly on grids, found on generated and real ones."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from MedImageLib.network.inference import segment_plane
from MedImageLib.network.model_store import load_model
from MedImageLib.reading import read_image
from MedImageMetricLib.radiograph.orientation import (
    Orientation,
    dense_side,
    find_orientation,
    heart_side,
    looks_inverted,
)
from MedImageMetricLib.radiograph.segmentation import (
    MODEL,
    content_box,
    largest_parts,
    radiograph_plane,
)


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Gray values and labels of a chest with its heart further to the picture's right."""
    labels = np.zeros((120, 150), np.uint8)
    labels[15:105, 15:60], labels[15:105, 90:135], labels[60:95, 62:112] = 1, 2, 3
    plane = np.choose(labels, [150.0, 60.0, 60.0, 200.0])
    return plane + np.random.default_rng(0).normal(0, 4, plane.shape), labels


def knows_gray_values(plane: np.ndarray) -> np.ndarray:
    """Labels of the drawn chest by gray values; sides are named by their place, as a network
    does. Lungs one above the other are no chest to it."""
    parts, count = ndimage.label(ndimage.binary_opening(plane < 105, iterations=3))
    labels = np.zeros(plane.shape, np.uint8)
    assert count == 2
    centers = {part: ndimage.center_of_mass(parts == part) for part in (1, 2)}
    right, left = sorted(centers, key=lambda part: centers[part][1])
    if abs(centers[left][1] - centers[right][1]) < abs(centers[left][0] - centers[right][0]):
        return labels
    labels[parts == right], labels[parts == left] = 1, 2
    labels[ndimage.binary_opening(plane > 175, iterations=3)] = 3
    return labels


ALL = [
    Orientation(turns, mirrored, inverted)
    for turns in range(4)
    for mirrored in (False, True)
    for inverted in (False, True)
]


@given(st.sampled_from(ALL), st.integers(2, 9), st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_undoing_and_bringing_back_is_exact(found, rows, columns):
    plane = np.random.default_rng(0).integers(0, 256, (rows, columns)).astype(float)
    upright = found.upright_labels(plane)
    np.testing.assert_array_equal(found.as_found(upright), plane)
    gray = found.upright(plane)
    np.testing.assert_allclose(
        found.as_found(plane.max() + plane.min() - gray if found.inverted else gray), plane
    )
    j, i = np.divmod(np.arange(upright.size), upright.shape[1])
    back = found.points_as_found(np.column_stack([i, j]), upright.shape).astype(int)
    np.testing.assert_array_equal(plane[back[:, 1], back[:, 0]], upright[j, i])


@pytest.mark.parametrize("truth", [one for one in ALL if not one.inverted])
def test_orientations_of_a_drawn_chest(truth):
    plane, labels = drawn()
    found, upright = find_orientation(truth.as_found(plane), knows_gray_values)
    assert found == truth
    assert (upright == labels).mean() > 0.97


def test_inversion_is_told_by_lungs_and_heart():
    plane, labels = drawn()
    assert not looks_inverted(plane, labels)
    assert looks_inverted(255 - plane, labels)
    assert heart_side(labels) > 0 > heart_side(labels[:, ::-1])
    assert dense_side(plane, labels) > 0 > dense_side(plane[:, ::-1], labels)


def test_what_shows_no_chest_is_taken_as_it_is():
    plane = np.random.default_rng(0).normal(100, 5, (80, 90))
    found, labels = find_orientation(plane, lambda picture: np.zeros(picture.shape, np.uint8))
    assert found == Orientation()
    assert labels.shape == plane.shape


def test_what_was_undone_is_told():
    told = Orientation(1, True, True).remarks()
    assert [one.code for one in told] == ["picture-turned", "picture-mirrored", "picture-inverted"]
    assert "90°" in told[0].text
    assert "dextrocardia" in told[1].text
    assert Orientation().remarks() == ()


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("full_mhh_5f619d7e", Orientation()),
        ("aw_inverted", Orientation(inverted=True)),
        ("aw_rot90", Orientation(1)),
        ("aw_upside_down", Orientation(2)),
        ("aw_tilt12", Orientation()),
        ("nih_00000001_000", Orientation()),
        ("ocx_00003", Orientation()),
    ],
)
def test_real_radiographs_that_do_not_lie_well(data_dir, name, truth):
    folder = data_dir / "cxr_awkward"
    with (folder / "index.csv").open(newline="") as stream:
        files = {row["id"]: row["file"] for row in csv.DictReader(stream)}
    model = load_model(MODEL)

    def segment(plane: np.ndarray) -> np.ndarray:
        box = content_box(plane)
        labels = np.zeros(plane.shape, np.uint8)
        answer = segment_plane(
            model.network, plane[box], model.card.framing, percent=model.card.percent
        )
        labels[box] = largest_parts(answer.labels)
        return labels

    plane = radiograph_plane(read_image(folder / files[name]))
    assert find_orientation(plane, segment)[0] == truth
