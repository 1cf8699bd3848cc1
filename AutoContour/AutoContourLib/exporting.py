"""Contours and registration as they are in a scene, written as DICOM objects of their series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.resampling import resampled
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_folder
from MedImageLib.writing.dicom_reg import (
    write_deformable_registration,
    write_spatial_registration,
)


@dataclass(frozen=True, eq=False)
class SceneRegistration:
    """moving_from_fixed: 4 × 4, LPS mm. displacement_mm: (k, j, i, 3) on `grid`, or None."""

    moving_from_fixed: np.ndarray
    displacement_mm: np.ndarray | None = None
    grid: Geometry | None = None


def export_scene(
    folder: Path,
    image: Volume,
    masks: Mapping[str, Volume],
    first_series: Path | None = None,
    second_series: Path | None = None,
    registration: SceneRegistration | None = None,
) -> tuple[Remark, ...]:
    """Write contours, and the registration where both series are named, into a new folder.

    image: the first one; masks lie on its grid, by the keys of their structures. Without a series
    no DICOM objects are written, which a remark says. Raises InputError for series that are not
    those of the images, and when a registration object cannot refer to them.
    """
    scan = image if first_series is None else read_image(first_series)
    if first_series is not None and "dicom_source" not in scan.tags:
        raise InputError(f"{first_series}: no DICOM series; name the folder of the first image's.")
    on_scan = {}
    for key, mask in masks.items():
        own = mask.with_array(mask.array.astype(np.uint8), is_labelmap=True)
        if not mask.geometry.same_grid(scan.geometry, 0.05):
            own = resampled(own, scan.geometry)
        on_scan[key] = own.array > 0
    with finished_folder(folder) as place:
        remarks = write_contours(Contours(scan, on_scan), place)
        if first_series is None:
            text = "No DICOM series was named; label map and segmentation were written."
            return (*remarks, Remark("no-dicom-objects", text))
        if registration is not None and second_series is not None:
            _write_registration(place, scan, read_image(second_series), registration)
    return remarks


def _write_registration(
    folder: Path, scan: Volume, moving: Volume, registration: SceneRegistration
) -> None:
    still, free = (volume.tags.get("dicom_source") for volume in (scan, moving))
    if still is None or free is None or not free.frame_of_reference_uid:
        raise InputError(
            "The second series has no frame of reference; a registration object cannot refer to it."
        )
    matrix = registration.moving_from_fixed
    seed = f"{scan.source_sha256} {moving.source_sha256} {matrix.tolist()}"
    write_spatial_registration(matrix, still, free, folder / "spatial_registration.dcm", seed)
    if registration.displacement_mm is not None and registration.grid is not None:
        write_deformable_registration(
            registration.displacement_mm,
            registration.grid,
            still,
            free,
            folder / "deformable_registration.dcm",
            seed,
        )
