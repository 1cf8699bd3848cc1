"""Contours that a person has drawn on, written in place of those that were made.

Label map and segmentation are written whole; in the RTSTRUCT the regions that changed get new
contours, and the file becomes another, unapproved instance that names them semi-automatic. The
review then finds the structures edited by their hashes.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from AutoContourLib.contours.axial_series import AXIAL_FOLDER
from AutoContourLib.contours.contour_files import (
    DICOM_SEG_FILE,
    DICOM_SR_FILE,
    LABELS_FILE,
    RTSTRUCT_FILE,
    SEGMENTATION_FILE,
)
from AutoContourLib.contours.contour_reading import whole_mask
from AutoContourLib.contours.ct_grid import mask_on
from AutoContourLib.contours.planar import keyhole, outlines
from MedImageLib.batch.placing import APPROVED
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.terminology import structure
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import write_segmentation, write_volume

# Files that hold the contours in a form that is not made anew here.
_STALE = (DICOM_SEG_FILE, DICOM_SR_FILE, "overlay.png", "report.html")
_SAME_PLANE_MM = 0.01


def write_edited_contours(folder: Path, labels: Volume, keys: Mapping[int, str]) -> tuple[str, ...]:
    """Write labels in place of those of a folder; the keys of the structures that differ.

    The RTSTRUCT comes first, so that a kill in between leaves labels whose review still holds.
    Files that would show the contours of before are taken away.
    """
    before = read_image(folder / LABELS_FILE).array
    names = dict(keys)
    masks = {key: whole_mask(labels.array, key, names) for key in names.values()}
    changed = tuple(
        key
        for key, mask in masks.items()
        if not np.array_equal(whole_mask(before, key, names), mask)
    )
    if (folder / RTSTRUCT_FILE).is_file() and changed:
        drawn, geometry = {key: masks[key] for key in changed}, labels.geometry
        if (folder / AXIAL_FOLDER).is_dir():
            geometry = read_image(folder / AXIAL_FOLDER).geometry
            drawn = {key: mask_on(mask, labels.geometry, geometry) for key, mask in drawn.items()}
        _rewrite_rtstruct(folder / RTSTRUCT_FILE, drawn, geometry)
    (folder / APPROVED).unlink(missing_ok=True)
    for name in _STALE:
        (folder / name).unlink(missing_ok=True)
    segments = {value: structure(key) for value, key in keys.items()}
    write_segmentation(labels, segments, folder / SEGMENTATION_FILE)
    write_volume(labels, folder / LABELS_FILE)
    return changed


def _rewrite_rtstruct(path: Path, masks: Mapping[str, np.ndarray], geometry: Geometry) -> None:
    """New contours of some regions in a file that `write_rtstruct` wrote."""
    import pydicom

    dataset = pydicom.dcmread(path)
    numbers = {str(one.ROIName): int(one.ROINumber) for one in dataset.StructureSetROISequence}
    images = _images_by_place(dataset)
    with_channels = "keyhole" in str(dataset.get("StructureSetDescription", ""))
    for key, mask in masks.items():
        entry = structure(key)
        number = numbers.get(entry.tg263_name or entry.key)
        if number is None:
            continue
        for roi in dataset.StructureSetROISequence:
            if int(roi.ROINumber) == number:
                roi.ROIGenerationAlgorithm = "SEMIAUTOMATIC"
        for contour in dataset.ROIContourSequence:
            if int(contour.ReferencedROINumber) == number:
                items = _items(mask, geometry, images, with_channels)
                if items:
                    contour.ContourSequence = items
                elif "ContourSequence" in contour:
                    del contour.ContourSequence
    dataset.SOPInstanceUID = f"2.25.{uuid.uuid4().int}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ApprovalStatus = "UNAPPROVED"
    for keyword in ("ReviewDate", "ReviewTime", "ReviewerName"):
        if keyword in dataset:
            del dataset[keyword]
    with finished_file(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)


def _images_by_place(dataset: Any) -> list[tuple[np.ndarray, Any]]:
    """A point of each plane that has contours, and the reference to its image."""
    found: dict[str, tuple[np.ndarray, Any]] = {}
    for region in dataset.ROIContourSequence:
        for contour in region.get("ContourSequence", ()):
            for image in contour.get("ContourImageSequence", ()):
                point = np.array([float(v) for v in contour.ContourData[:3]])
                name = f"{image.ReferencedSOPInstanceUID} {image.get('ReferencedFrameNumber', '')}"
                found.setdefault(name, (point, image))
    return list(found.values())


def _items(
    mask: np.ndarray,
    geometry: Geometry,
    images: Sequence[tuple[np.ndarray, Any]],
    with_channels: bool,
) -> list[Any]:
    from pydicom.dataset import Dataset

    normal = np.array(geometry.direction)[:, 2]
    items: list[Any] = []
    for k, plane in enumerate(mask):
        if not plane.any():
            continue
        origin = geometry.points_mm(np.array([0, 0, k]))
        image = next(
            (one for point, one in images if abs((point - origin) @ normal) < _SAME_PLANE_MM), None
        )
        for ring in outlines(plane):
            for loop in [keyhole(ring)] if with_channels else [ring.outer, *ring.holes]:
                points = geometry.points_mm(np.column_stack([loop, np.full(len(loop), k)]))
                item = Dataset()
                if image is not None:
                    item.ContourImageSequence = [image]
                item.ContourGeometricType = "CLOSED_PLANAR"
                item.NumberOfContourPoints = len(points)
                item.ContourData = [f"{value:.4f}" for value in points.ravel()]
                item.ContourNumber = len(items) + 1
                items.append(item)
    return items
