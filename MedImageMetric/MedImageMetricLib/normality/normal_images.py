"""Normal scans to learn from: all of a folder, or those that the tables of data sets name.

Patients, not images, are split: a part trains the model, another part, held out, sets its
threshold. In a plain folder every subfolder is a patient, and every file beside them.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedImageLib.errors import InputError, MedImageError
from MedImageLib.reading import read_any
from MedImageLib.reading.scan import scan_folder
from MedImageLib.volume import Volume, VolumeSequence
from MedImageMetricLib.normality.view import ImageView, planes_of


@dataclass(frozen=True)
class NormalSource:
    """A table of a data set and which of its rows are normal.

    index: path of the CSV, relative to the data folder. where: column → accepted values.
    at_least, below: column → bound of its number; rows without a number are left out. stack: the
    columns whose equal values join pictures to one scan; none: each picture is a scan.
    """

    name: str
    index: str
    image_column: str = "file"
    where: dict[str, list[str]] | None = None
    at_least: dict[str, float] | None = None
    below: dict[str, float] | None = None
    stack: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class NormalScan:
    """One normal scan in the view of a model.

    planes: (k, side, side) on the view's gray scale. fold: 0 … 4, of the patient.
    """

    id: str
    patient: str
    source: str
    fold: int
    planes: np.ndarray


def read_normal_sources(
    data_dir: Path, sources: Sequence[NormalSource], view: ImageView
) -> list[NormalScan]:
    """All normal scans of the tables. Raises InputError when there is none."""
    scans: list[NormalScan] = []
    for source in sources:
        index = data_dir / source.index
        try:
            with open(index, newline="", encoding="utf-8") as stream:
                rows = [row for row in csv.DictReader(stream) if is_normal_row(row, source)]
        except OSError as error:
            raise InputError(f"{index}: cannot be read ({error.strerror}).") from error
        joined: dict[tuple[str, ...], list[dict[str, str]]] = {}
        for row in rows:
            joined.setdefault(tuple(row[c] for c in source.stack or ("id",)), []).append(row)
        for key, members in joined.items():
            planes = [
                planes_of(_volume(index.parent / row[source.image_column]), view)[0]
                for row in members
            ]
            first = members[0]
            scans.append(
                NormalScan(
                    "_".join(key),
                    first["patient"],
                    source.name,
                    int(first["fold"]),
                    np.concatenate(planes),
                )
            )
    if not scans:
        raise InputError(f"{data_dir}: none of the tables names a normal scan there.")
    return scans


def read_normal_folder(
    folder: Path, view: ImageView, say: Callable[[str], None] = print
) -> list[NormalScan]:
    """All images of a folder, each series a scan; what cannot be read is said and left out.

    The fold of a patient follows from the name alone. Raises InputError for a folder without
    any usable image.
    """
    scans = []
    for series in scan_folder(folder):
        if series.kind not in ("image", "nifti", "nrrd", "metaimage", "png", "jpeg"):
            continue
        path = series.files[0]
        try:
            volume = _volume(path.parent if len(series.files) > 1 else path)
            planes, _ = planes_of(volume, view)
        except MedImageError as error:
            say(f"left out: {error}")
            continue
        inside = path.relative_to(folder)
        patient = inside.parts[0] if len(inside.parts) > 1 else inside.stem
        scans.append(NormalScan(str(inside), patient, folder.name, fold_of_name(patient), planes))
    if not scans:
        raise InputError(f"{folder}: no usable image. Name a folder of normal scans of one kind.")
    return scans


def fold_of_name(patient: str) -> int:
    """0 … 4, always the same for a name."""
    return int(hashlib.sha256(patient.encode()).hexdigest(), 16) % 5


def _volume(path: Path) -> Volume:
    image = read_any(path)
    if isinstance(image, VolumeSequence):
        first = image.frames[0]
        raise InputError(
            f"{path}: {len(image.frames)} time frames of shape {first.array.shape}; "
            "give single volumes or pictures to learn from."
        )
    return image


def is_normal_row(row: dict[str, str], source: NormalSource) -> bool:
    """Whether a row of the table fulfills all conditions of the source."""

    def number(column: str) -> float | None:
        try:
            return float(row[column])
        except (KeyError, ValueError):
            return None

    for column, accepted in (source.where or {}).items():
        if row.get(column, "") not in accepted:
            return False
    for column, bound in (source.at_least or {}).items():
        value = number(column)
        if value is None or value < bound:
            return False
    for column, bound in (source.below or {}).items():
        value = number(column)
        if value is None or value >= bound:
            return False
    return True
