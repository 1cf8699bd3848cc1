"""Generated cines: volumes, contours and angles that can be measured again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.phantom.cine import CineSettings, generate_cine
from MedImageLib.phantom.ventricle import CAVITY, MYOCARDIUM, RIGHT_CAVITY

SMALL = CineSettings(seed=1, frames=8, rows=128)
FINE = CineSettings(
    seed=3,
    slices=24,
    slice_step_mm=5,
    frames=6,
    rows=128,
    spacing_mm=2.0,
    edv_ml=140,
    ejection_fraction=0.6,
    wall_mm=9,
)


@pytest.fixture(scope="module")
def small():
    return generate_cine(SMALL)


@pytest.fixture(scope="module")
def fine():
    return generate_cine(FINE)


def test_same_seed_same_bytes_other_seed_other_heart(small) -> None:
    again = generate_cine(SMALL)
    assert again.sequence.array.tobytes() == small.sequence.array.tobytes()
    assert generate_cine(small.settings).sequence.array.tobytes() == again.sequence.array.tobytes()
    other = generate_cine(replace(SMALL, seed=2, rows=64, frames=2))
    assert other.volumes_ml[0] != small.volumes_ml[0]


def test_default_is_ten_slices_of_twenty_frames() -> None:
    assert (CineSettings().slices, CineSettings().frames) == (10, 20)


def test_frames_share_a_right_handed_grid_and_rise_in_time(small) -> None:
    sequence = small.sequence
    assert sequence.array.shape == (8, 10, 128, 128)
    assert sequence.array.dtype == np.uint16
    assert np.all(np.diff(sequence.index_values) > 0)
    beat_ms = 60_000 / small.settings.rate_bpm
    assert sequence.index_values[-1] == pytest.approx(beat_ms * 7 / 8)
    geometry = sequence.frames[0].geometry
    assert np.linalg.det(geometry.direction) == pytest.approx(1)
    # Oblique, rows of the picture running down, slices from the apex (left) to the base.
    axes = np.array(geometry.direction)
    assert axes[2, 1] < -0.5
    assert axes[0, 2] < -0.3
    assert np.abs(axes).max() < 0.999
    assert all(label.geometry.same_grid(geometry) for label in small.labels)


def test_volumes_are_those_of_the_labels(small) -> None:
    voxel_ml = small.labels[0].geometry.voxel_volume_mm3 / 1000
    counted = [np.count_nonzero(v.array == CAVITY) * voxel_ml for v in small.labels]
    assert small.volumes_ml == pytest.approx(counted)
    assert small.ed_frame == int(np.argmax(counted))
    assert small.es_frame == int(np.argmin(counted))
    assert small.ed_frame == 0


@pytest.mark.parametrize(("edv", "fraction"), [(110, 0.65), (140, 0.6), (240, 0.3)])
def test_volume_and_ejection_fraction_are_the_wanted_ones(edv: float, fraction: float) -> None:
    cine = generate_cine(replace(FINE, edv_ml=edv, ejection_fraction=fraction, frames=3))
    assert cine.volumes_ml.max() == pytest.approx(edv, rel=0.05)
    # Three frames need not hit the end of systole; the curve is scaled so that they do.
    found = 1 - cine.volumes_ml.min() / cine.volumes_ml.max()
    assert found == pytest.approx(fraction, abs=0.04)


def test_myocardium_is_conserved(fine) -> None:
    assert np.ptp(fine.myocardium_ml) / fine.myocardium_ml.mean() < 0.07
    assert fine.myocardium_ml.mean() > 70


def test_wall_thickens_and_surrounds_the_cavity(fine) -> None:
    from scipy.ndimage import binary_dilation

    for frame in (fine.ed_frame, fine.es_frame):
        label = fine.labels[frame].array
        rim = binary_dilation(label == CAVITY, np.ones((1, 3, 3))) & (label != CAVITY)
        assert set(np.unique(label[rim])) == {MYOCARDIUM}
    middle = 12
    areas = [(fine.labels[f].array[middle] == CAVITY).sum() for f in (fine.ed_frame, fine.es_frame)]
    walls = [
        (fine.labels[f].array[middle] == MYOCARDIUM).sum() for f in (fine.ed_frame, fine.es_frame)
    ]
    assert areas[1] < 0.6 * areas[0]
    assert walls[1] > walls[0]


def test_stack_tapers_and_ends_beyond_base_and_apex(small) -> None:
    label = small.labels[small.ed_frame].array
    areas = (label == CAVITY).sum(axis=(1, 2))
    assert areas[0] == 0  # beyond the apex
    assert areas[-1] == 0  # above the base
    inside = np.flatnonzero(areas)
    assert np.all(np.diff(areas[inside]) >= 0)  # from the apex to the base


def test_insertions_are_where_the_right_ventricle_ends(fine) -> None:
    label = fine.labels[fine.ed_frame].array
    basal = int(np.flatnonzero((label == CAVITY).any(axis=(1, 2)))[-4])
    rows, columns = np.nonzero(label[basal] == RIGHT_CAVITY)
    column, row = fine.center_px[basal, fine.ed_frame]
    middle = np.deg2rad(
        (fine.anterior_insertion_deg[basal] % 360 + fine.inferior_insertion_deg[basal] % 360) / 2
    )
    turn = np.arctan2(rows - row, columns - column) - middle
    turn = np.rad2deg((turn + np.pi) % (2 * np.pi) - np.pi)
    half = (fine.anterior_insertion_deg[basal] - fine.inferior_insertion_deg[basal]) % 360 / 2
    assert turn.max() == pytest.approx(half, abs=4)
    assert turn.min() == pytest.approx(-half, abs=4)
    # Anterior is up in the picture.
    assert np.sin(np.deg2rad(fine.anterior_insertion_deg[basal])) < 0


def test_center_is_that_of_the_cavity(fine) -> None:
    label = fine.labels[fine.ed_frame].array
    shown = [k for k in range(24) if (label[k] == CAVITY).sum() > 100]
    assert len(shown) > 8
    for k in shown:
        row, column = np.argwhere(label[k] == CAVITY).mean(axis=0)
        assert fine.center_px[k, fine.ed_frame] == pytest.approx((column, row), abs=1.0)
    empty = [k for k in range(24) if not label[k].any()]
    assert np.isnan(fine.center_px[empty, fine.ed_frame]).all()


def test_septum_is_thicker_than_the_free_wall(fine) -> None:
    thick = generate_cine(replace(FINE, septal_excess=0.5, frames=2))
    label = thick.labels[0].array[12]
    column, row = thick.center_px[12, 0]
    middle = np.deg2rad(
        (thick.anterior_insertion_deg[12] % 360 + thick.inferior_insertion_deg[12] % 360) / 2
    )
    steps = np.arange(0, 60, 0.1)

    def wall(direction: float) -> float:
        at = np.round(row + steps * np.sin(direction)).astype(int)
        beside = np.round(column + steps * np.cos(direction)).astype(int)
        return float((label[at, beside] == MYOCARDIUM).sum() * 0.1)

    assert wall(middle) > 1.25 * wall(middle + np.pi)


def test_papillary_muscles_belong_to_the_cavity() -> None:
    with_muscles = generate_cine(replace(SMALL, frames=2, noise=0.0))
    without = generate_cine(replace(SMALL, frames=2, noise=0.0, papillary=False))
    assert (with_muscles.labels[0].array == without.labels[0].array).all()
    darker = without.sequence.array[0].astype(float) - with_muscles.sequence.array[0]
    where = darker > 150
    assert where.any()
    assert (with_muscles.labels[0].array[where] == CAVITY).all()


def test_blood_is_brighter_than_muscle_and_lung(small) -> None:
    picture, label = small.sequence.array[0], small.labels[0].array
    blood, muscle = (np.median(picture[label == value]) for value in (CAVITY, MYOCARDIUM))
    assert 1.7 < blood / muscle < 5
    assert np.percentile(picture, 10) < 0.3 * blood
