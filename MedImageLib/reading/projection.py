"""Radiographs and other single DICOM pictures that have no place in the patient.

A volume of one slice: spacing of the detector or of the patient where recorded, more attenuation
brighter. Color pictures are turned to gray and flagged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.reading import dicom_kinds
from MedImageLib.reading.dicom_header import DicomFile
from MedImageLib.reading.dicom_pixels import Pixels, projection_values, read_pixels
from MedImageLib.reading.limits import DEFAULT_LIMITS, DEFAULT_SETTINGS, Limits, ReadingSettings
from MedImageLib.volume import Volume

_NEEDS_PLACE = ("CT", "MR", "PT")
_LUMA = np.array([0.299, 0.587, 0.114])


def has_place(file: DicomFile) -> bool:
    """True for files that must or do lie in patient space, so that slices may be stacked."""
    if file.kind != dicom_kinds.IMAGE or file.modality in dicom_kinds.PROJECTION_MODALITIES:
        return False
    if file.modality in _NEEDS_PLACE:
        return True
    return bool(file.frames) and all(frame.problem == "" for frame in file.frames)


def read_picture(
    file: DicomFile, limits: Limits = DEFAULT_LIMITS, settings: ReadingSettings = DEFAULT_SETTINGS
) -> Volume:
    """A picture of one frame as a volume of shape (1, rows, columns).

    Raises InputError for several frames and for pixels that cannot be decoded.
    """
    if file.problem or file.pixels is None:
        raise InputError(f"{file.path}: {file.problem or 'holds no pixels'}.")
    if file.pixels.number_of_frames != 1:
        raise InputError(
            f"{file.path}: {file.pixels.number_of_frames} frames without a place in the patient; "
            "give single images."
        )
    pixels = read_pixels(file, limits)
    tags: dict[str, Any] = dict(file.tags)
    remarks = list(file.remarks)
    if file.pixels.samples_per_pixel > 1 or file.pixels.photometric == "PALETTE COLOR":
        array = _gray(pixels, file)
        tags["color"] = True
        remarks.append(Remark("color-picture", "A color picture, turned to gray; no radiograph."))
    else:
        array, done = projection_values(pixels, file, settings.apply_voi)
        tags["color"] = False
        if file.pixels.photometric == "MONOCHROME1":
            remarks.append(
                Remark("monochrome1", "MONOCHROME1: the values were turned over, bright is dense.")
            )
        if done:
            remarks.append(Remark("voi-applied", "The display window of the header was applied."))
    if file.kind == dicom_kinds.SECONDARY_CAPTURE:
        remarks.append(Remark("secondary-capture", "The file is a secondary capture."))
    geometry, noted = _geometry(file, tags)
    return Volume(
        array=array[np.newaxis],
        geometry=geometry,
        modality=file.modality,
        source_sha256=pixels.sha256,
        remarks=(*remarks, *noted),
        tags=tags,
    )


def _geometry(file: DicomFile, tags: dict[str, Any]) -> tuple[Geometry, list[Remark]]:
    """Grid in the plane of the picture. Spacing 0 or absent is unknown, not an error."""
    assert file.pixels is not None
    frame = file.frames[0]
    shape = (1, file.pixels.rows, file.pixels.columns)
    tags["spacing_source"] = frame.spacing_source
    if frame.pixel_spacing_mm is None:
        remark = Remark(
            "spacing-unknown",
            "Pixel Spacing is missing or zero: nothing can be measured in millimeters.",
        )
        return Geometry(shape, spacing_known=False), [remark]
    between_rows, between_columns = frame.pixel_spacing_mm
    remarks = []
    if frame.spacing_source == "ImagerPixelSpacing":
        remarks.append(
            Remark(
                "spacing-at-detector",
                "Only the spacing at the detector is known: lengths in the patient are smaller "
                "by the magnification (often 5 to 15 %).",
            )
        )
    if file.modality not in dicom_kinds.PROJECTION_MODALITIES:
        remarks.append(Remark("no-place", "The picture has no place in the patient."))
    return Geometry(shape, (between_columns, between_rows, 1.0)), remarks


def _gray(pixels: Pixels, file: DicomFile) -> np.ndarray:
    """Luminance of a color picture, uint8 or float32, shape (row, column)."""
    from pydicom.pixels import apply_color_lut, convert_color_space

    assert file.pixels is not None
    photometric = file.pixels.photometric
    colors = pixels.stored[0]
    try:
        if photometric == "PALETTE COLOR":
            colors = np.asarray(apply_color_lut(colors, pixels.dataset))
        elif photometric.startswith("YBR_FULL"):
            colors = convert_color_space(colors, "YBR_FULL", "RGB")
    except Exception as error:
        raise InputError(
            f"{file.path}: its colors cannot be read ({type(error).__name__})."
        ) from None
    gray = colors[..., :3].astype(np.float64) @ _LUMA
    return gray.astype(np.float32)
