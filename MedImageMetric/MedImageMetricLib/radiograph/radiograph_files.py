"""Files that may be radiographs: one that was named, or all of a folder, told by their headers."""

from __future__ import annotations

from pathlib import Path

from MedImageLib.errors import InputError
from MedImageLib.reading.scan import file_format, scan_folder
from MedImageMetricLib.radiograph.segmentation import PROJECTIONS


def radiograph_files(given: Path, leave_out: Path | None = None) -> list[Path]:
    """The file itself; of a folder every radiograph and picture, sorted.

    Of a series of other images (CT, MR) the first file stands for all, since it is refused with
    the reason. leave_out: a folder of results. Raises InputError for a folder without images.
    """
    if not given.is_dir():
        return [given]
    inside = None if leave_out is None else leave_out.resolve()
    files: list[Path] = []
    for one in scan_folder(given):
        if one.series_key and one.kind != "image":
            continue  # structured reports, segmentations and the like
        files += one.files if one.modality in PROJECTIONS else one.files[:1]
    kept = [path for path in files if inside is None or not path.resolve().is_relative_to(inside)]
    if not kept:
        raise InputError(f"{given}: no image in this folder. Name a folder of radiographs.")
    return sorted(kept)


def is_dicom_file(path: Path) -> bool:
    """Whether DICOM objects can refer to the file."""
    return path.is_file() and file_format(path) == "dicom"
