"""Findings in structure sets that were broken on purpose."""

from __future__ import annotations

import zipfile

import pytest

from MedImageLib.errors import InputError
from MedImageLib.reading import read_series_folder
from MedImageLib.reading.rtstruct_check import check_rtstruct, safe_name

ABSENT = "missing-references"


@pytest.mark.parametrize(
    ("name", "codes", "regions"),
    [
        ("rtutils_mock_data_invalid_reference_rt", {ABSENT}, [(3, 3)] * 4),
        ("rtutils_mock_data_non_existent_reference_rt", {ABSENT}, [(3, 3)] * 4),
        ("rtutils_mock_data_rt", {ABSENT}, [(2, 2)]),
        ("roi_without_contours", {ABSENT, "region-without-contours"}, [(0, 0)]),
        ("contour_data_not_multiple_of_3", {ABSENT, "contour-broken"}, [(15, 14)]),
        ("two_point_contour", {ABSENT, "contour-too-short"}, [(15, 14)]),
        ("inner_contours_hole", {ABSENT}, [(19, 19)]),
        ("roi_name_hostile", {ABSENT, "name-made-safe"}, [(15, 15)]),
        ("roi_number_dangling", {ABSENT, "dangling-region", "region-without-contours"}, [(0, 0)]),
    ],
)
def test_findings_without_images(odd_files, name, codes, regions):
    report = check_rtstruct(odd_files / "rtstruct" / f"{name}.dcm")
    assert {r.code for r in report.remarks} == codes
    assert [(r.contours, r.usable_contours) for r in report.regions][: len(regions)] == regions


def test_minimal_structure_set(odd_files):
    report = check_rtstruct(odd_files / "other_objects/rtstruct.dcm")
    assert report.remarks


@pytest.fixture(scope="module")
def ct(data_dir, tmp_path_factory):
    archive = data_dir / "rt_sts_petctmr" / "STS_025.zip"
    if not archive.is_file():
        pytest.skip("no radiotherapy study among the test images")
    folder = tmp_path_factory.mktemp("sts")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    volumes = read_series_folder(folder).volumes
    found = [v for v in volumes if v.modality == "CT"]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("contour_between_slices", "contour-between-slices"),
        ("other_frame_of_reference", "other-frame-of-reference"),
        ("inner_contours_hole", None),
    ],
)
def test_findings_against_the_images(odd_files, ct, name, code):
    report = check_rtstruct(odd_files / "rtstruct" / f"{name}.dcm", [ct])
    codes = {r.code for r in report.remarks} - {ABSENT}
    assert codes == ({code} if code else set())


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("GTV", "GTV"),
        ("Lunge links (Größe 5)", "Lunge links (Größe 5)"),
        ("a/b\\c:d*e?f", "a_b_c_d_e_f"),
        ("../../etc/passwd", "etc_passwd"),
        ("con", "ROI_3"),
        ("COM1", "ROI_3"),
        ("...", "ROI_3"),
        ("x\n\ty\0", "x y"),
        ("a" * 300, "a" * 64),
        ("<script>", "script"),
    ],
)
def test_safe_names(name, safe):
    assert safe_name(name, 3) == safe


def test_other_files_are_refused(odd_files):
    with pytest.raises(InputError, match="not an RTSTRUCT"):
        check_rtstruct(odd_files / "other_objects/rtplan.dcm")
