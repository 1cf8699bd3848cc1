"""Volumes of contours as a DICOM SR (TID 1500), for archives that read measurements.

The same volumes of the same images are the same instance, whenever it is made.
"""

from __future__ import annotations

from pathlib import Path

from AutoContourLib.contours.contouring import Contours
from MedImageLib.errors import InputError
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.terminology import Code, structure
from MedImageLib.writing.dicom_sr import ReportedGroup, ReportedNumber, write_dicom_sr

VOLUME = Code("SCT", "118565006", "Volume")
_PROCEDURES = {
    "CT": Code("SCT", "77477000", "Computed Tomography"),
    "MR": Code("SCT", "113091000", "Magnetic Resonance Imaging"),
}
_SERIES_NUMBER = 906


def write_volume_report(contours: Contours, path: Path) -> Path:
    """Write the volume of every structure, mL, to one decimal.

    Raises InputError when the scan was not read from DICOM or its headers allow no SR.
    """
    source = contours.scan.tags.get("dicom_source")
    if not isinstance(source, DicomSource):
        raise InputError("A DICOM SR refers to a DICOM series; the scan is none.")
    milliliters = contours.scan.geometry.voxel_volume_mm3 / 1000
    volumes = {key: round(mask.sum() * milliliters, 1) for key, mask in contours.masks.items()}
    groups = []
    for key, volume in volumes.items():
        entry = structure(key)
        number = ReportedNumber(VOLUME, float(volume), "mL")
        groups.append(ReportedGroup(entry.tg263_name or entry.name, (number,), structure=entry))
    told = [f"{key} {contours.origin(key)} {volume}" for key, volume in volumes.items()]
    return write_dicom_sr(
        groups,
        source.files[0],
        path,
        procedure=_PROCEDURES.get(contours.scan.modality, _PROCEDURES["CT"]),
        description="Volumes of contours",
        series_number=_SERIES_NUMBER,
        seed="\n".join(told),
    )
