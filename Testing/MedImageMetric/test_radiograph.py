"""Analysis of radiographs: what is refused, flagged and found, on generated and real ones."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from MedImageMetricLib.radiograph import pictures
from MedImageMetricLib.radiograph.analysis import analyze_radiograph, circumstances_of
from MedImageMetricLib.radiograph.assessment import assess
from MedImageMetricLib.radiograph.detections import Circumstances, NotAssessable, Region
from MedImageMetricLib.radiograph.detectors import MODEL_NAMES, installed_models
from MedImageMetricLib.radiograph.segmentation import (
    MODEL,
    chest_doubts,
    content_box,
    largest_parts,
    radiograph_plane,
)
from MedImageMetricLib.radiograph.settings import MetricSettings


def plane(array, **changes) -> Volume:
    return Volume(np.asarray(array)[None], Geometry((1, *np.shape(array))), **changes)


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (Volume(np.zeros((3, 99, 99)), Geometry((3, 99, 99))), "3 slices"),
        (plane(np.zeros((99, 99)), modality="MR"), "MR"),
        (plane(np.zeros((99, 99)), tags={"color": True}), "color"),
        (plane(np.zeros((40, 99))), "99 × 40"),
        (plane(np.random.default_rng(0).normal(size=(200, 200))), "noise"),
    ],
)
def test_what_is_no_radiograph_is_refused(volume, words):
    with pytest.raises(InputError, match=words):
        radiograph_plane(volume)


def test_even_margins_are_left_out():
    picture = np.zeros((300, 300), np.float32)
    picture[50:250, 100:220] = np.random.default_rng(0).uniform(0, 1, (200, 120))
    assert content_box(picture) == (slice(50, 250), slice(100, 220))
    assert content_box(np.zeros((80, 90))) == (slice(0, 80), slice(0, 90))


def test_only_the_largest_part_of_each_organ_stays_and_holes_close():
    labels = np.zeros((60, 60), np.uint8)
    labels[10:30, 10:30] = 1
    labels[15:18, 15:18] = 0
    labels[50:53, 50:53] = 1
    cleaned = largest_parts(labels)
    assert cleaned[16, 16] == 1
    assert not cleaned[50:53, 50:53].any()


def test_a_tongue_does_not_widen_the_heart_and_a_thin_heart_stays():
    rows, columns = np.mgrid[:200, :200]
    heart = (rows - 100) ** 2 + (columns - 100) ** 2 <= 40**2
    tongue = (np.abs(rows - 120) <= 2) & (columns > 100) & (columns < 170)
    clean = largest_parts(np.where(heart | tongue, 3, 0).astype(np.uint8)) == 3
    assert np.flatnonzero(clean.any(0))[-1] <= 142
    assert dice(clean, heart) > 0.995
    thin = np.where(tongue, 3, 0).astype(np.uint8)
    assert np.array_equal(largest_parts(thin), thin)


def test_implausible_chests_are_doubted():
    labels = np.zeros((100, 100), np.uint8)
    labels[20:80, 10:40], labels[20:80, 60:90], labels[55:75, 40:60] = 1, 2, 3
    assert chest_doubts(labels) == []
    assert "right lung" in chest_doubts(np.where(labels == 1, 0, labels))[0]
    assert "between" in chest_doubts(labels[:, ::-1])[0]
    assert "above" in chest_doubts(np.where(labels == 3, 0, labels) + upper_heart(labels))[0]


def upper_heart(labels) -> np.ndarray:
    heart = np.zeros_like(labels)
    heart[5:20, 40:60] = 3
    return heart


@pytest.fixture(scope="module")
def generated():
    return generate_radiograph(RadiographSettings(seed=3, size_px=384))


@pytest.fixture(scope="module")
def analysis(generated):
    """By the model of lungs and heart alone."""
    return analyze_radiograph(generated.image, models={MODEL: installed_models()[MODEL]})


def test_the_installed_spine_lies_on_the_generated_one(generated):
    models = {name: installed_models()[name] for name in (MODEL, "radiograph_spine")}
    found = analyze_radiograph(generated.image, models=models)
    offset = found.assessment.condition("spine_offset")
    truth = generated.labels["spine"][0]
    rows = np.flatnonzero(found.detections.spine.mask.any(1))
    middles = [np.flatnonzero(truth[row]).mean() for row in rows]
    width = truth.shape[1]
    assert offset.signed == pytest.approx((np.mean(middles) - (width - 1) / 2) / width, abs=0.015)
    assert offset.state == "satisfied"
    inside = found.detections.spine.mask & truth
    assert inside.sum() > 0.8 * found.detections.spine.area_px


def test_generated_radiograph_overlaps_its_truth(generated, analysis):
    assert analysis.is_chest
    assert analysis.orientation.quarter_turns == 0
    for name in ("right_lung", "left_lung", "heart"):
        region = getattr(analysis.detections, name)
        assert dice(generated.labels[name][0], region.mask) > 0.8, name
        assert 0.5 < region.confidence <= 1
    ratio = analysis.assessment.finding("cardiothoracic_ratio").value
    assert abs(ratio - generated.ctr) < 0.1


def test_absent_detectors_make_their_conditions_not_assessable(analysis):
    for name in ("spine", "right_scapula", "pneumothorax", "foreign_objects"):
        assert getattr(analysis.detections, name) == NotAssessable(
            "no detector for it is installed"
        )
    condition = analysis.assessment.condition("spine_offset")
    assert condition.state == "not_assessable"
    assert "no detector" in condition.reason
    assert analysis.assessment.level == "intermediate"


def test_blades_over_the_lungs_are_outlined_where_they_fail(analysis):
    lung = analysis.detections.right_lung.mask
    part = lung & (np.arange(lung.shape[0])[:, None] < np.nonzero(lung)[0].mean())
    blades = {
        "right_scapula": Region(part, 0.9, over_lungs=True),
        "left_scapula": Region(np.zeros_like(lung), 0.9, over_lungs=True),
    }
    found = replace(analysis.detections, **blades)
    covered = replace(analysis, detections=found, assessment=assess(found, analysis.rules))
    [outline] = pictures._failed_areas(covered, covered.reduction.factor)
    assert outline.name == "right scapula over the lung"
    rows, columns = np.nonzero(part)
    middle = outline.points_ij.mean(0) * covered.reduction.factor
    assert columns.min() < middle[0] < columns.max()
    assert rows.min() < middle[1] < rows.max()
    assert pictures._failed_areas(analysis, analysis.reduction.factor) == []


def test_without_any_model_nothing_is_gradable_and_nothing_fails(generated):
    none = dict.fromkeys(MODEL_NAMES, NotAssessable("no detector for it is installed"))
    found = analyze_radiograph(generated.image, models=none)
    assert found.assessment.level == "not_gradable"
    assert found.models == ()


@pytest.mark.parametrize(("turns", "inverted"), [(1, False), (2, True), (3, False)])
def test_turned_and_inverted_copies_give_the_same(generated, analysis, turns, inverted):
    plane = np.rot90(generated.image.array[0], turns)
    plane = plane.max() - plane if inverted else plane
    found = analyze_radiograph(
        Volume(np.ascontiguousarray(plane)[None], Geometry((1, *plane.shape)))
    )
    assert (found.orientation.quarter_turns, found.orientation.inverted) == (turns, inverted)
    codes = {remark.code for remark in found.remarks}
    assert "picture-turned" in codes
    assert ("picture-inverted" in codes) == inverted
    # labels go back to the pixels of the input
    for name in ("right_lung", "left_lung", "heart"):
        mask = found.as_found(getattr(found.detections, name).mask)
        truth = np.rot90(getattr(analysis.detections, name).mask, turns)
        assert dice(truth, mask) > 0.97, name
    for name in ("lung_margin_upper", "lung_margin_left"):
        assert found.assessment.condition(name).value == pytest.approx(
            analysis.assessment.condition(name).value, abs=0.02
        )


def test_a_mirrored_picture_keeps_its_sides_and_is_doubted(generated):
    # Only a heart that is plainly on one side can tell.
    plane = np.ascontiguousarray(generated.image.array[0][:, ::-1])
    found = analyze_radiograph(Volume(plane[None], Geometry((1, *plane.shape))))
    assert not found.orientation.mirrored
    right, left = found.detections.right_lung, found.detections.left_lung
    assert right.position_ij[0] < left.position_ij[0]


def test_large_pictures_are_brought_back_to_their_pixels(generated, analysis):
    plane = generated.image.array[0].repeat(5, 0).repeat(5, 1)[: 5 * 384 - 3]
    found = analyze_radiograph(Volume(plane[None], Geometry((1, *plane.shape))))
    assert found.reduction.factor == 3
    for name in ("right_lung", "left_lung", "heart"):
        region = getattr(found.detections, name)
        assert region.mask.shape == plane.shape
        truth = getattr(analysis.detections, name).mask.repeat(5, 0).repeat(5, 1)
        assert dice(truth[: len(plane)], region.mask) > 0.98, name


def test_a_lateral_view_by_its_header_is_not_graded(generated):
    lateral = generated.image.with_array(generated.image.array, tags={"view_position": "LL"})
    found = analyze_radiograph(lateral)
    assert not found.is_chest
    assert found.assessment.level == "not_gradable"
    assert any("lateral view" in remark.text for remark in found.remarks)


def test_circumstances_come_from_the_header():
    tags = {"patient_age_years": 9, "patient_sex": "F", "view_position": "AP"}
    known = circumstances_of({**tags, "patient_position": "HFS"})
    assert known == Circumstances(9.0, "F", "AP", "supine")
    assert circumstances_of({"view_position": "LL", "patient_position": "HFP"}) == Circumstances()


NOT_CHESTS = ("aw_leg", "aw_half")
ALIKE = ("aw_inverted", "aw_lowcontrast", "aw_overexposed", "aw_letterbox", "aw_16bit", "aw_rgba")


@pytest.fixture(scope="module")
def awkward(data_dir):
    folder = data_dir / "cxr_awkward"
    with (folder / "index.csv").open(newline="") as stream:
        return {row["id"]: folder / row["file"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize("name", NOT_CHESTS)
def test_other_pictures_give_no_ratio(awkward, name):
    found = analyze_radiograph(read_image(awkward[name]))
    assert not found.is_chest
    assert found.assessment.level == "not_gradable"
    assert found.assessment.finding("cardiothoracic_ratio").value is None
    assert not any(isinstance(one, Region) for one in vars(found.detections).values())
    assert any(remark.code == "not-a-frontal-chest" for remark in found.remarks)


@pytest.mark.parametrize("name", ["aw_colour_photo", "aw_tiny", "aw_constant", "aw_noise"])
def test_useless_pictures_are_refused(awkward, name):
    with pytest.raises(InputError):
        analyze_radiograph(read_image(awkward[name]))


def ratio_of(path) -> float:
    found = analyze_radiograph(read_image(path), MetricSettings(research=True))
    return found.assessment.finding("cardiothoracic_ratio").value


@pytest.mark.parametrize("name", ALIKE)
def test_altered_copies_of_one_radiograph_give_one_ratio(awkward, name):
    original = ratio_of(awkward["full_mhh_5f619d7e"])
    assert ratio_of(awkward[name]) == pytest.approx(original, abs=0.03)
