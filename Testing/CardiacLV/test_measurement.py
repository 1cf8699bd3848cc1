"""The chain from labels to volumes, on a stack of rings whose truth is known by formula."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from CardiacLVLib.measures.bullseye import base_is_first
from CardiacLVLib.measures.indices import CAVITY, MYOCARDIUM
from CardiacLVLib.measures.insertion import given_insertion
from CardiacLVLib.measures.measurement import CinePlan, measured_cine, remeasured, with_insertion
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.phantom.cine import CineSettings, generate_cine

FRAMES, SLICES, SIZE = 10, 6, 72
SPACING = (1.2, 1.2, 8.0)
INSERTION = given_insertion(-120)


def radii(frame: int, number: int) -> tuple[float, float]:
    """Inner and outer radius in mm; largest at frame 0, smallest at frame 4; slice 0 basal."""
    beat = 0.5 + 0.5 * np.cos(np.pi * (frame / 4 if frame <= 4 else (10 - frame) / 6))
    inner = (22 - 2 * number) * (0.75 + 0.25 * beat)
    return inner, inner + 8 + 4 * (1 - beat)


def stack() -> np.ndarray:
    j, i = np.mgrid[:SIZE, :SIZE] * 1.2
    distance = np.hypot(i - 42.3, j - 43.1)
    labels = np.zeros((FRAMES, SLICES, SIZE, SIZE), np.uint8)
    for frame in range(FRAMES):
        for number in range(SLICES):
            inner, outer = radii(frame, number)
            labels[frame, number][distance < outer] = MYOCARDIUM
            labels[frame, number][distance < inner] = CAVITY
    return labels


def true_volume(frame: int) -> float:
    return sum(np.pi * radii(frame, n)[0] ** 2 for n in range(SLICES)) * 8 / 1000


@pytest.fixture(scope="module")
def measured():
    return measured_cine(stack(), CinePlan(SPACING, rate_bpm=60), INSERTION)


def test_volumes_mass_and_output(measured):
    found = measured.function
    edv, esv = true_volume(0), true_volume(4)
    assert (measured.phases.ed_frame, measured.phases.es_frame) == (0, 4)
    assert found.end_diastolic_volume_ml == pytest.approx(edv, rel=0.01)
    assert found.end_systolic_volume_ml == pytest.approx(esv, rel=0.01)
    assert found.stroke_volume_ml == pytest.approx(edv - esv, rel=0.02)
    assert found.ejection_fraction_percent == pytest.approx(100 * (1 - esv / edv), abs=0.7)
    assert found.cardiac_output_l_per_min == pytest.approx((edv - esv) * 0.06, rel=0.02)
    walls = sum(np.pi * (radii(0, n)[1] ** 2 - radii(0, n)[0] ** 2) for n in range(SLICES))
    assert found.myocardial_mass_g == pytest.approx(walls * 8 / 1000 * 1.05, rel=0.01)
    assert not found.reasons
    expected = 100 * (1 - 0.75**2)
    np.testing.assert_allclose(found.fractional_area_change_percent, expected, atol=1.5)
    assert any("Papillary" in rule for rule in found.rules)


def test_indices_of_every_picture(measured):
    assert measured.indices.shape == (FRAMES, SLICES, 11)
    inner, outer = radii(4, 2)
    np.testing.assert_allclose(measured.indices[4, 2, 2:5], 2 * inner, atol=0.5)
    np.testing.assert_allclose(measured.indices[4, 2, 5:], outer - inner, atol=0.35)
    assert {one.ed_frame for one in measured.slice_phases} == {0}


def test_bulls_eye(measured):
    eye = measured.bulls_eye
    assert eye.level_by_slice == ("basal", "basal", "middle", "middle", "apical", "apical")
    np.testing.assert_allclose(eye.thickness_ed_mm[:16], 8, atol=0.3)
    np.testing.assert_allclose(eye.thickness_es_mm[:16], 12, atol=0.3)
    np.testing.assert_allclose(eye.thickening_percent[:16], 50, atol=5)
    assert eye.thickness_ed_mm[16] is None


def test_thick_septum_lies_in_the_septal_segments():
    labels = stack()
    j, i = np.mgrid[:SIZE, :SIZE] * 1.2
    distance = np.hypot(i - 42.3, j - 43.1)
    angle = np.rad2deg(np.arctan2(j - 43.1, i - 42.3)) % 360
    # From the insertion at -120° = 240° down to 120°: anteroseptal and inferoseptal.
    septum = (angle > 120) & (angle < 240)
    labels[:, :, septum & (distance > 30) & (distance < 38)] = 0
    for frame in range(FRAMES):
        for number in range(SLICES):
            inner, outer = radii(frame, number)
            labels[frame, number][septum & (distance >= inner) & (distance < outer + 5)] = 2
    eye = measured_cine(labels, CinePlan(SPACING), INSERTION).bulls_eye
    thick = {n + 1 for n in range(16) if eye.thickness_ed_mm[n] > 10.5}
    assert thick == {2, 3, 8, 9, 14}
    turned = with_insertion(
        measured_cine(labels, CinePlan(SPACING), INSERTION), given_insertion(-60)
    )
    thick = {n + 1 for n in range(12) if turned.bulls_eye.thickness_ed_mm[n] > 10.5}
    assert thick == {3, 4, 9, 10}


def test_an_edit_changes_all_that_follows(measured):
    edited = measured.labels[4, 0].copy()
    edited[edited == MYOCARDIUM] = CAVITY
    found = remeasured(measured, 4, 0, edited)
    afresh = measured_cine(found.labels, measured.plan, INSERTION)
    np.testing.assert_array_equal(found.indices, afresh.indices)
    assert found.function.end_systolic_volume_ml == afresh.function.end_systolic_volume_ml
    grown = np.pi * (radii(4, 0)[1] ** 2 - radii(4, 0)[0] ** 2)
    assert found.indices[4, 0, 0] - measured.indices[4, 0, 0] == pytest.approx(grown, rel=0.02)
    assert found.indices[4, 0, 1:2] != measured.indices[4, 0, 1:2]
    assert found.phases.residual > measured.phases.residual
    np.testing.assert_array_equal(measured.labels, stack())
    assert np.isnan(remeasured(measured, 2, 5, np.zeros_like(edited)).indices[2, 5]).all()


def test_what_cannot_be_told_has_a_reason():
    labels = stack()
    without = measured_cine(labels, CinePlan(SPACING, spacing_known=False), INSERTION).function
    assert without.ejection_fraction_percent is None
    assert "millimeters" in without.reasons["ejection_fraction_percent"]
    assert without.fractional_area_change_percent[0] == pytest.approx(44, abs=2)
    single = measured_cine(labels[:, 2:3], CinePlan(SPACING), INSERTION).function
    assert "one slice" in single.reasons["end_diastolic_volume_ml"]
    bare = np.where(labels == MYOCARDIUM, 0, labels)
    cavity_only = measured_cine(bare, CinePlan(SPACING), INSERTION)
    assert cavity_only.function.myocardial_mass_g is None
    assert "No myocardium" in cavity_only.function.reasons["myocardial_mass_g"]
    assert "heart rate" in cavity_only.function.reasons["cardiac_output_l_per_min"]
    still = np.repeat(labels[:1], FRAMES, axis=0)
    flat = measured_cine(still, CinePlan(SPACING), INSERTION)
    assert flat.bulls_eye is None
    assert "cannot be told" in flat.function.reasons["stroke_volume_ml"]
    empty = measured_cine(np.zeros_like(labels), CinePlan(SPACING), INSERTION)
    assert empty.slice_phases == (None,) * SLICES
    assert empty.function.end_diastolic_volume_ml is None
    with pytest.raises(InputError, match="at least 2"):
        measured_cine(labels[:1], CinePlan(SPACING), INSERTION)
    with pytest.raises(GeometryError, match="insertion"):
        measured_cine(labels, CinePlan(SPACING))


def test_unseen_pictures_are_gaps_and_no_empty_slices():
    labels = stack()
    unseen = np.zeros((FRAMES, SLICES), bool)
    unseen[7, 1] = True
    labels[7, 1] = 0
    found = measured_cine(labels, CinePlan(SPACING, unseen=unseen), INSERTION)
    assert found.phases.missing == (7,)
    assert np.isnan(found.function.volume_ml[7])
    assert found.phases.polynomial[7] * 8 / 1000 == pytest.approx(true_volume(7), rel=0.05)


def test_wall_below_the_apex_counts_as_mass():
    labels = stack()
    labels[:, 5][labels[:, 5] == CAVITY] = MYOCARDIUM
    found = measured_cine(labels, CinePlan(SPACING), INSERTION)
    assert np.isnan(found.indices[0, 5]).all()
    assert found.myocardium_area_mm2[0, 5] == pytest.approx(np.pi * radii(0, 5)[1] ** 2, rel=0.02)
    assert found.slice_phases[5] is None


def test_the_base_is_told_by_axes_or_size():
    areas = np.array([0.0, 300, 900, 1500, 1700, 0])
    assert not base_is_first(areas)
    assert base_is_first(areas[::-1])
    upwards = np.array([[0.6, 0.3, -0.7], [0.8, -0.2, 0.55], [0.0, -0.9, 0.45]])
    assert not base_is_first(areas[::-1], upwards)
    assert base_is_first(areas, upwards * np.array([1, 1, -1]))


def test_exact_labels_of_a_generated_cine():
    made = generate_cine(CineSettings(seed=6, slices=5, frames=6, rows=128, spacing_mm=1.6))
    geometry = made.sequence.frames[0].geometry
    plan = CinePlan(geometry.spacing_mm, direction=np.array(geometry.direction))
    labels = np.stack([volume.array for volume in made.labels])
    labels = np.where(labels > 2, 0, labels)
    found = measured_cine(labels, plan, images=made.sequence.array.astype(np.float32))
    np.testing.assert_allclose(found.function.volume_ml, made.volumes_ml, rtol=0.02)
    assert (found.phases.ed_frame, found.phases.es_frame) == (made.ed_frame, made.es_frame)
    mass = made.myocardium_ml[made.ed_frame] * 1.05
    assert found.function.myocardial_mass_g == pytest.approx(mass, rel=0.02)
    levels = [level for level in found.bulls_eye.level_by_slice if level]
    assert levels == sorted(levels, key=("apical", "middle", "basal").index)
    assert dataclasses.asdict(found.insertion)["method"] == "image"
