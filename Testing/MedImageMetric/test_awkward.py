"""Every picture of the awkward set is refused, not graded, flagged or processed as its row says."""

from __future__ import annotations

import csv

import pytest

from MedImageLib.errors import InputError
from MedImageLib.reading import read_image
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis, analyze_radiograph

REFUSED = {
    "aw_colour_photo": "color",
    "aw_tiny": "48 × 40",
    "aw_constant": "constant",
    "aw_noise": "noise",
}
NOT_A_FRONTAL_CHEST = (
    "aw_cr_leg_mono1_j2k",
    "aw_leg",
    "ocx_00005",
    "aw_lateral_cov_pn_7_L",
    "aw_lateral_cov_pn_14_L",
    "aw_lateral_cov_pn_15_L",
    "aw_half",
)
TOLD = {
    "aw_cr_chest_mono1_j2k": "monochrome1",
    "aw_inverted": "picture-inverted",
    "aw_mirrored": "may-be-mirrored",
    "aw_rot90": "picture-turned",
    "aw_upside_down": "picture-turned",
}
FAILED = {
    "aw_tilt12": "tilt_deg",
    "aw_upper": "lung_margin_lower",
    "aw_overexposed": "clipped_share",
    "ocx_00001": "foreign_object_confidence",
}
PROCESSED = (
    *("ocx_00003", "nih_00000001_000", "nih_00027426_000", "full_mhh_5f619d7e", "full_wsp_0061"),
    *("aw_lowcontrast", "aw_letterbox", "aw_16bit", "aw_rgba"),
)


@pytest.fixture(scope="module")
def analyzed(data_dir):
    folder = data_dir / "cxr_awkward"
    with (folder / "index.csv").open(newline="") as stream:
        files = {row["id"]: folder / row["file"] for row in csv.DictReader(stream)}
    done: dict[str, RadiographAnalysis] = {}

    def analysis_of(name: str) -> RadiographAnalysis:
        if name not in done:
            done[name] = analyze_radiograph(read_image(files[name]))
        return done[name]

    analysis_of.names = set(files)  # type: ignore[attr-defined]
    return analysis_of


def test_no_row_is_left_out(analyzed):
    mine = [*REFUSED, *NOT_A_FRONTAL_CHEST, *TOLD, *FAILED, *PROCESSED]
    assert sorted(mine) == sorted(analyzed.names)


@pytest.mark.parametrize("name", REFUSED)
def test_no_radiographs_are_refused_with_the_reason(analyzed, name):
    with pytest.raises(InputError, match=REFUSED[name]):
        analyzed(name)


@pytest.mark.parametrize("name", NOT_A_FRONTAL_CHEST)
def test_other_views_and_parts_are_not_graded(analyzed, name):
    found = analyzed(name)
    assert found.assessment.level == "not_gradable"
    assert "not-a-frontal-chest" in {one.code for one in found.remarks}
    assert all(one.value is None for one in found.assessment.findings)


@pytest.mark.parametrize("name", TOLD)
def test_what_was_undone_or_doubted_is_told(analyzed, name):
    found = analyzed(name)
    assert found.is_chest
    assert TOLD[name] in {one.code for one in found.remarks}


@pytest.mark.parametrize("name", FAILED)
def test_defects_fail_their_condition(analyzed, name):
    assert analyzed(name).assessment.condition(FAILED[name]).state == "not_satisfied"


@pytest.mark.parametrize("name", PROCESSED)
def test_ordinary_pictures_are_graded(analyzed, name):
    found = analyzed(name)
    assert found.is_chest
    assert found.assessment.level != "not_gradable"


def test_without_a_spacing_nothing_is_given_in_mm(analyzed):
    found = analyzed("aw_cr_chest_mono1_j2k")
    assert found.detections.spacing_mm is None
    assert "spacing-unknown" in {one.code for one in found.remarks}
