"""The command `medimage metric` end to end, its files read back by tools that are not ours."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image

from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph
from MedImageLib.results import read_result
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy
from MedImageMetricLib.radiograph.metrics_table import COLUMNS

ORGANS = ("right_lung", "left_lung", "heart")


def medimage(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "MedImageLib", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A DICOM radiograph, a turned PNG with a dot in its name, and a broken file, in one go."""
    folder = tmp_path_factory.mktemp("metric")
    made = generate_radiograph(RadiographSettings(seed=5, size_px=256))
    write_dicom(made.image, folder / "in" / "dx", DicomStudy.of_seed(5))
    picture = made.image.array[0].astype(float)
    picture = (255 * (picture - picture.min()) / np.ptp(picture)).astype(np.uint8)
    Image.fromarray(np.rot90(picture)).save(folder / "in" / "turned.v2.png")
    (folder / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    done = medimage("metric", folder / "in", "-o", folder / "out", "--no-scene")
    return folder, made, done


@pytest.fixture(scope="module")
def table(run):
    with open(run[0] / "out" / "metrics.csv", newline="") as stream:
        return {Path(row["file"]).name: row for row in csv.DictReader(stream)}


def test_one_bad_file_is_named_and_the_others_go_on(run):
    folder, _, done = run
    assert done.returncode == 1
    assert "broken.png" in done.stderr
    assert "Traceback" not in done.stderr
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {"001-0001", "turned.v2", "metrics.csv"}


def test_the_table_has_a_line_for_every_file(table):
    assert set(table) == {"001-0001.dcm", "turned.v2.png", "broken.png"}
    assert all(list(row) == list(COLUMNS) for row in table.values())
    assert table["broken.png"]["level"] == "not_gradable"
    for name in ("001-0001.dcm", "turned.v2.png"):
        assert table[name]["level"] == "first"
        assert table[name]["scapula_lung_ratio_state"] == "satisfied"
        assert 0.3 < float(table[name]["ctr"]) < 0.8
        assert table[name]["lung_margin_upper_state"] == "satisfied"
        assert table[name]["spine_offset_state"] == "satisfied"
        assert float(table[name]["spine_offset"]) < 0.045
    assert float(table["001-0001.dcm"]["ctr"]) == pytest.approx(
        float(table["turned.v2.png"]["ctr"]), abs=0.02
    )


def test_every_file_is_there_and_listed(run):
    result = read_result(run[0] / "out" / "001-0001")
    names = {file.name for file in result.files}
    masks = {name for name in names if name.startswith("masks/")}
    assert masks >= {f"masks/{name}.png" for name in (*ORGANS, "spine")}
    assert names - masks == {
        *("labels.png", "labels.seg.nrrd", "overlay.png", "report.html", "notification.txt"),
        *("labels.seg.dcm", "report.sr.dcm"),
    }
    assert result.task == "metric"
    assert result.flags[0].code == "level-first"
    turned = read_result(run[0] / "out" / "turned.v2")
    assert "picture-turned" in {remark.code for remark in turned.warnings}
    assert "labels.seg.dcm" not in {file.name for file in turned.files}


def test_labels_lie_on_the_pixels_of_the_input(run):
    folder, made, _ = run
    straight = np.asarray(Image.open(folder / "out" / "001-0001" / "labels.png"))
    turned = np.asarray(Image.open(folder / "out" / "turned.v2" / "labels.png"))
    assert straight.dtype == np.uint8
    for value, name in enumerate(ORGANS, start=1):
        truth = made.labels[name][0]
        for labels, mask in ((straight, truth), (turned, np.rot90(truth))):
            overlap = 2 * (mask & (labels == value)).sum() / (mask.sum() + (labels == value).sum())
            assert overlap > 0.75, name
        alone = np.asarray(Image.open(folder / "out" / "001-0001" / "masks" / f"{name}.png"))
        assert np.array_equal(alone > 0, straight == value)
    read = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "out/001-0001/labels.seg.nrrd")))
    assert np.array_equal(read[0], straight)


def test_measured_lines_are_those_of_the_input(run):
    """On the turned picture the heart is as wide along the columns as it was along the rows."""
    lines = {}
    for name in ("001-0001", "turned.v2"):
        value = read_result(run[0] / "out" / name).value("cardiothoracic_ratio")
        shape = next(one for one in value.geometry if one.label == "heart width")
        lines[name] = np.abs(np.subtract(*shape.points_ijk))
    assert lines["001-0001"][0] == pytest.approx(lines["turned.v2"][1], abs=5)
    assert lines["001-0001"][1] == lines["turned.v2"][0] == 0


def test_dicom_objects_refer_to_the_radiograph(run):
    folder, _, _ = run
    source = pydicom.dcmread(next((folder / "in" / "dx").iterdir()))
    place = folder / "out" / "001-0001"
    segmentation = highdicom.seg.segread(place / "labels.seg.dcm")
    pixels = segmentation.get_pixels_by_source_instance(
        [source.SOPInstanceUID], ignore_spatial_locations=True
    )
    for number in segmentation.segment_numbers:
        name = segmentation.get_segment_description(number).segment_label
        alone = np.asarray(Image.open(place / "masks" / f"{name.lower().replace(' ', '_')}.png"))
        assert np.array_equal(pixels[0, ..., number - 1] > 0, alone > 0)
    content = highdicom.sr.srread(place / "report.sr.dcm").content
    groups = {str(one.tracking_identifier): one for one in content.get_image_measurement_groups()}
    result = read_result(place)
    [ratio] = groups["Cardiothoracic ratio"].get_measurements()
    assert ratio.value == pytest.approx(result.value("cardiothoracic_ratio").value)
    [level] = groups["Quality level"].get_qualitative_evaluations()
    assert level.value.value == "111237"
    areas = {
        one.tracking_identifier: one.get_measurements()[0].value
        for one in content.get_planar_roi_measurement_groups()
    }
    assert areas["Heart"] == pytest.approx(result.value("heart_area").value)
    report = pydicom.dcmread(place / "report.sr.dcm")
    assert report.StudyInstanceUID == segmentation.StudyInstanceUID == source.StudyInstanceUID


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(run):
    for name in ("labels.seg.dcm", "report.sr.dcm"):
        path = run[0] / "out" / "001-0001" / name
        found = subprocess.run(
            ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False
        )
        assert not [t for t in (found.stdout + found.stderr).splitlines() if t.startswith("Error")]


def test_the_page_says_level_reason_and_findings(run):
    folder, _, _ = run
    page = (folder / "out" / "001-0001" / "report.html").read_text(encoding="utf-8")
    assert page.index("First level") < page.index("All conditions that were assessed")
    assert page.index("All conditions that were assessed") < page.index("data:image/png")
    assert "Cardiothoracic ratio 0." in page
    assert "Phantom" not in page
    aloud = (folder / "out" / "001-0001" / "notification.txt").read_text(encoding="utf-8")
    assert aloud.startswith("The radiograph is of the first level")


def test_a_further_run_adds_its_lines_and_keeps_the_others(run, table, tmp_path):
    folder, made, _ = run
    out = tmp_path / "out"
    shutil.copytree(folder / "out", out)
    cut = made.image.array[0][:, 60:-60].astype(float)
    cut = (255 * (cut - cut.min()) / np.ptp(cut)).astype(np.uint8)
    Image.fromarray(cut).save(tmp_path / "cut.png")
    words = ("-o", out, "--no-scene", "--no-report", "--rules", "source")
    done = medimage("metric", tmp_path / "cut.png", folder / "in" / "turned.v2.png", *words)
    assert done.returncode == 1, "the folder of the turned picture is not overwritten"
    with open(out / "metrics.csv", newline="") as stream:
        lines = {Path(row["file"]).name: row for row in csv.DictReader(stream)}
    assert lines["turned.v2.png"] == table["turned.v2.png"]
    assert lines["cut.png"]["level"] in ("second", "not_gradable")
    assert lines["cut.png"]["ctr"] == ""


def test_wrong_rules_are_wrong_usage(tmp_path):
    done = medimage("metric", tmp_path, "-o", tmp_path / "out", "--rules", tmp_path / "none.toml")
    assert done.returncode in (1, 2)
    assert "none.toml" in done.stderr
    assert not (tmp_path / "out").exists()
