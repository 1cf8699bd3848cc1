"""Plausibility of contoured organs: places, volumes, parts, other regions of the body."""

from __future__ import annotations

import numpy as np
import pytest

from AutoContourLib.contours.checks import checked, cleaned, doubts, head_neck_anatomy
from MedImageLib.geometry import Geometry

ANATOMY = head_neck_anatomy()
STRUCTURES = dict(enumerate(ANATOMY.structures, start=1))
NUMBER = {name: number for number, name in STRUCTURES.items()}
GRID = Geometry((110, 70, 70), (3.0, 3.0, 3.0), (-105.0, -120.0, -220.0))
# Centroids relative to the brainstem, as drawn on average (x left, y back, z head).
PLACES = {"brainstem": (0.0, 0.0, 0.0)} | {
    one.target: one.mean_mm for one in ANATOMY.offsets if one.origin == "brainstem"
}
ML = {"mandible": 64, "esophagus": 12}


def drawn(places=PLACES, ml=ML) -> np.ndarray:
    labels = np.zeros(GRID.shape, np.uint8)
    k, j, i = np.indices(GRID.shape)
    points = GRID.points_mm(np.stack([i, j, k], -1))
    for name, center in places.items():
        radius = (3000 * ml.get(name, 25) / (4 * np.pi)) ** (1 / 3)
        labels[np.linalg.norm(points - np.array(center), axis=-1) < radius] = NUMBER[name]
    return labels


def states(labels: np.ndarray) -> dict[str, str]:
    kept, found, _ = checked(labels, STRUCTURES, GRID, ANATOMY)
    for check in found:
        assert (kept == NUMBER[check.structure]).any() == (check.state == "kept")
    return {check.structure: check.state for check in found}


def test_organs_in_their_places_are_kept_and_absent_ones_named() -> None:
    labels = drawn()
    kept, found, remarks = checked(labels, STRUCTURES, GRID, ANATOMY)
    assert (kept == labels).all()
    assert {c.structure for c in found if c.state == "kept"} == set(PLACES)
    assert [r.text for r in remarks] == ["Spinal cord was not found on this scan."]
    volumes = {c.structure: c.volume_ml for c in found}
    assert volumes["mandible"] == pytest.approx(64, rel=0.02)


def test_exchanged_parotids_are_left_out() -> None:
    exchanged = PLACES | {
        "right_parotid": PLACES["left_parotid"],
        "left_parotid": PLACES["right_parotid"],
    }
    found = states(drawn(exchanged))
    assert {name for name, state in found.items() if state == "left out"} == {
        "right_parotid",
        "left_parotid",
    }


def test_one_organ_far_away_is_left_out_alone() -> None:
    found = states(drawn(PLACES | {"larynx": (60.0, 20.0, 30.0)}))
    assert [name for name, state in found.items() if state == "left out"] == ["larynx"]


@pytest.mark.parametrize("ml", [1.0, 400.0])
def test_volumes_far_beyond_drawn_ones_are_left_out(ml: float) -> None:
    alone = {name: PLACES[name] for name in ("brainstem", "larynx", "mandible", "left_parotid")}
    found = states(drawn(alone, ML | {"larynx": ml}))
    assert found["larynx"] == "left out"
    assert found["mandible"] == "kept"


def test_two_organs_that_fit_one_another_by_chance_prove_no_region() -> None:
    found = states(drawn({name: PLACES[name] for name in ("mandible", "right_parotid")}))
    assert "kept" not in found.values()


def test_a_single_organ_proves_no_region_and_nothing_is_invented() -> None:
    labels = drawn({"brainstem": (0.0, 0.0, 0.0)})
    labels[10:40, 30:33, 30:33] = NUMBER["spinal_cord"]
    kept, _, remarks = checked(labels, STRUCTURES, GRID, ANATOMY)
    assert not kept.any()
    assert remarks[0].code == "region-not-seen"


def test_cut_organs_are_kept_and_told() -> None:
    labels = drawn()
    first = int(np.flatnonzero((labels == NUMBER["esophagus"]).any((1, 2)))[-1]) - 1
    labels[:first] = 0
    cut = labels[first:]
    grid = Geometry(cut.shape, GRID.spacing_mm, tuple(GRID.points_mm(np.array([0, 0, first]))))
    _, found, remarks = checked(cut, STRUCTURES, grid, ANATOMY)
    assert {c.structure: c.cut for c in found}["esophagus"]
    assert "organ-cut" in {r.code for r in remarks}


def test_cleaning_keeps_the_largest_part_and_fills_holes_of_slices() -> None:
    labels = drawn()
    whole = labels.copy()
    number = NUMBER["mandible"]
    inside = tuple(np.argwhere(labels == number).mean(0).astype(int))
    labels[inside] = 0
    labels[2:4, 2:4, 2:4] = number
    assert (cleaned(labels, STRUCTURES, GRID) == whole).all()


def test_cleaning_keeps_large_parts_of_tubes() -> None:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[5:30, 30:34, 30:34] = NUMBER["spinal_cord"]
    labels[34:60, 30:34, 30:34] = NUMBER["spinal_cord"]
    tube = labels.copy()
    labels[80, 5, 5] = NUMBER["spinal_cord"]
    assert (cleaned(labels, STRUCTURES, GRID) == tube).all()


def masks_of(labels: np.ndarray) -> dict[str, np.ndarray]:
    return {name: labels == n for n, name in STRUCTURES.items() if (labels == n).any()}


def test_carried_organs_in_their_places_raise_no_doubt() -> None:
    assert doubts(masks_of(drawn()), GRID) == ()
    assert doubts({"body": np.ones(GRID.shape, bool)}, GRID) == ()


def test_carried_organs_on_the_wrong_side_or_far_too_large_are_named() -> None:
    exchanged = PLACES | {
        "right_parotid": PLACES["left_parotid"],
        "left_parotid": PLACES["right_parotid"],
    }
    told = doubts(masks_of(drawn(exchanged)), GRID)
    assert [one.code for one in told] == ["organ-in-doubt"] * 2
    assert all("parotid does not lie where it should" in one.text for one in told)
    (large,) = doubts(masks_of(drawn(ml=ML | {"larynx": 400})), GRID)
    assert "Larynx has 399.6 mL" in large.text


def test_carried_organs_that_the_scan_cuts_are_named() -> None:
    labels = drawn()
    end = int(np.argwhere(labels == NUMBER["larynx"])[:, 0].mean())
    corner = GRID.points_mm(np.array([0.0, 0.0, end]))
    geometry = Geometry((110 - end, 70, 70), GRID.spacing_mm, tuple(corner.tolist()))
    told = doubts(masks_of(labels[end:]), geometry)
    assert "Larynx reaches the end of the scan and may be cut." in {one.text for one in told}
