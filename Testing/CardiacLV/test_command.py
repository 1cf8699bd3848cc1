"""`medimage lv` from end to end: its files read by other tools, edited labels, refusals."""

from __future__ import annotations

import csv
import json
import re
import tarfile
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.__main__ import main
from MedImageLib.phantom.cine import CineSettings, generate_cine
from MedImageLib.reading import read_any
from MedImageLib.results import (
    input_identity,
    read_result,
)
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

COLUMNS = ["frame", "slice", *INDEX_NAMES, "phase", "flags"]


@pytest.fixture(scope="module")
def made():
    return generate_cine(CineSettings(seed=2, slices=3, frames=3, rows=128))


@pytest.fixture(scope="module")
def series(made, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    write_dicom(made.sequence, folder, DicomStudy.of_seed(2))
    return folder


@pytest.fixture(scope="module")
def done(series, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("lv") / "out"
    assert main(["lv", str(series), "-o", str(out)]) == 0
    return out


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_all_files_are_there_and_named_in_the_result(done):
    result = read_result(done)
    files = {path.name for path in done.iterdir()}
    assert files >= {"result.json", "indices.csv", "labels.nii.gz", "report.html", "scene.mrb"}
    assert {one.name for one in result.files} == files - {"result.json"}
    assert (result.module, result.task) == ("CardiacLV", "lv")
    assert result.value("ed_phase_index").value == 0
    plain = json.loads((done / "result.json").read_text("utf-8"))
    assert plain["settings"]["consistent"] is True
    assert any("TriggerTime" in remark["text"] for remark in plain["warnings"])


def test_label_map_lies_on_the_slices_of_the_series(done, made):
    labels = nibabel.load(done / "labels.nii.gz")
    grid = made.sequence.frames[0].geometry
    assert labels.shape == (128, 128, 3, 3)
    assert np.allclose(labels.affine, grid.ras_from_index, atol=1e-3)
    times = made.sequence.index_values
    assert labels.header.get_zooms()[3] == pytest.approx(times[1] - times[0], rel=0.01)
    other = sitk.ReadImage(str(done / "labels.nii.gz"))
    assert np.allclose(other.GetOrigin()[:3], grid.origin_mm, atol=1e-3)
    values = np.asarray(labels.dataobj)
    assert set(np.unique(values)) == {0, 1, 2}


def test_table_agrees_with_the_label_map(done):
    rows = rows_of(done / "indices.csv")
    assert list(rows[0]) == COLUMNS
    assert [(int(row["frame"]), int(row["slice"])) for row in rows] == list(np.ndindex(3, 3))
    labels = nibabel.load(done / "labels.nii.gz")
    values = np.asarray(labels.dataobj)
    pixel = float(np.prod(labels.header.get_zooms()[:2]))
    for row in rows:
        counted = (values[:, :, int(row["slice"]), int(row["frame"])] == 1).sum() * pixel
        assert float(row["cavity_area_mm2"]) == pytest.approx(counted, rel=0.05, abs=5 * pixel)
        assert (row["dim2_mm"] == "") == (counted == 0)


def test_report_is_one_file_with_pictures_and_rules(done):
    page = (done / "report.html").read_text("utf-8")
    assert page.count("data:image/png") >= 4
    assert "Papillary muscles" in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)


def test_scene_holds_sequences_tables_and_lines(done):
    with zipfile.ZipFile(done / "scene.mrb") as bundle:
        names = bundle.namelist()
        scene = bundle.read(next(name for name in names if name.endswith(".mrml"))).decode()
    assert scene.count("<SequenceBrowser\n") + scene.count("<SequenceBrowser ") == 1
    for word in ("MarkupsLine", "Segmentation", "Table", "PlotChart"):
        assert f"<{word}" in scene


def test_edited_labels_are_followed(done, series, tmp_path):
    image = nibabel.load(done / "labels.nii.gz")
    values = np.asarray(image.dataobj).copy()
    values[:, :, :, 0] = np.where(values[:, :, :, 0] == 1, 2, values[:, :, :, 0])
    nibabel.save(nibabel.Nifti1Image(values, image.affine, image.header), tmp_path / "e.nii.gz")
    words = ["lv", str(series), "-o", str(tmp_path / "out"), "--no-scene"]
    assert main([*words, "--labels", str(tmp_path / "e.nii.gz")]) == 0
    result, before = read_result(tmp_path / "out"), read_result(done)
    assert result.value("end_systolic_volume").value == pytest.approx(0, abs=1e-6)
    assert result.value("es_phase_index").value == 0
    assert before.value("es_phase_index").value != 0
    assert np.array_equal(np.asarray(nibabel.load(tmp_path / "out/labels.nii.gz").dataobj), values)
    old, new = rows_of(done / "indices.csv"), rows_of(tmp_path / "out" / "indices.csv")
    areas = [[row["cavity_area_mm2"] for row in rows] for rows in (old, new)]
    assert areas[1] == ["0.0"] * 3 + areas[0][3:]
    assert {model.name for model in result.models} <= {"cine_indices"}
    assert not (tmp_path / "out" / "scene.mrb").exists()


def number_of(name: str) -> int:
    stem = Path(name).stem
    return int(stem) if stem.isdecimal() else 0


def nifti(folder: Path, array: np.ndarray, spacing: float = 1.5) -> Path:
    path = folder / "cine.nii.gz"
    image = nibabel.Nifti1Image(array, np.diag([spacing, spacing, 8.0, 1.0]))
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 0.04
    nibabel.save(image, path)
    return path


NOISE = np.random.default_rng(0).integers(0, 255, (96, 96, 3, 4)).astype(np.int16)


@pytest.mark.parametrize(
    ("array", "spacing", "words"),
    [
        (np.zeros((96, 96, 3, 4), np.int16), 1.5, "every pixel has the value 0"),
        (NOISE[..., :1], 1.5, "single"),
        (NOISE, 12.0, "check the spacing"),
        (np.full((96, 96, 3, 4), np.nan, np.float32), 1.5, "finite"),
        (NOISE, 1.5, "because"),
    ],
    ids=["zeros", "one frame", "spacing", "nan", "noise"],
)
def test_what_is_no_cine_is_refused_in_one_line(array, spacing, words, tmp_path, capsys):
    path = nifti(tmp_path, array, spacing)
    out = tmp_path / "results" / "out"
    assert main(["lv", str(path), "-o", str(out)]) == 1
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"medimage lv: {path}: not a short-axis cine, because ")
    assert words in line
    assert not list(out.parent.iterdir())


def test_what_is_not_there_or_taken_is_refused(done, series, tmp_path, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in done.iterdir()}
    assert main(["lv", str(series), "-o", str(done)]) == 1
    assert "exists and is not empty" in capsys.readouterr().err
    assert {path.name: path.stat().st_mtime_ns for path in done.iterdir()} == before
    assert main(["lv", str(tmp_path / "nothing"), "-o", str(tmp_path / "out")]) == 1
    assert "no such file" in capsys.readouterr().err
    words = ["lv", str(series), "-o", str(tmp_path / "out"), "--labels", str(tmp_path / "x.nii")]
    assert main(words) == 1
    assert str(tmp_path / "x.nii") in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["lv", str(series), "-o", str(tmp_path / "out"), "--heart-rate-bpm", "900"])
    assert stop.value.code == 2
    assert not (tmp_path / "out").exists()


def test_labels_of_another_grid_are_refused_with_their_name(series, tmp_path, capsys):
    path = nifti(tmp_path, np.ones((128, 128, 3, 3), np.uint8))
    words = ["lv", str(series), "-o", str(tmp_path / "out"), "--labels", str(path)]
    assert main(words) == 1
    [line] = capsys.readouterr().err.strip().splitlines()
    assert str(path) in line
    assert "another place" in line
    assert not (tmp_path / "out").exists()


def test_untouched_dicom_of_a_real_patient(data_dir, tmp_path):
    archive = data_dir / "cmr_sunnybrook_cine5" / "SC-HF-I-01_dicom.tar.xz"
    if not archive.is_file():
        pytest.skip("cmr_sunnybrook_cine5 is not there")
    with tarfile.open(archive) as members:
        # Four middle slices, all phases: files are named by their instance number.
        chosen = [one for one in members.getmembers() if 81 <= number_of(one.name) <= 160]
        members.extractall(tmp_path / "in", chosen, filter="data")
    out = tmp_path / "out"
    assert main(["lv", str(tmp_path / "in"), "-o", str(out), "--no-scene"]) == 0
    result = read_result(out)
    assert result.inputs[0].shape == (20, 4, 256, 256)
    assert result.inputs[0].spacing_mm == pytest.approx((1.367188, 1.367188, 10.0), abs=1e-3)
    # The experts contoured end diastole in phase 18 and end systole in phase 7.
    assert abs(result.value("ed_phase_index").value - 18) <= 1
    assert abs(result.value("es_phase_index").value - 7) <= 1
    assert nibabel.load(out / "labels.nii.gz").shape == (256, 256, 4, 20)


def test_the_verdict_of_the_screening_is_told_first(series, done, screened, tmp_path):
    """Screened and read by the command in its own way, the cine is known to be the same."""
    image = read_any(series)
    identity = input_identity(image.frames[0], frames=len(image.frames))
    place = screened(identity, "unsure")
    words = ["lv", str(series), "-o", str(tmp_path / "out"), "--labels"]
    words += [str(done / "labels.nii.gz"), "--screening", str(place)]
    assert main(words) == 0
    assert "scan-unsure" in {one.code for one in read_result(tmp_path / "out").warnings}
