"""RTSTRUCT written and read: exact masks, references, real files of MIM and Varian, bad files."""

from __future__ import annotations

import csv
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from matplotlib.path import Path as Outline
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from AutoContourLib.contours.contour_settings import RasterSettings, RtstructSettings
from AutoContourLib.contours.planar import area
from AutoContourLib.contours.rasterizing import rasterized
from AutoContourLib.contours.rtstruct_reader import read_rtstruct
from AutoContourLib.contours.rtstruct_writer import write_rtstruct
from AutoContourLib.contours.structure_set import Approval, RegionMask
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy


def regions_of(ct: Volume, masks: Mapping[str, np.ndarray]) -> list[RegionMask]:
    return [RegionMask(name, ct.with_array(mask)) for name, mask in masks.items()]


def by_matplotlib(path: Path, ct: Volume, number: int) -> np.ndarray:
    """Mask of a region by another filling and by instance UIDs alone, holes by exclusive or."""
    dataset = pydicom.dcmread(path)
    uids = ct.tags["dicom_source"].sop_instance_uids
    mask = np.zeros(ct.array.shape, bool)
    rows, columns = np.indices(mask.shape[1:])
    centers = np.stack([columns, rows], -1).reshape(-1, 2)
    for contour in dataset.ROIContourSequence[number].get("ContourSequence", []):
        k = uids.index(contour.ContourImageSequence[0].ReferencedSOPInstanceUID)
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        index = ct.geometry.indices(points)[:, :2]
        codes = [Outline.MOVETO, *[Outline.LINETO] * (len(index) - 1), Outline.CLOSEPOLY]
        outline = Outline(np.concatenate([index, index[:1]]), codes)
        mask[k] ^= outline.contains_points(centers).reshape(mask.shape[1:])
    return mask


@pytest.mark.parametrize("holes", ["keyhole", "xor"])
@pytest.mark.parametrize("outline", ["pixel", "smooth"])
def test_masks_come_back_exactly(tmp_path: Path, ct, hard_masks, holes, outline) -> None:
    settings = RtstructSettings(holes=holes, outline=outline)
    path = write_rtstruct(regions_of(ct, hard_masks), ct, tmp_path / "rt.dcm", settings)
    back = rasterized(read_rtstruct(path, [ct]), ct)
    assert not back.remarks
    assert list(back.masks) == list(hard_masks)
    for number, (name, mask) in enumerate(hard_masks.items()):
        assert (back.masks[name].array == mask).all(), name
        assert (by_matplotlib(path, ct, number) == mask).all(), name


def test_volume_of_the_contours_is_that_of_the_mask(tmp_path: Path, ct, hard_masks) -> None:
    path = write_rtstruct(regions_of(ct, hard_masks), ct, tmp_path / "rt.dcm")
    ring = read_rtstruct(path).regions[0]
    volume = sum(abs(area(contour.points_mm[:, :2])) for contour in ring.contours) * 2.5
    assert volume == pytest.approx(hard_masks["ring"].sum() * 1.1 * 1.3 * 2.5, rel=0.01)


def test_file_says_who_made_it_from_what(tmp_path: Path, ct, hard_masks) -> None:
    organ = RegionMask("Parotid_L", ct.with_array(hard_masks["ring"]), structure("left_parotid"))
    body = RegionMask("Körper", ct.with_array(hard_masks["target"]), structure("body"))
    approval = Approval("APPROVED", "Röntgen^Wilhelm", "20260102", "101112")
    path = write_rtstruct([organ, body], ct, tmp_path / "rt.dcm", approval=approval)
    dataset = pydicom.dcmread(path)
    source = ct.tags["dicom_source"]
    header = pydicom.dcmread(source.files[0])
    assert dataset.PatientID == header.PatientID
    assert dataset.StudyInstanceUID == header.StudyInstanceUID
    assert dataset.FrameOfReferenceUID == header.FrameOfReferenceUID
    assert (dataset.ApprovalStatus, dataset.ReviewerName) == ("APPROVED", "Röntgen^Wilhelm")
    assert dataset.DeviceUID.startswith("2.25.")
    assert "keyhole" in dataset.StructureSetDescription
    frame = dataset.ReferencedFrameOfReferenceSequence[0]
    images = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].ContourImageSequence
    assert [one.ReferencedSOPInstanceUID for one in images] == list(source.sop_instance_uids)
    roi = dataset.StructureSetROISequence[0]
    assert (roi.ROIName, roi.ROIGenerationAlgorithm) == ("Parotid_L", "AUTOMATIC")
    seen = dataset.RTROIObservationsSequence[0]
    assert seen.RTROIInterpretedType == "ORGAN"
    assert seen.RTROIIdentificationCodeSequence[0].CodeValue == "45289007"
    assert dataset.RTROIObservationsSequence[1].RTROIInterpretedType == "EXTERNAL"
    assert list(dataset.ROIContourSequence[0].ROIDisplayColor) == list(organ.color)
    read = read_rtstruct(path, [ct])
    assert read.approval == approval
    assert [region.stored_name for region in read.regions] == ["Parotid_L", "Körper"]


def test_same_contours_are_the_same_instance_and_others_another(tmp_path: Path, ct, hard_masks):
    def written(masks, **options) -> Dataset:
        path = write_rtstruct(regions_of(ct, masks), ct, tmp_path / "rt.dcm", **options)
        return pydicom.dcmread(path)

    ring = {"ring": hard_masks["ring"]}
    one, again = written(ring), written(ring)
    assert (one.SOPInstanceUID, one.SeriesInstanceUID) == (
        again.SOPInstanceUID,
        again.SeriesInstanceUID,
    )
    moved = written({"ring": np.roll(hard_masks["ring"], 1, axis=2)})
    renamed = written({"other": hard_masks["ring"]})
    xor = written(ring, settings=RtstructSettings(holes="xor"))
    seen = written(ring, approval=Approval("APPROVED", "A", "20260101", "120000"))
    every = [one, moved, renamed, xor, seen]
    assert len({each.SOPInstanceUID for each in every}) == len(every)
    assert {each.SeriesInstanceUID for each in every} == {one.SeriesInstanceUID}
    target = written(ring, settings=RtstructSettings(label="TARGET"))
    assert target.SeriesInstanceUID != one.SeriesInstanceUID


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
def test_dciodvfy_finds_no_error(tmp_path: Path, ct, hard_masks) -> None:
    regions = [
        RegionMask("Parotid_L", ct.with_array(hard_masks["ring"]), structure("left_parotid")),
        RegionMask("empty", ct.with_array(np.zeros(ct.array.shape, bool))),
    ]
    path = write_rtstruct(regions, ct, tmp_path / "rt.dcm")
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in found.stderr + found.stdout


def test_oblique_series_are_refused_with_a_way_out(tmp_path: Path) -> None:
    tilted = Rotation.from_euler("x", 20, degrees=True).as_matrix()
    grid = Geometry((4, 8, 8), direction=tuple(map(tuple, tilted)))
    image = Volume(np.zeros(grid.shape, np.int16), grid, modality="CT")
    write_dicom(image, tmp_path / "ct", DicomStudy.of_seed(1))
    ct = read_image(tmp_path / "ct")
    with pytest.raises(GeometryError, match=r"tilted by 20\.0.*Resample"):
        write_rtstruct(regions_of(ct, {"a": np.ones((4, 8, 8), bool)}), ct, tmp_path / "rt.dcm")
    assert not (tmp_path / "rt.dcm").exists()


def test_other_grid_and_plain_files_are_refused(tmp_path: Path, ct) -> None:
    mask = np.ones(ct.array.shape, bool)
    moved = Volume(mask, replace(ct.geometry, origin_mm=(0, 0, 0)))
    with pytest.raises(GeometryError, match="not on the grid"):
        write_rtstruct([RegionMask("a", moved)], ct, tmp_path / "rt.dcm")
    plain = Volume(ct.array, ct.geometry)
    with pytest.raises(InputError, match="DICOM series"):
        write_rtstruct([RegionMask("a", plain.with_array(mask))], plain, tmp_path / "rt.dcm")


def edited(tmp_path: Path, ct: Volume, masks: Mapping[str, np.ndarray], change) -> Path:
    """A written file after a change to its first region."""
    path = write_rtstruct(regions_of(ct, masks), ct, tmp_path / "rt.dcm")
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def block(ct: Volume) -> dict[str, np.ndarray]:
    mask = np.zeros(ct.array.shape, bool)
    mask[1:8, 10:30, 10:30] = True
    return {"block": mask}


def codes(found) -> set[str]:
    return {remark.code for remark in found.remarks}


def test_missing_slices_are_interpolated_as_far_as_wanted(tmp_path: Path, ct) -> None:
    def without_one(dataset: Dataset) -> None:
        del dataset.ROIContourSequence[0].ContourSequence[3]

    read = read_rtstruct(edited(tmp_path, ct, block(ct), without_one), [ct])
    found = rasterized(read, ct)
    assert (found.masks["block"].array == block(ct)["block"]).all()
    assert codes(found) == {"slices-interpolated"}
    kept = rasterized(read, ct, RasterSettings(fill_gaps=1.5))
    assert not kept.masks["block"].array[4].any()
    assert codes(kept) == {"slices-without-contours"}


def test_interpolated_cone_has_the_cones_radii(tmp_path: Path, ct) -> None:
    k, j, i = np.indices(ct.array.shape)
    cone = np.hypot(j - 20, i - 20) < 4 + k

    def every_third(dataset: Dataset) -> None:
        sequence = dataset.ROIContourSequence[0]
        sequence.ContourSequence = [sequence.ContourSequence[n] for n in (0, 3, 6)]

    path = edited(tmp_path, ct, {"cone": cone}, every_third)
    found = rasterized(read_rtstruct(path, [ct]), ct).masks["cone"].array
    areas = found.sum(axis=(1, 2))[:7]
    assert np.sqrt(areas / np.pi) == pytest.approx(4 + np.arange(7), abs=0.35)


def test_scattered_points_become_a_curve(tmp_path: Path, ct) -> None:
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]

    def octagon(dataset: Dataset) -> None:
        for contour in dataset.ROIContourSequence[0].ContourSequence:
            level = float(contour.ContourData[2])
            points = [(15 * np.cos(a), 35 + 15 * np.sin(a), level) for a in angles]
            contour.ContourData = [f"{value:.3f}" for value in np.ravel(points)]
            contour.NumberOfContourPoints = 8

    read = read_rtstruct(edited(tmp_path, ct, block(ct), octagon), [ct])
    wanted = np.pi * 15**2 / (1.1 * 1.3)
    lines, curve = (
        rasterized(read, ct, RasterSettings(points=points)).masks["block"].array[4].sum()
        for points in ("lines", "curve")
    )
    assert lines == pytest.approx(wanted * 0.9, rel=0.03)
    assert curve == pytest.approx(wanted, rel=0.02)


def every_contour(change):
    def apply(dataset: Dataset) -> None:
        for contour in dataset.ROIContourSequence[0].ContourSequence:
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            changed = change(points, contour)
            contour.ContourData = [f"{value:.4f}" for value in changed.ravel()]
            contour.NumberOfContourPoints = len(changed)

    return apply


def other_frame(dataset: Dataset) -> None:
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"
    for item in dataset.StructureSetROISequence:
        item.ReferencedFrameOfReferenceUID = "1.2.3"


def other_series(dataset: Dataset) -> None:
    frame = dataset.ReferencedFrameOfReferenceSequence[0]
    images = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].ContourImageSequence
    contours = dataset.ROIContourSequence[0].ContourSequence
    for number, item in enumerate([*images, *(c.ContourImageSequence[0] for c in contours)]):
        item.ReferencedSOPInstanceUID = f"1.2.3.{number}"


def opened(points: np.ndarray, contour: Dataset) -> np.ndarray:
    contour.ContourGeometricType = "OPEN_PLANAR"
    return points[:-1]


def without_contours(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[0].ContourSequence


BAD = {
    "missing-references": (other_series, True),
    "contours-outside": (every_contour(lambda p, c: p + np.array([0, 0, 9.0])), True),
    "region-not-on-image": (every_contour(lambda p, c: p + np.array([0, 0, 900.0])), False),
    "contour-crosses-itself": (every_contour(lambda p, c: p[[0, 2, 1, 3]]), True),
    "open-contour": (every_contour(opened), False),
    "contour-not-planar": (every_contour(lambda p, c: p + np.arange(4)[:, None] * 3.0), False),
    "points-left-out": (every_contour(lambda p, c: p[:2]), False),
    "region-without-contours": (without_contours, False),
}


@pytest.mark.parametrize("code", BAD)
def test_bad_contours_are_named_and_lose_nothing_else(tmp_path: Path, ct, code: str) -> None:
    change, remains = BAD[code]
    masks = block(ct) | {"Büro/ß": np.roll(block(ct)["block"], 3, axis=2)}
    found = rasterized(read_rtstruct(edited(tmp_path, ct, masks, change), [ct]), ct)
    assert code in codes(found)
    assert ("block" in found.masks) == remains
    assert ("block" in found.empty) != remains
    other = next(name for name in found.masks if name != "block")
    assert (found.masks[other].array == masks["Büro/ß"]).all()


def test_another_frame_of_reference_is_refused_unless_accepted(tmp_path: Path, ct) -> None:
    read = read_rtstruct(edited(tmp_path, ct, block(ct), other_frame), [ct])
    with pytest.raises(InputError, match="another frame of reference"):
        rasterized(read, ct)
    found = rasterized(read, ct, RasterSettings(other_frame=True))
    assert found.masks["block"].array.sum() == block(ct)["block"].sum()


def test_real_contours_of_mim_have_their_volume_and_place(data_dir: Path, tmp_path: Path) -> None:
    folder = data_dir / "rt_sts_petctmr"
    rows = [row for row in csv.DictReader((folder / "index.csv").open()) if row["modality"] == "CT"]
    assert len(rows) == 4
    for row in rows:
        with zipfile.ZipFile(folder / f"{row['patient']}.zip") as archive:
            archive.extractall(tmp_path, [n for n in archive.namelist() if "/MR" not in n])
        ct = read_image(tmp_path / row["files"].split(":")[1])
        read = read_rtstruct(tmp_path / row["rtstruct_file"].split(":")[1], [ct])
        mask = rasterized(read, ct).masks[row["roi"]]
        volume_ml = mask.array.sum() * ct.geometry.voxel_volume_mm3 / 1000
        assert volume_ml == pytest.approx(float(row["gtv_cc_from_polygons"]), rel=0.01)
        center = ct.geometry.points_mm(np.argwhere(mask.array)[:, ::-1].mean(0))
        contours = read.regions[0].contours
        areas = [abs(area(contour.points_mm[:, :2])) for contour in contours]
        middles = [centroid(contour.points_mm) for contour in contours]
        assert center == pytest.approx(np.average(middles, axis=0, weights=areas), abs=0.2)
        # The index holds the mean of the points, which lie unevenly along the contours.
        assert np.linalg.norm(center - np.array(row["gtv_centroid_lps"].split(), float)) < 3.0


def centroid(points: np.ndarray) -> tuple[float, float, float]:
    """Of the area inside of a closed contour."""
    x, y = points[:, 0] - points[0, 0], points[:, 1] - points[0, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    cx, cy = (((v + np.roll(v, -1)) * cross).sum() / (3 * cross.sum()) for v in (x, y))
    return cx + points[0, 0], cy + points[0, 1], points[0, 2]


def test_real_file_of_varian_keeps_all_regions(data_dir: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(data_dir / "rt_eclipse_breast" / "eclipse_breast.zip") as archive:
        archive.extractall(tmp_path)
    modality = {
        path: pydicom.dcmread(path, force=True).get("Modality")
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    by_modality = {kind: path for path, kind in modality.items()}
    ct = read_image(by_modality["CT"])
    read = read_rtstruct(by_modality["RTSTRUCT"], [ct])
    counts = {region.stored_name: len(region.contours) for region in read.regions}
    assert counts == {
        "BODY": 141, "Areola": 0, "Borders": 2, "Breast": 48, "Heart": 33, "Lt Lung": 165,
        "Nodes": 4, "Scar": 6, "Tumor Bed": 18, "Tumor Bed Block": 24,
    }  # fmt: skip
    found = rasterized(read, ct)
    assert list(found.masks) == ["BODY"]
    assert len(found.empty) == 9
