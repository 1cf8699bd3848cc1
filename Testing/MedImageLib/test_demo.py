"""The demonstration without real images, opened with tools that are not ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from MedImageLib.results import read_result


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "out"
    done = subprocess.run(
        [sys.executable, "-m", "MedImageLib", "demo", "-o", str(out)],
        env={**os.environ, "MEDIMAGE_TEST_DATA": str(out / "absent")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(out / "report.html") in done.stdout
    return out


def series(folder: Path) -> sitk.Image:
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    return sitk.ReadImage(names)


STUDIES = ("radiograph-1", "radiograph-2", "cine", "patient")


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_whole_result(demo, name):
    result = read_result(demo / name)
    files = {file.name for file in result.files}
    assert {"report.html", "scene.mrb", "overlay.png"} <= files
    assert result.findings
    assert result.notice.startswith("Research use")
    page = (demo / name / "report.html").read_text()
    assert "data:image/png" in page
    assert "Phantom^" not in page


def test_inputs_are_proper_dicom(demo):
    kinds = {
        "radiograph-1": "1.2.840.10008.5.1.4.1.1.1.1",
        "cine": "1.2.840.10008.5.1.4.1.1.4",
        "patient/planning-ct": "1.2.840.10008.5.1.4.1.1.2",
        "patient/mr": "1.2.840.10008.5.1.4.1.1.4",
    }
    for folder, kind in kinds.items():
        files = sorted((demo / "input" / folder).glob("*"))
        headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in files]
        assert {header.SOPClassUID for header in headers} == {kind}
        assert len({header.SOPInstanceUID for header in headers}) == len(files)
    cine = sorted((demo / "input" / "cine").glob("*"))
    times = {float(pydicom.dcmread(p, stop_before_pixels=True).TriggerTime) for p in cine}
    assert len(cine) == 10 * len(times) == 200


def test_label_map_of_a_radiograph_lies_on_its_image(demo):
    labels = sitk.ReadImage(str(demo / "radiograph-1" / "labels.seg.nrrd"))
    truth = sitk.ReadImage(str(demo / "reference" / "radiograph-1" / "labels.nrrd"))
    assert labels.GetSize() == truth.GetSize()
    a, b = sitk.GetArrayFromImage(labels), sitk.GetArrayFromImage(truth)
    for value in (1, 2, 3):
        overlap = (
            2 * ((a == value) & (b == value)).sum() / ((a == value).sum() + (b == value).sum())
        )
        assert overlap > 0.8
    assert labels.GetMetaData("Segment0_Name") == "Right lung"


def test_label_maps_of_a_cine_lie_on_its_slices(demo):
    labels = nibabel.load(demo / "cine" / "labels.nii.gz")
    assert labels.shape[2:] == (10, 20)
    first = [
        path
        for path in sorted((demo / "input" / "cine").glob("*"))
        if pydicom.dcmread(path, stop_before_pixels=True).TemporalPositionIdentifier == 1
    ]
    corner_lps = np.array(
        min(
            (pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient for path in first),
            key=lambda p: np.linalg.norm(np.array(p, float) * [-1, -1, 1] - labels.affine[:3, 3]),
        ),
        float,
    )
    assert np.allclose(labels.affine[:3, 3] * [-1, -1, 1], corner_lps, atol=1e-3)


def test_the_field_takes_planning_labels_to_later_ones(demo):
    reference = demo / "reference" / "patient"
    later = sitk.ReadImage(str(reference / "later-ct_labels.nrrd"))
    planning = sitk.ReadImage(str(reference / "planning-ct_labels.nrrd"))
    path = reference / "displacement_later_from_planning.nrrd"
    field = sitk.ReadImage(str(path), sitk.sitkVectorFloat64)
    moved = sitk.Resample(
        later, planning, sitk.DisplacementFieldTransform(field), sitk.sitkNearestNeighbor, 0
    )
    a, b = sitk.GetArrayFromImage(moved) > 0, sitk.GetArrayFromImage(planning) > 0
    scan = series(demo / "input" / "patient" / "planning-ct")
    assert scan.GetSize() == planning.GetSize()
    assert np.allclose(scan.GetOrigin(), planning.GetOrigin(), atol=1e-3)
    # What left the later field of view cannot come back.
    whole = sitk.Image(later.GetSize(), sitk.sitkUInt8) + 1
    whole.CopyInformation(later)
    field = sitk.ReadImage(str(path), sitk.sitkVectorFloat64)  # the transform took the first one
    reached = sitk.Resample(
        whole, planning, sitk.DisplacementFieldTransform(field), sitk.sitkNearestNeighbor, 0
    )
    reached = sitk.GetArrayFromImage(reached).astype(bool)
    a, b = a & reached, b & reached
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.97


def test_scenes_open_again_in_a_fresh_process(demo):
    code = (
        "import sys; from MedImageLib.headless import load_scene\n"
        "for path in sys.argv[1:]:\n"
        "    with load_scene(path) as app:\n"
        "        s = app.scene\n"
        "        print(s.GetNumberOfNodesByClass('vtkMRMLScalarVolumeNode'),\n"
        "              s.GetNumberOfNodesByClass('vtkMRMLSegmentationNode'),\n"
        "              s.GetNumberOfNodesByClass('vtkMRMLSequenceNode'),\n"
        "              s.GetNumberOfNodesByClass('vtkMRMLTableNode'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *(str(demo / name / "scene.mrb") for name in STUDIES)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = [tuple(map(int, line.split())) for line in done.stdout.split("\n") if line]
    radiograph, _, cine, patient = counts
    # Measurements and conditions.
    assert radiograph == (1, 1, 0, 2)
    # Measurements, volumes, indices, and the regressed ones where the ensemble is there.
    assert cine[:3] == (1, 1, 2)
    assert cine[3] in (3, 4)
    assert patient == (3, 1, 0, 1)


def test_another_demonstration_replaces_the_first_but_nothing_else(demo, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    done = subprocess.run(
        [sys.executable, "-m", "MedImageLib", "demo", "-o", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
