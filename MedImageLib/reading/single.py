"""One file, or a folder of one series: the image in it, or a reason why not."""

from __future__ import annotations

from pathlib import Path

from MedImageLib.errors import InputError
from MedImageLib.reading import dicom_kinds
from MedImageLib.reading.dicom_header import read_header
from MedImageLib.reading.folder import read_files, read_series_folder
from MedImageLib.reading.limits import DEFAULT_LIMITS, DEFAULT_SETTINGS, Limits, ReadingSettings
from MedImageLib.reading.projection import has_place, read_picture
from MedImageLib.reading.scan import file_format
from MedImageLib.volume import Volume, VolumeSequence


def read_image(
    path: str | Path, limits: Limits = DEFAULT_LIMITS, settings: ReadingSettings = DEFAULT_SETTINGS
) -> Volume:
    """The volume in a file (DICOM, NRRD, NIfTI, MHA/MHD, PNG, JPEG) or in a folder of one series.

    Raises InputError when there is none, or more than one, or a time sequence; GeometryError
    when slices do not form a volume.
    """
    image = read_any(path, limits, settings)
    if isinstance(image, VolumeSequence):
        raise InputError(
            f"{path}: holds {len(image.frames)} time frames, expected one volume; read it as a "
            "sequence."
        )
    return image


def read_sequence(
    path: str | Path, limits: Limits = DEFAULT_LIMITS, settings: ReadingSettings = DEFAULT_SETTINGS
) -> VolumeSequence:
    """The time sequence in a 4-D NIfTI or NRRD file, a multi-frame DICOM file or a DICOM folder.

    Index values are milliseconds from the R wave or from the first frame where the file says so,
    else phase numbers. Raises InputError when there is no sequence or more than one.
    """
    image = read_any(path, limits, settings)
    if isinstance(image, Volume):
        raise InputError(f"{path}: holds one volume, expected a time sequence of several.")
    return image


def read_any(
    path: str | Path, limits: Limits = DEFAULT_LIMITS, settings: ReadingSettings = DEFAULT_SETTINGS
) -> Volume | VolumeSequence:
    """The volume or the time sequence at a path. Raises InputError when there is neither."""
    path = Path(path)
    if path.is_dir():
        return _only_image_of_folder(path, limits, settings)
    limits.check_file(path)
    if file_format(path) != "dicom":
        return read_plain(path, limits)
    file = read_header(path, limits)
    if file.kind not in dicom_kinds.PICTURE_KINDS:
        raise InputError(f"{path}: a DICOM object of kind {file.kind}, expected an image.")
    if not has_place(file):
        return read_picture(file, limits, settings)
    found = read_files([file], limits, settings)
    if found.images and len(found.images) == 1:
        return found.images[0]
    if found.refused:
        raise InputError(found.refused[0].text)
    raise InputError(f"{path}: holds {len(found.images)} stacks; read it with read_series_folder.")


def read_plain(path: Path, limits: Limits) -> Volume | VolumeSequence:
    """A file that is not DICOM, by its content; InputError when it is no known format."""
    limits.check_file(path)
    form = file_format(path)
    if form in ("png", "jpeg"):
        from MedImageLib.reading.pictures import read_picture_file

        return read_picture_file(path, limits)
    if form == "nifti":
        from MedImageLib.reading.nifti import read_nifti

        return read_nifti(path, limits)
    if form in ("nrrd", "metaimage"):
        from MedImageLib.reading import itk_formats

        read = itk_formats.read_nrrd if form == "nrrd" else itk_formats.read_metaimage
        return read(path, limits)
    raise InputError(
        f"{path}: neither DICOM, NRRD, NIfTI, MHA/MHD, PNG nor JPEG; convert it to one of them."
    )


def _only_image_of_folder(
    folder: Path, limits: Limits, settings: ReadingSettings
) -> Volume | VolumeSequence:
    contents = read_series_folder(folder, limits, settings)
    if len(contents.images) == 1:
        return contents.images[0]
    if not contents.images:
        kinds = sorted({other.kind for other in contents.objects})
        reason = contents.refused[0].text if contents.refused else "no image files"
        also = f" Other objects there: {', '.join(kinds)}." if kinds else ""
        raise InputError(f"{folder}: no image could be read: {reason}{also}")
    raise InputError(
        f"{folder}: holds {len(contents.images)} series or stacks, expected one; give the folder "
        "of one series or read all with read_series_folder."
    )
