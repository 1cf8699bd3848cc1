"""Radiographs with exact masks of bones: what posture does to scapulae and spine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph
from MedImageLib.phantom.training_radiographs import (
    scapula_radiographs,
    spine_column,
    spine_radiographs,
)

SMALL = RadiographSettings(
    seed=4, size_px=128, view="PA", arms="hips", rotation_deg=0.0, roll_deg=0.0, collimated=False,
    marker=False, protraction_deg=20.0,
)  # fmt: skip


def labels(**changes):
    found = generate_radiograph(replace(SMALL, **changes)).labels
    return {name: mask[0] for name, mask in found.items()}


def overlap(found, side: str) -> float:
    lung = found[f"{side}_lung"]
    return float((found[f"{side}_scapula"] & lung).sum() / lung.sum())


def test_rolled_shoulders_take_the_blades_off_the_lungs():
    back, forward = labels(protraction_deg=0.0), labels(protraction_deg=35.0)
    for side in ("right", "left"):
        assert overlap(back, side) > 0.1
        assert overlap(forward, side) < 0.03


def test_shoulders_may_differ():
    found = labels(shoulder_difference_deg=20.0)
    assert overlap(found, "right") > overlap(found, "left") + 0.02


@pytest.mark.parametrize("lift", [-15.0, 20.0])
def test_lifted_shoulders_move_scapulae_up(lift: float):
    # Behind the origin a PA beam enlarges little: the shift is that on the detector.
    moved, rest = (
        np.nonzero(labels(shoulder_lift_mm=mm)["left_scapula"])[0].mean() for mm in (lift, 0.0)
    )
    pixel_mm = generate_radiograph(SMALL).image.geometry.spacing_mm[0]
    assert (rest - moved) * pixel_mm == pytest.approx(lift, rel=0.3)


def test_a_bowed_spine_is_seen_bowed_where_the_bow_is():
    bowed, straight = labels(spine_curve_mm=20.0)["spine"], labels()["spine"]

    def middle(mask: np.ndarray, rows: slice) -> float:
        return float(np.nonzero(mask[rows])[1].mean())

    pixel_mm = generate_radiograph(SMALL).image.geometry.spacing_mm[0]
    for rows, least, most in ((slice(55, 65), 16, 24), (slice(118, 128), -1, 6)):
        shift_mm = (middle(bowed, rows) - middle(straight, rows)) * pixel_mm
        assert least < shift_mm < most


def test_without_posture_the_picture_is_what_it_was():
    plain = generate_radiograph(SMALL)
    named = replace(SMALL, shoulder_difference_deg=0.0, shoulder_lift_mm=0.0, spine_curve_mm=0.0)
    assert generate_radiograph(named).image.array.tobytes() == plain.image.array.tobytes()


def test_column_of_a_drawn_spine_has_no_processes_and_no_gaps():
    mask = np.zeros((100, 60), bool)
    mask[10:95, 24:37] = True
    for row in range(12, 90, 10):
        mask[row : row + 2, 14:47] = True  # transverse processes
        mask[row + 5, :] = False
        mask[row + 5, 28:33] = True  # a disc, behind it the arches
    column = spine_column(mask)
    assert np.flatnonzero(column.any(1)).tolist() == list(range(10, 95))
    assert np.abs(column[20:85].sum(1) - 13).max() <= 2
    assert not column[:, :22].any()
    assert not column[:, 39:].any()


def test_no_spine_is_no_column():
    assert not spine_column(np.zeros((8, 8), bool)).any()


def test_samples_hold_their_bones_and_repeat():
    spine, bones = next(spine_radiographs(1, 6)), next(scapula_radiographs(1, 6))
    assert (spine.image == bones.image).all()
    assert set(np.unique(spine.label)) == {0, 1}
    assert set(np.unique(bones.label)) == {0, 1, 2}
    columns = [np.nonzero(bones.label == value)[1].mean() for value in (1, 2)]
    middle = np.nonzero(spine.label)[1].mean()
    assert columns[0] < middle < columns[1]  # the patient's right is on the picture's left
    assert (next(spine_radiographs(1, 6)).label == spine.label).all()
    assert spine.patient != next(spine_radiographs(1, 7)).patient
