"""What a folder holds, without decoding a pixel: files by content, series by their UIDs.

Links to folders are not followed, hidden files are passed over, and no path is ever made from
what a file says.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from MedImageLib.errors import InputError
from MedImageLib.reading.dicom_header import DicomFile, is_dicom, read_header
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits

_SUFFIXES = (
    (".nii", "nifti"),
    (".nii.gz", "nifti"),
    (".nrrd", "nrrd"),
    (".nhdr", "nrrd"),
    (".mha", "metaimage"),
    (".mhd", "metaimage"),
)
_DICOM_SUFFIXES = ("", ".dcm", ".dicom", ".ima", ".dc3")


@dataclass(frozen=True)
class SeriesSummary:
    """One series, or one file that is not DICOM.

    kind: `image`, `RTSTRUCT`, ... of DICOM objects; `nifti`, `nrrd`, `metaimage`, `png`, `jpeg`;
    `unreadable` where the header could not be read, `text` then says why.
    series_key, study_key, frame_of_reference_key: hashes that stand for UIDs; empty if none.
    """

    kind: str
    modality: str
    series_key: str
    number_of_files: int
    files: tuple[Path, ...]
    study_key: str = ""
    frame_of_reference_key: str = ""
    text: str = ""


def file_format(path: Path) -> str:
    """`dicom`, `nrrd`, `nifti`, `metaimage`, `png`, `jpeg` or empty, by content where it tells."""
    with path.open("rb") as stream:
        start = stream.read(348)
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if start.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if start.startswith(b"NRRD000"):
        return "nrrd"
    if start[128:132] == b"DICM":
        return "dicom"
    name = path.name.lower()
    for suffix, form in _SUFFIXES:
        if name.endswith(suffix):
            return form
    if start[344:348] in (b"n+1\0", b"n+2\0"):
        return "nifti"
    return "dicom" if is_dicom(path) else ""


def files_in(folder: Path, limits: Limits = DEFAULT_LIMITS) -> tuple[Path, ...]:
    """Regular files of a folder and its subfolders, sorted; hidden ones are passed over.

    Raises InputError when the folder cannot be read or holds more files or levels than allowed.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder.")
    found: list[Path] = []
    top = len(folder.parts)
    for place, subfolders, names in os.walk(folder, followlinks=False):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        here = Path(place)
        if len(here.parts) - top > limits.max_folder_depth:
            raise InputError(
                f"{folder}: subfolders are nested deeper than {limits.max_folder_depth} levels; "
                "give the folder that holds the images."
            )
        for name in sorted(names):
            path = here / name
            if not name.startswith(".") and _is_regular(path):
                found.append(path)
        if len(found) > limits.max_files:
            raise InputError(
                f"{folder}: more than {limits.max_files} files; give a smaller folder or raise "
                "max_files."
            )
    return tuple(found)


def scan_folder(folder: str | Path, limits: Limits = DEFAULT_LIMITS) -> tuple[SeriesSummary, ...]:
    """Series of a folder, told apart by their headers alone.

    Files that are no image and no DICOM object are passed over. Raises InputError for the folder
    itself only.
    """
    summaries: list[SeriesSummary] = []
    series: dict[tuple[str, str], list[DicomFile]] = defaultdict(list)
    for path in files_in(Path(folder), limits):
        form, header, text = identify(path, limits)
        if header is not None:
            series[header.kind, header.series_key].append(header)
        elif text:
            summaries.append(SeriesSummary("unreadable", "", "", 1, (path,), text=text))
        elif form:
            summaries.append(SeriesSummary(form, "", "", 1, (path,)))
    for (kind, key), files in series.items():
        tags = files[0].tags
        summaries.append(
            SeriesSummary(
                kind=kind,
                modality=files[0].modality,
                series_key=key,
                number_of_files=len(files),
                files=tuple(file.path for file in files),
                study_key=tags.get("study_key", ""),
                frame_of_reference_key=tags.get("frame_of_reference_key", ""),
            )
        )
    return tuple(sorted(summaries, key=lambda summary: str(summary.files[0])))


def identify(path: Path, limits: Limits) -> tuple[str, DicomFile | None, str]:
    """Format of a file, its DICOM header if it has one, and why it cannot be read.

    All three are empty for files that claim to be no image.
    """
    try:
        limits.check_file(path)
        form = file_format(path)
        if form == "dicom":
            return form, read_header(path, limits), ""
        if not form and path.suffix.lower() in _DICOM_SUFFIXES:
            raise InputError(f"{path}: neither a DICOM file nor a known image format.")
    except InputError as error:
        return "", None, str(error)
    except OSError as error:
        return "", None, f"{path}: cannot be read ({error.strerror})."
    return form, None, ""


def _is_regular(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
