"""The record that a study was processed, kept beside its results in the server that holds them.

A Key Object Selection (PS3.3 A.35.4, title Manifest) that lists the results. It is stored after
them, so that where it is, they are. Its UIDs are made from what was processed: the instance's from
the content of the images, the series' from their UIDs. So whether a study was processed can be
asked of the server alone, by content hash, and before a single image is fetched.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import pydicom

from MedImageLib import __version__
from MedImageLib.errors import InputError
from MedImageLib.writing.atomic import finished_file

_SERIES_NUMBER = 990


def record_series_uid(study_instance_uid: str, instance_uids: Iterable[str]) -> str:
    """UID of the series of records for exactly these images."""
    return _uid("record of images", study_instance_uid, *sorted(instance_uids))


def record_instance_uid(study_instance_uid: str, content_sha256: str) -> str:
    """UID of the record for images of that content."""
    return _uid("record of content", study_instance_uid, content_sha256)


def write_record(
    results: Sequence[Path],
    source: Path,
    instance_uids: Iterable[str],
    content_sha256: str,
    path: Path,
) -> Path:
    """Write the record of a processed study to `path`.

    results: DICOM files made of it; where there are none, the record refers to the source.
    source: one of its images. Raises InputError for headers that cannot be referred to.
    """
    import highdicom
    from highdicom.sr.coding import CodedConcept

    try:
        image = pydicom.dcmread(source, stop_before_pixels=True)
        made = [pydicom.dcmread(one, stop_before_pixels=True) for one in results] or [image]
        study = str(image.StudyInstanceUID)
        content = highdicom.ko.KeyObjectSelection(
            document_title=CodedConcept("113030", "DCM", "Manifest"),
            referenced_objects=made,
            description=f"Processed by MedImage {__version__}; content SHA-256 {content_sha256}",
        )
        record = highdicom.ko.KeyObjectSelectionDocument(
            # The evidence gives patient and study to the document.
            evidence=[_of_study(one, image) for one in made],
            content=content,
            series_instance_uid=record_series_uid(study, instance_uids),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=record_instance_uid(study, content_sha256),
            instance_number=1,
            manufacturer="MedImage",
        )
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise InputError(
            f"{source.name}: its header does not allow a record that refers to it ({error})."
        ) from error
    record.SeriesDescription = "MedImage: processed"
    record.SoftwareVersions = __version__
    with finished_file(path) as temporary:
        record.save_as(temporary)
    return path


def _of_study(made: pydicom.Dataset, image: pydicom.Dataset) -> pydicom.Dataset:
    # Attributes of type 2 that a result may lack are those of the study.
    for name in ("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "PatientSex"):
        if name not in made:
            setattr(made, name, image.get(name, ""))
    for name in ("PatientBirthDate", "ReferringPhysicianName", "PatientID", "PatientName"):
        if name not in made:
            setattr(made, name, image.get(name, ""))
    return made


def _uid(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(["MedImage", *parts]).encode()).digest()[:16]
    return f"2.25.{uuid.UUID(bytes=digest, version=5).int}"
