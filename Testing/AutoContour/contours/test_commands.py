"""The commands contour, rtstruct and review from the console, with good and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from MedImageLib.__main__ import main
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.results import (
    input_identity,
    read_result,
)
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy
from MedImageLib.writing.nrrd import write_volume


def label_map(folder: Path, ct: Volume) -> Path:
    labels = np.zeros(ct.array.shape, np.uint8)
    labels[2:7, 5:20, 8:30] = 3
    labels[2:7, 22:35, 8:30] = 7
    (folder / "names.json").write_text(json.dumps({"3": "Larynx", "7": "Tumor 1"}))
    return write_volume(ct.with_array(labels, is_labelmap=True, unit=""), folder / "map.nii.gz")


def test_label_map_to_rtstruct_and_back(tmp_path: Path, ct_folder: Path, ct: Volume) -> None:
    labels = label_map(tmp_path, ct)
    words = ["rtstruct", "from-mask", str(labels), "--image", str(ct_folder)]
    words += ["--names", str(tmp_path / "names.json"), "-o", str(tmp_path / "rt.dcm")]
    assert main(words) == 0
    back = ["rtstruct", "to-mask", str(tmp_path / "rt.dcm"), str(ct_folder), "-o"]
    assert main([*back, str(tmp_path / "out")]) == 0
    regions = json.loads((tmp_path / "out" / "rt" / "regions.json").read_text())
    assert [row["name"] for row in regions] == ["Larynx", "Tumor 1"]
    stored = read_image(labels).array
    for value, row in zip((3, 7), regions, strict=True):
        mask = read_image(tmp_path / "out" / "rt" / row["file"])
        assert ((mask.array > 0) == (stored == value)).all()
        assert row["volume_ml"] == pytest.approx((stored == value).sum() * 0.003575, abs=1e-3)
    result = read_result(tmp_path / "out" / "rt")
    assert result.flags[0].state == "satisfied"


def test_unnamed_values_and_other_grids_are_refused(
    tmp_path: Path, ct_folder: Path, ct: Volume, capsys
) -> None:
    labels = label_map(tmp_path, ct)
    (tmp_path / "names.json").write_text('{"3": "Larynx"}')
    words = ["rtstruct", "from-mask", str(labels), "--image", str(ct_folder)]
    words += ["--names", str(tmp_path / "names.json"), "-o", str(tmp_path / "rt.dcm")]
    assert main(words) == 1
    assert "label values [7]" in capsys.readouterr().err
    other = Volume(np.ones((4, 5, 6), np.uint8), Geometry((4, 5, 6)), is_labelmap=True)
    path = write_volume(other, tmp_path / "other.nii.gz")
    words[2] = str(path)
    assert main(words) == 1
    assert "is not that of the image" in capsys.readouterr().err
    assert not (tmp_path / "rt.dcm").exists()


def test_bad_input_ends_with_its_reason_and_the_rest_goes_on(
    tmp_path: Path, ct_folder: Path, capsys
) -> None:
    mr = Volume(
        np.random.default_rng(0).gamma(2, 100, (8, 20, 20)).astype(np.int16),
        Geometry((8, 20, 20)),
    )
    write_volume(mr, tmp_path / "mr.nii.gz")
    (tmp_path / "broken.nii.gz").write_bytes(b"no image")
    inputs = [str(tmp_path / name) for name in ("mr.nii.gz", "broken.nii.gz", "absent.nii.gz")]
    out = tmp_path / "out"
    assert main(["contour", *inputs, str(ct_folder), "--no-organs", "-o", str(out)]) == 1
    told = capsys.readouterr().err
    assert "mr.nii.gz: The image is not a CT" in told
    assert "broken.nii.gz" in told
    assert "absent.nii.gz" in told
    assert [path.name for path in out.glob("*")] in ([], ["series"])


def test_review_of_a_folder_without_contours(tmp_path: Path, capsys) -> None:
    assert main(["review", str(tmp_path)]) == 1
    assert "no contours to be reviewed" in capsys.readouterr().err


def test_a_verdict_that_is_named_is_told(tmp_path: Path, screened, capsys) -> None:
    j, i = np.indices((30, 36))
    plane = np.where(np.hypot((j - 15) / 12, (i - 18) / 15) < 1, 30, -1000).astype(np.int16)
    noise = np.random.default_rng(0).integers(-20, 20, (8, 30, 36), "i2")
    body = Volume(plane + noise, Geometry((8, 30, 36), (6.0,) * 3), modality="CT")
    write_dicom(body, tmp_path / "ct", DicomStudy.of_seed(3))
    place = screened(input_identity(read_image(tmp_path / "ct")), "abnormal")
    words = ["contour", str(tmp_path / "ct"), "--no-organs", "-o", str(tmp_path / "out")]
    assert main([*words, "--screening", str(place)]) == 0
    found = read_result(tmp_path / "out" / "ct")
    assert found.warnings[0].code == "scan-abnormal"
    words[-1] = str(tmp_path / "other")
    assert main([*words, "--screening", str(tmp_path / "absent")]) == 1
    assert "holds no verdict of the screening" in capsys.readouterr().err
