"""Volumes and label maps as NRRD, NIfTI or MetaImage through SimpleITK.

A label map with a table of segments becomes a `.seg.nrrd` whose header fields 3D Slicer reads as
a segmentation with names, colors and terminology. Positions stay in LPS millimeters; NIfTI's RAS
is SimpleITK's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.terminology import Structure, slicer_terminology_entry
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file

VOLUME_SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha")
SEGMENTATION_SUFFIX = ".seg.nrrd"


def write_volume(volume: Volume, path: Path | str) -> Path:
    """Write one volume, compressed; the suffix chooses the format.

    Booleans and 64-bit integers become the smallest integer type that holds the values. Raises
    InputError for another suffix, or a type of pixel that the formats do not have.
    """
    path = Path(path)
    if not str(path).lower().endswith(VOLUME_SUFFIXES):
        raise InputError(
            f"{path.name}: the format is not one that is written here. "
            f"Name a file that ends in {', '.join(VOLUME_SUFFIXES)}."
        )
    _write(_image(volume), path)
    return path


def write_segmentation(labels: Volume, segments: Mapping[int, Structure], path: Path | str) -> Path:
    """Write a label map as a `.seg.nrrd` of one layer.

    segments: what each label value stands for; every value above 0 in the map must be named.
    Values that do not occur stay as empty segments. Raises InputError otherwise.
    """
    path = Path(path)
    if not path.name.lower().endswith(SEGMENTATION_SUFFIX):
        raise InputError(f"{path.name}: a segmentation file ends in {SEGMENTATION_SUFFIX}.")
    check_segments(labels, segments)
    image = _image(labels)
    for key, value in _segmentation_fields(labels.array, segments).items():
        image.SetMetaData(key, value)
    _write(image, path)
    return path


def check_segments(labels: Volume, segments: Mapping[int, Structure]) -> None:
    """Raise InputError unless `labels` is a label map whose values all have a segment."""
    if not labels.is_labelmap:
        raise InputError("A segmentation needs a label map, not an image of intensities.")
    if not segments or min(segments) < 1:
        raise InputError(f"Label values of segments are 1 or higher, got {sorted(segments)}.")
    unnamed = sorted(set(np.unique(labels.array).tolist()) - {0} - set(segments))
    if unnamed:
        raise InputError(
            f"The label map holds values {unnamed} that stand for no segment; "
            f"name them besides {sorted(segments)}."
        )


def smallest_integers(array: np.ndarray) -> np.ndarray:
    """The array in the smallest type that files have for it."""
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        for kind in (np.uint8, np.int16, np.uint16, np.int32, np.uint32):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return array.astype(kind)
    return array


def _image(volume: Volume) -> Any:
    import SimpleITK as sitk

    array = np.ascontiguousarray(smallest_integers(volume.array))
    if array.dtype.kind not in "iuf" or array.dtype == np.float16:
        raise InputError(
            f"Pixels of type {array.dtype} cannot be written; convert them to integers or float32."
        )
    image = sitk.GetImageFromArray(array)
    geometry = volume.geometry
    image.SetSpacing(geometry.spacing_mm)
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection(tuple(np.asarray(geometry.direction).ravel()))
    return image


def _write(image: Any, path: Path) -> None:
    import SimpleITK as sitk

    with finished_file(path) as temporary:
        try:
            sitk.WriteImage(image, str(temporary), useCompression=True)
        except RuntimeError as error:
            last = str(error).strip().splitlines()[-1]
            raise InputError(f"{path.name}: the image could not be written ({last}).") from error


def _segmentation_fields(array: np.ndarray, segments: Mapping[int, Structure]) -> dict[str, str]:
    fields = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        # Slicer up to 5.2 reads the first, later ones the second.
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_SourceRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for number, (value, entry) in enumerate(sorted(segments.items())):
        start = f"Segment{number}_"
        fields |= {
            start + "ID": entry.key,
            start + "Name": entry.name,
            start + "NameAutoGenerated": "0",
            start + "LabelValue": str(value),
            start + "Layer": "0",
            start + "Color": " ".join(f"{part / 255:.6g}" for part in entry.rgb),
            start + "ColorAutoGenerated": "0",
            start + "Extent": _extent(array == value),
            start + "Tags": f"TerminologyEntry:{slicer_terminology_entry(entry)}|",
        }
    return fields


def _extent(mask: np.ndarray) -> str:
    """First and last index along i, j and k; an empty segment has a last below its first."""
    if not mask.any():
        return "0 -1 0 -1 0 -1"
    ends = []
    for axis in (2, 1, 0):
        others = tuple(n for n in range(3) if n != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        ends += [hit[0], hit[-1]]
    return " ".join(map(str, ends))
