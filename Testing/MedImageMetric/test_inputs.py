"""Which files of a folder are radiographs, how results are named, how the table grows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.single_cases import _names
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy
from MedImageMetricLib.radiograph.metrics_table import (
    add_to_metrics,
    read_metrics,
    refused_row,
)
from MedImageMetricLib.radiograph.radiograph_files import is_dicom_file, radiograph_files


def test_a_folder_gives_its_radiographs_and_one_file_of_other_series(tmp_path):
    geometry = Geometry((4, 16, 16), (1.0, 1.0, 2.0))
    ct = Volume(np.zeros(geometry.shape, np.int16), geometry, modality="CT")
    flat = Geometry((1, 16, 16), (1.0, 1.0, 1.0))
    dx = Volume(np.zeros(flat.shape, np.uint16), flat, modality="DX")
    write_dicom(ct, tmp_path / "a-ct", DicomStudy.of_seed(1))
    [radiograph] = write_dicom(dx, tmp_path / "b-dx", DicomStudy.of_seed(2))
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "c.png")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "out").mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "out" / "labels.png")
    found = radiograph_files(tmp_path, leave_out=tmp_path / "out")
    assert [path.relative_to(tmp_path).parts[0] for path in found] == ["a-ct", "b-dx", "c.png"]
    assert radiograph_files(radiograph) == [radiograph]
    assert is_dicom_file(radiograph)
    assert not is_dicom_file(tmp_path / "c.png")


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="no image"):
        radiograph_files(tmp_path)


def test_results_are_named_by_the_stem():
    paths = ["a.png", "b.v2.png", "1.2.840.17", "scan.nii.gz", "x.dcm", "other/a.dcm"]
    names = _names([Path(path) for path in paths])
    assert names == ["a", "b.v2", "1.2.840.17", "scan", "x", "a-2"]


def test_a_refusal_never_replaces_what_was_measured(tmp_path):
    path = tmp_path / "metrics.csv"
    measured = {**refused_row("a.png"), "level": "first", "ctr": "0.45"}
    add_to_metrics(path, [measured, refused_row("b.png")])
    add_to_metrics(path, [refused_row("a.png"), {**refused_row("b.png"), "level": "second"}])
    rows = {row["file"]: row for row in read_metrics(path)}
    assert rows["a.png"] == measured
    assert rows["b.png"]["level"] == "second"


def test_a_table_of_another_kind_is_left_alone(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("file,level\nx,first\n")
    with pytest.raises(InputError, match="columns"):
        add_to_metrics(path, [refused_row("a.png")])
    assert path.read_text().startswith("file,level\n")
