"""Whom a written DICOM object belongs to: a synthetic patient, a study, a series, and their UIDs.

Nothing here comes from a person. UIDs are under the root 2.25 (PS3.5 B.2) and, where a seed is
given, the same each time.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from MedImageLib import __version__
from MedImageLib.errors import SettingsError

NOT_A_PERSON = "Generated phantom, no person. For research use only."


@dataclass(frozen=True)
class DicomStudy:
    """The synthetic patient and one study of it.

    patient_name: family^given. patient_id, study_id, description: short texts. date: YYYYMMDD,
    time: HHMMSS. token: what all UIDs are made from; random unless given.
    """

    patient_name: str = "Phantom^Unnamed"
    patient_id: str = "PHANTOM"
    description: str = "Phantom study"
    date: str = "20260101"
    time: str = "120000"
    study_id: str = "1"
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if len(self.date) != 8 or not self.date.isdigit():
            raise SettingsError(f"A DICOM date is written YYYYMMDD, got {self.date!r}.")
        if len(self.time) != 6 or not self.time.isdigit():
            raise SettingsError(f"A DICOM time is written HHMMSS, got {self.time!r}.")

    @classmethod
    def of_seed(
        cls, seed: int, description: str = "Phantom study", date: str = "20260101"
    ) -> DicomStudy:
        """The study of a seed: the same name and UIDs each time.

        >>> DicomStudy.of_seed(7).patient_name
        'Phantom^Seed7'
        """
        return cls(
            patient_name=f"Phantom^Seed{seed}",
            patient_id=f"PHANTOM{seed}",
            description=description,
            date=date,
            token=f"seed {seed}, {description}, {date}",
        )

    def uid(self, *parts: object) -> str:
        """A UID of this study for something that the parts name."""
        text = "\n".join(["MedImage", self.token, *map(str, parts)])
        digest = hashlib.sha256(text.encode()).digest()[:16]
        return f"2.25.{uuid.UUID(bytes=digest, version=5).int}"


@dataclass(frozen=True)
class DicomSeries:
    """One series of a study.

    number: Series Number, also part of its UIDs. frame_of_reference: series that name the same
    one share Frame of Reference UID; empty means one of its own. body_part: DICOM's term
    (PS3.16 Annex L). window: center and width for display, or None.
    """

    number: int = 1
    description: str = "Phantom"
    frame_of_reference: str = ""
    body_part: str = "CHEST"
    window: tuple[float, float] | None = None


def common_attributes(study: DicomStudy, series: DicomSeries, modality: str) -> Dataset:
    """Patient, General Study, General Series and General Equipment modules (PS3.3 C.7)."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = study.patient_name
    dataset.PatientID = study.patient_id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    dataset.PatientComments = NOT_A_PERSON
    dataset.StudyInstanceUID = study.uid("study")
    dataset.StudyDate = study.date
    dataset.StudyTime = study.time
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = study.study_id
    dataset.AccessionNumber = ""
    dataset.StudyDescription = study.description
    dataset.Modality = modality
    dataset.SeriesInstanceUID = study.uid("series", series.number)
    dataset.SeriesNumber = series.number
    dataset.SeriesDescription = series.description
    dataset.SeriesDate = study.date
    dataset.SeriesTime = study.time
    dataset.BodyPartExamined = series.body_part
    dataset.Manufacturer = "MedImage"
    dataset.ManufacturerModelName = "Phantom generator"
    dataset.SoftwareVersions = __version__
    dataset.DeviceSerialNumber = "0"
    dataset.InstitutionName = ""
    dataset.ContentDate = study.date
    dataset.ContentTime = study.time
    dataset.AcquisitionDate = study.date
    dataset.AcquisitionTime = study.time
    dataset.AcquisitionNumber = 1
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.ImageComments = NOT_A_PERSON
    return dataset
