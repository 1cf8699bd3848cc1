"""A folder of anything: every image read, every other object named, every failure reported."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from MedImageLib.errors import InputError, Remark
from MedImageLib.reading import dicom_kinds
from MedImageLib.reading import dicom_values as values
from MedImageLib.reading.dicom_header import DicomFile, read_dataset
from MedImageLib.reading.dicom_series import Refused, SeriesImages, read_series
from MedImageLib.reading.limits import DEFAULT_LIMITS, DEFAULT_SETTINGS, Limits, ReadingSettings
from MedImageLib.reading.projection import has_place, read_picture
from MedImageLib.reading.scan import files_in, identify
from MedImageLib.volume import Volume, VolumeSequence


@dataclass(frozen=True)
class OtherObject:
    """A DICOM object that is no volume: `RTSTRUCT`, `SEG`, `SR`, `secondary-capture`, ..."""

    kind: str
    path: Path
    modality: str = ""
    series_key: str = ""


@dataclass(frozen=True, eq=False)
class FolderContents:
    """All that a folder holds. Files that claim to be no image at all are not mentioned."""

    images: tuple[Volume | VolumeSequence, ...]
    refused: tuple[Refused, ...]
    objects: tuple[OtherObject, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def volumes(self) -> tuple[Volume, ...]:
        return tuple(image for image in self.images if isinstance(image, Volume))

    @property
    def sequences(self) -> tuple[VolumeSequence, ...]:
        return tuple(image for image in self.images if isinstance(image, VolumeSequence))


def read_series_folder(
    folder: str | Path,
    limits: Limits = DEFAULT_LIMITS,
    settings: ReadingSettings = DEFAULT_SETTINGS,
) -> FolderContents:
    """Every image in a folder and its subfolders, series told apart by UID and geometry.

    A file that cannot be read is listed under `refused` and loses no other. Raises InputError
    for the folder itself only: absent, too many files, too deep.
    """
    folder = Path(folder)
    paths = files_in(folder, limits)
    images: list[Volume | VolumeSequence] = []
    refused: list[Refused] = []
    objects: list[OtherObject] = []
    remarks: list[Remark] = []
    series: dict[str, list[DicomFile]] = defaultdict(list)
    for path in paths:
        form, header, text = identify(path, limits)
        if text:
            refused.append(Refused(str(path), text))
        elif header is None:
            if form:
                _read_plain(path, limits, images, refused)
        elif header.kind == dicom_kinds.IMAGE:
            series[header.series_key].append(header)
        else:
            objects.append(OtherObject(header.kind, path, header.modality, header.series_key))
            if header.kind == dicom_kinds.DICOMDIR:
                remarks.extend(_missing_of_dicomdir(path, folder, paths, limits))
    for files in series.values():
        found = read_files(files, limits, settings)
        images.extend(found.images)
        refused.extend(found.refused)
    return FolderContents(tuple(images), tuple(refused), tuple(objects), tuple(remarks))


def read_files(files: list[DicomFile], limits: Limits, settings: ReadingSettings) -> SeriesImages:
    """Images of the files of one series: stacks where they have a place, else pictures."""
    pictures = [file for file in files if not has_place(file)]
    stacked = read_series([file for file in files if has_place(file)], limits, settings)
    images, refused = list(stacked.images), list(stacked.refused)
    for file in pictures:
        try:
            images.append(read_picture(file, limits, settings))
        except InputError as error:
            refused.append(Refused(str(file.path), str(error)))
    return SeriesImages(tuple(images), tuple(refused))


def _read_plain(
    path: Path, limits: Limits, images: list[Volume | VolumeSequence], refused: list[Refused]
) -> None:
    from MedImageLib.reading.single import read_plain

    try:
        images.append(read_plain(path, limits))
    except InputError as error:
        refused.append(Refused(str(path), str(error)))


def _missing_of_dicomdir(
    path: Path, folder: Path, paths: tuple[Path, ...], limits: Limits
) -> tuple[Remark, ...]:
    """Compares names that the DICOMDIR lists with files that are here; opens none of them."""
    dataset, _ = read_dataset(path, limits)
    here = {
        file.relative_to(path.parent).as_posix().upper()
        for file in paths
        if file.is_relative_to(path.parent)
    }
    listed = set()
    for record in values.items(dataset, "DirectoryRecordSequence"):
        parts = values.texts(record, "ReferencedFileID")
        if parts:
            listed.add("/".join(parts))
    missing = len(listed - here)
    if not missing:
        return ()
    return (
        Remark(
            "dicomdir-missing-files",
            f"{missing} of {len(listed)} files that a DICOMDIR names are not in the folder.",
        ),
    )
