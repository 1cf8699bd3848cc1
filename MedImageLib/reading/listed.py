"""The images of files that are already known to belong together, such as a case of a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from MedImageLib.errors import InputError
from MedImageLib.reading import dicom_kinds
from MedImageLib.reading.dicom_header import DicomFile
from MedImageLib.reading.folder import read_files
from MedImageLib.reading.limits import DEFAULT_LIMITS, DEFAULT_SETTINGS, Limits, ReadingSettings
from MedImageLib.reading.scan import identify
from MedImageLib.reading.single import read_any
from MedImageLib.volume import Volume, VolumeSequence


def read_listed(
    files: Sequence[Path],
    limits: Limits = DEFAULT_LIMITS,
    settings: ReadingSettings = DEFAULT_SETTINGS,
) -> tuple[Volume | VolumeSequence, ...]:
    """Images of the files, series told apart; refused files raise when nothing else is left.

    Raises InputError naming the first file that could not be read when no image was found.
    """
    series: dict[str, list[DicomFile]] = defaultdict(list)
    images: list[Volume | VolumeSequence] = []
    reasons: list[str] = []
    for path in files:
        form, header, text = identify(path, limits)
        if text:
            reasons.append(text)
        elif header is None:
            images.append(read_any(path, limits, settings))
        elif header.kind == dicom_kinds.IMAGE:
            series[header.series_key].append(header)
        else:
            reasons.append(f"{path.name}: a {header.kind} object, not an image ({form}).")
    for members in series.values():
        found = read_files(members, limits, settings)
        images.extend(found.images)
        reasons.extend(refused.text for refused in found.refused)
    if not images:
        raise InputError(reasons[0] if reasons else "No files were given; expected images.")
    return tuple(images)
