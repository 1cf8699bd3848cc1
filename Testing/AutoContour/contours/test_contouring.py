"""Contouring of CT: grids, trunk, refusals, files, with a stand-in for the network's answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy.spatial.transform import Rotation

from AutoContourLib.contours import ct_trunk
from AutoContourLib.contours.contour_files import process_scan
from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
from AutoContourLib.contours.contouring import contour_ct
from AutoContourLib.contours.ct_grid import coarse_geometry, even_view, interpolated, mask_on
from AutoContourLib.contours.ct_organs import organ_labels
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

TRUNK = ContourSettings(organs=False)
GRID = Geometry((40, 60, 80), (4.0, 4.0, 5.0), (-158.0, -118.0, 0.0))


def chest(geometry: Geometry = GRID) -> Volume:
    """A body of water with two lungs, a spine, gas, and a couch below it."""
    k, j, i = np.indices(geometry.shape)
    x, y, z = np.moveaxis(geometry.points_mm(np.stack([i, j, k], -1)), -1, 0)
    hu = np.full(geometry.shape, -1000.0)
    hu[(y > 100) & (y < 112)] = 60
    hu[(x / 150) ** 2 + (y / 90) ** 2 < 1] = 10
    for side in (-1, 1):
        lung = ((x - side * 70) / 45) ** 2 + (y / 60) ** 2 + ((z - 100) / 80) ** 2 < 1
        hu[lung] = -830
    hu[(np.abs(x) < 14) & (y > 55) & (y < 80)] = 500
    hu[((x / 20) ** 2 + ((y + 50) / 20) ** 2 < 1) & (np.abs(z - 60) < 40)] = -1000
    hu[hu > -990] += np.random.default_rng(0).normal(0, 8, geometry.shape)[hu > -990]
    return Volume(np.rint(hu).astype(np.int16), geometry, modality="CT")


def test_trunk_has_its_known_volumes_and_no_gas_as_lung() -> None:
    found = contour_ct(chest(), TRUNK)
    ml = {key: mask.sum() * 0.08 for key, mask in found.masks.items()}
    assert list(ml) == ["body", "bone", "right_lung", "left_lung"]
    lung = 4 / 3 * np.pi * 45 * 60 * 80 / 1000
    assert ml["right_lung"] == pytest.approx(lung, rel=0.06)
    assert ml["left_lung"] == pytest.approx(lung, rel=0.06)
    assert ml["body"] == pytest.approx(np.pi * 150 * 90 * 200 / 1000, rel=0.03)
    assert ml["bone"] == pytest.approx((chest().array > 400).sum() * 0.08, rel=0.05)
    x = np.argwhere(found.masks["right_lung"]).mean(0)[2]
    assert x < 40  # the patient's right is where x is small


def test_the_same_anatomy_however_the_slices_run() -> None:
    straight = contour_ct(chest(), TRUNK)
    flipped = Geometry(
        GRID.shape,
        GRID.spacing_mm,
        (158.0, -118.0, 195.0),
        ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    )
    turned = contour_ct(chest(flipped), TRUNK)
    for key, mask in straight.masks.items():
        other = turned.masks[key][::-1, :, ::-1]
        assert (mask != other).sum() <= 0.02 * mask.sum(), key


def test_a_chest_that_the_field_of_view_cuts_keeps_its_lungs() -> None:
    whole = chest()
    narrow = Volume(
        whole.array[:, :, 14:66],
        replace(GRID, shape=(40, 60, 52), origin_mm=(-102.0, -118.0, 0.0)),
        modality="CT",
    )
    ml = {key: mask.sum() * 0.08 for key, mask in contour_ct(narrow, TRUNK).masks.items()}
    assert ml["left_lung"] > 600


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modality": "MR"}, "The image is MR"),
        ({"array": np.abs(chest().array) % 800}, "not a CT in Hounsfield units"),
        ({"geometry": replace(GRID, spacing_known=False)}, "spacing"),
    ],
)
def test_what_is_no_ct_is_refused(change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        contour_ct(replace(chest(), **change), TRUNK)


def test_three_slices_are_too_few() -> None:
    few = Volume(chest().array[:3], replace(GRID, shape=(3, 60, 80)), modality="CT")
    with pytest.raises(GeometryError, match="3 slices; at least 5"):
        contour_ct(few, TRUNK)


def test_shoulders_that_only_the_last_slices_show_are_body() -> None:
    scan = chest()
    k, j, i = np.indices(scan.geometry.shape)
    x, y, z = np.moveaxis(scan.geometry.points_mm(np.stack([i, j, k], -1)), -1, 0)
    shoulders = (np.abs(y) < 40) & (z < 10)
    scan.array[shoulders & (scan.array < -500) & (np.abs(x) > 140)] = 10
    body = contour_ct(scan, TRUNK).masks["body"]
    assert body[shoulders].mean() > 0.98
    assert not body[(y > 100) & (y < 112)].any(), "the couch is no body"


def test_air_alone_has_no_body() -> None:
    body = ct_trunk.body_mask(np.full((20, 20, 20), -1000, np.int16), 2.0)
    assert not body.any()
    assert ct_trunk.lung_masks(np.full((20, 20, 20), -1000, np.int16), body, 2.0) == {}


def test_a_sphere_keeps_its_place_through_the_even_grid() -> None:
    turn = Rotation.from_euler("xyz", [10, -20, 30], degrees=True).as_matrix()
    grid = Geometry((30, 32, 34), (2.0, 1.5, 3.0), (5.0, -7.0, 11.0), tuple(map(tuple, turn)))
    even = even_view(Volume(np.zeros(grid.shape, np.int16), grid), 2.0)
    center = grid.center_mm

    def sphere(of: Geometry) -> np.ndarray:
        k, j, i = np.indices(of.shape)
        return np.linalg.norm(of.points_mm(np.stack([i, j, k], -1)) - center, axis=-1) < 15

    found = mask_on(sphere(even.geometry), even.geometry, grid)
    wanted = sphere(grid)
    assert 2 * (found & wanted).sum() / (found.sum() + wanted.sum()) > 0.95
    shift = np.argwhere(found).mean(0) - np.argwhere(wanted).mean(0)
    assert np.abs(shift).max() < 0.1
    coarse = coarse_geometry(even.geometry, 2)
    k, j, i = np.indices(coarse.shape)
    ramp = coarse.points_mm(np.stack([i, j, k], -1))[..., 0]
    back = interpolated(ramp, coarse, even.geometry)
    k, j, i = np.indices(even.geometry.shape)
    x = even.geometry.points_mm(np.stack([i, j, k], -1))[..., 0]
    inner = (slice(2, -2),) * 3
    assert np.abs(back - x)[inner].max() < 1e-3


def test_labels_of_the_network_are_where_its_answer_is() -> None:
    settings = NetworkSettings(
        dimensions=3,
        classes=3,
        stem_channels=4,
        blocks=(Block(4, (Branch(1, 4),)),),
        head_channels=4,
    )
    network = MultiLevelNetwork(settings).eval()

    def answer(image, level, coarse=False):
        import torch

        dark = torch.nn.functional.avg_pool3d(image, 2)
        return torch.cat([0 * dark, 20 * (dark - 1.06), 0 * dark - 9], dim=1)

    network.at_level = answer  # type: ignore[method-assign]
    scan = chest()
    even = even_view(scan, 2.0)
    found = organ_labels(network, even, scan.geometry).labels
    bone = scan.array > 400
    assert set(np.unique(found)) == {0, 1}
    assert 2 * ((found == 1) & bone).sum() / ((found == 1).sum() + bone.sum()) > 0.85


def test_files_of_a_dicom_series(tmp_path: Path) -> None:
    write_dicom(chest(), tmp_path / "ct", DicomStudy.of_seed(1))
    scan = read_image(tmp_path / "ct")
    out = tmp_path / "out"
    out.mkdir()
    result = process_scan(scan, out, TRUNK, RtstructSettings())
    assert sorted(path.name for path in out.iterdir()) == [
        "labels.json", "labels.nii.gz", "overlay.png", "report.html", "review.json",
        "rtstruct.dcm", "segmentation.dcm", "segmentation.seg.nrrd", "volumes.dcm",
    ]  # fmt: skip
    labels = read_image(out / "labels.nii.gz")
    assert labels.geometry.same_grid(scan.geometry, 0.01)
    names = json.loads((out / "labels.json").read_text())
    assert list(names.values()) == ["Body", "Bone", "Lung_R", "Lung_L"]
    assert set(np.unique(labels.array)) == {0, *map(int, names)}
    regions = [
        item.ROIName for item in pydicom.dcmread(out / "rtstruct.dcm").StructureSetROISequence
    ]
    assert regions == ["Body", "Bone", "Lung_R", "Lung_L"]
    assert result.value("right_lung_volume").value == pytest.approx(905, rel=0.06)
    assert {flag.code: flag.state for flag in result.flags}["reviewed"] == "not"
