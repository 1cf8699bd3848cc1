"""The shipped model on real scans: head and neck it did not learn from, and other regions."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourLib.contours.contour_settings import ContourSettings
from AutoContourLib.contours.contouring import contour_ct
from AutoContourLib.contours.ct_cases import CtSource, read_cases
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.network.model_store import load_model
from MedImageLib.reading import read_image
from MedImageLib.resampling import resampled, with_spacing
from MedImageLib.volume import Volume

ORGANS = set(load_model("ct_head_neck").card.labels)
NAMES = {"Brainstem": 1, "SpinalCord": 2, "RightParotid": 3, "LeftParotid": 4, "Esophagus": 5,
         "Larynx": 6, "Mandible": 7}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["ct_abdomen_totalseg/ts_abdomen_ct.nrrd", "ct_thorax_cip/cip_thorax_ct.nrrd"]
)
def test_no_organ_of_the_head_is_invented_elsewhere(data_dir: Path, name: str) -> None:
    found = contour_ct(read_image(data_dir / name), ContourSettings(trunk=False))
    assert not ORGANS & set(found.masks)
    assert "region-not-seen" in {remark.code for remark in found.remarks}


def test_lungs_of_a_real_thorax(data_dir: Path) -> None:
    scan = read_image(data_dir / "ct_thorax_cip" / "cip_thorax_ct.nrrd")
    labels = read_image(data_dir / "ct_thorax_cip" / "cip_thorax_lungs.nrrd").array
    found = contour_ct(scan, ContourSettings(organs=False)).masks
    for value, key in ((1, "right_lung"), (2, "left_lung")):
        overlap = dice(labels == value, found[key])
        assert overlap is not None
        assert overlap > 0.95


def test_gas_of_a_real_abdomen_is_no_lung(data_dir: Path) -> None:
    scan = read_image(data_dir / "ct_abdomen_totalseg" / "ts_abdomen_ct.nrrd")
    found = contour_ct(scan, ContourSettings(organs=False)).masks
    assert list(found) == ["body", "bone", "spinal_canal"]


@pytest.fixture(scope="module")
def unseen(data_dir: Path):
    """A patient of fold 0, which the shipped weights have not seen."""
    index = data_dir / "ct_openkbp_hn" / "index.csv"
    rows = [row for row in csv.DictReader(index.open()) if row["fold"] == "0"]
    assert rows
    cases = read_cases(data_dir, [CtSource("openkbp", "ct_openkbp_hn/index.csv", NAMES)], [0])
    return max(cases, key=lambda case: len(case.whole))


def scan_of(case) -> Volume:
    return Volume(case.hu, Geometry(case.hu.shape, case.spacing_mm[::-1]), modality="CT")


def test_an_unseen_patient_is_contoured_on_the_right_sides(unseen) -> None:
    found = contour_ct(scan_of(unseen), ContourSettings(trunk=False)).masks
    for key, number in (("mandible", 7), ("right_parotid", 3), ("left_parotid", 4)):
        overlap = dice(unseen.labels == number, found[key])
        assert overlap is not None
        assert overlap > 0.5, key


def test_finer_grid_couch_and_noise_change_little(unseen) -> None:
    plain = scan_of(unseen)
    first = contour_ct(plain, ContourSettings(trunk=False)).masks
    grid = with_spacing(plain.geometry, (1.5, 1.5, 2.0))
    fine = resampled(plain, grid, fill=-1000.0)
    hu = fine.array + np.random.default_rng(0).normal(0, 20, fine.array.shape)
    hu[:, -6:-4] = 0.0
    changed = replace(fine, array=np.rint(hu).astype(np.int16))
    second = contour_ct(changed, ContourSettings(trunk=False)).masks
    for key in ("mandible", "right_parotid", "left_parotid"):
        before = Volume(first[key].astype(np.uint8), plain.geometry, is_labelmap=True)
        overlap = dice(resampled(before, grid).array > 0, second[key])
        assert overlap is not None
        assert overlap > 0.8, key
