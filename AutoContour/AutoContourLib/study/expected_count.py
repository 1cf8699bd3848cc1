"""How many instances of a study are still to come, as its own objects tell.

PS3.3 and PS3.4 know the number of instances of a study (0020,1208) and of a series (0020,1209),
which archives put into what they send; an RTSTRUCT names every image that its contours lie on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pydicom.dataset import Dataset

from AutoContourLib.study.source import ArrivedStudy
from MedImageLib.errors import InputError
from MedImageLib.reading import dicom_values as values
from MedImageLib.reading.dicom_header import read_dataset
from MedImageLib.reading.limits import DEFAULT_LIMITS
from MedImageLib.reading.scan import SeriesSummary

_NOT_DICOM = ("nifti", "nrrd", "metaimage", "png", "jpeg", "unreadable")


def missing_instances(study: ArrivedStudy) -> int:
    """Instances that the study's objects tell of and that are not there; 0 where none tells."""
    return _missing(study.series, study.fingerprint)


# A study that waits is asked at every look, and headers are slow to read.
@lru_cache(maxsize=16)
def _missing(series: tuple[SeriesSummary, ...], fingerprint: str) -> int:
    dicom = [one for one in series if one.kind not in _NOT_DICOM and one.files]
    arrived = sum(one.number_of_files for one in dicom)
    of_study, of_series, named = 0, 0, set()
    for one in dicom:
        header = _header(one.files[0])
        if header is None:
            continue
        of_study = max(of_study, values.integer(header, "NumberOfStudyRelatedInstances", 0))
        told = values.integer(header, "NumberOfSeriesRelatedInstances", 0)
        of_series += max(0, told - one.number_of_files)
        if one.kind == "RTSTRUCT":
            named |= {uid for path in one.files for uid in _named_images(path)}
    absent = named - _uids(dicom) if named else set()
    return max(of_study - arrived, of_series, len(absent), 0)


def _header(path: Path) -> Dataset | None:
    try:
        return read_dataset(path, DEFAULT_LIMITS)[0]
    except (InputError, OSError):
        return None  # the processing says what is wrong with it


def _named_images(path: Path) -> Iterator[str]:
    header = _header(path)
    for frame in values.items(header, "ReferencedFrameOfReferenceSequence") if header else ():
        for study in values.items(frame, "RTReferencedStudySequence"):
            for series in values.items(study, "RTReferencedSeriesSequence"):
                for image in values.items(series, "ContourImageSequence"):
                    yield values.uid(image, "ReferencedSOPInstanceUID")[0]


def _uids(series: list[SeriesSummary]) -> set[str]:
    headers = (_header(path) for one in series if one.kind == "image" for path in one.files)
    return {values.uid(one, "SOPInstanceUID")[0] for one in headers if one is not None}
