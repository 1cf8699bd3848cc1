"""Labeled head-and-neck CT for training: images in HU, drawn organs, patient-wise folds.

An index (CSV) names image and label map of each patient, which organs are whole, which are cut by
the volume's end and which were not drawn. What was not drawn is no background.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MedImageLib.errors import InputError, SettingsError
from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class CtSource:
    """One index of labeled CT volumes.

    names: class number of each organ name as the index and its label maps have it.
    """

    name: str = setting(help="Of the source.")
    index: str = setting(help="CSV below the data folder.")
    names: dict[str, int] = setting(help="Organ name → class number = label value.")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class CtCase:
    """A CT of one patient on its own grid.

    hu: int16 (k, j, i). labels: uint8, same shape. spacing_mm: along (k, j, i).
    drawn: class numbers with any contour. whole: those that the volume holds entirely.
    """

    id: str
    source: str
    fold: int
    hu: np.ndarray
    labels: np.ndarray
    spacing_mm: tuple[float, float, float]
    drawn: tuple[int, ...]
    whole: tuple[int, ...]


def read_cases(
    data_dir: Path, sources: Sequence[CtSource], folds: Sequence[int] | None = None
) -> list[CtCase]:
    """All cases, or those of some folds. Raises InputError naming what cannot be used."""
    cases = []
    for source in sources:
        index = data_dir / source.index
        if not index.is_file():
            raise InputError(f"The index {index} is not there; name the data folder with --data.")
        with index.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if folds is None or int(row["fold"]) in folds:
                    cases.append(_read_case(index.parent, source, row))
    if not cases:
        raise InputError(f"No labeled CT was found below {data_dir}; check the index names.")
    return cases


def _read_case(folder: Path, source: CtSource, row: dict[str, str]) -> CtCase:
    from MedImageLib.reading import read_image

    image, labels = (read_image(folder / row[column]) for column in ("ct", "oar"))
    if not image.geometry.same_grid(labels.geometry):
        raise InputError(f"{folder / row['ct']}: image and label map do not share one grid.")
    if not np.allclose(np.array(image.geometry.direction), np.eye(3), atol=1e-3):
        raise InputError(f"{folder / row['ct']}: axes must run left, posterior, superior.")
    whole = _numbers(source, row["labels_complete"])
    return CtCase(
        id=row["id"],
        source=source.name,
        fold=int(row["fold"]),
        hu=np.clip(np.rint(image.array), -1024, 3071).astype(np.int16),
        labels=labels.array.astype(np.uint8),
        spacing_mm=image.geometry.spacing_mm[::-1],
        drawn=tuple(sorted({*whole, *_numbers(source, row["labels_truncated"])})),
        whole=whole,
    )


def _numbers(source: CtSource, text: str) -> tuple[int, ...]:
    words = [word for word in text.split("|") if word]
    unknown = [word for word in words if word not in source.names]
    if unknown:
        raise SettingsError(f"{source.name}: no class number is given for {', '.join(unknown)}.")
    return tuple(sorted(source.names[word] for word in words))
