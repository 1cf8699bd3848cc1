"""Training samples from an index file, with what was drawn on each of them.

An index is a CSV beside its images with the columns id, patient, fold, an image column and a
label column. Structures that were not drawn on an image are no background: every sample names
the classes that were drawn; pixels of which nothing is known hold UNKNOWN, those of which only a
box tells the number of their bag.
"""

from __future__ import annotations

import csv
import importlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from MedImageLib.errors import InputError, SettingsError
from MedImageLib.intensity import normalized_by_ranks

Change = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]

UNKNOWN = 255  # label of pixels that take no part in training and scoring
FIRST_BAG = 128  # from here to UNKNOWN: numbers of bags, some of whose pixels are of a drawn class


@dataclass(frozen=True)
class Source:
    """One index of labeled images.

    index: path of the CSV, relative to the data folder; empty for generated images.
    generator: function `package.module:name` (count, seed) → samples as `GeneratedSample`, for
        images that the product makes itself. count, seed: its arguments.
    image_column, label_column: names of the columns with file names relative to the index;
        an empty label column declares every image empty of all drawn structures.
    drawn: class numbers drawn on its images.
    drawn_column: column that lists drawn structures joined by `+`, when it differs by image.
    drawn_names: class number of each name in that column.
    rename: stored label value → class number, where they differ (others become background).
    parts: for label columns that list one mask file per structure joined by `;`: ending of the
        file stem → class number, painted in this order (0 erases).
    weight: how often its images are drawn in an epoch, relative to the others; 0 = only scored.
    whole_weight: factor of the weight of images on which every class of the source was drawn.
    spacing_columns: two columns with the pixel spacing (row, column) in mm, or none.
    assumed_spacing_mm: where the columns are empty; 0 = pixels stay pixels.
    fold: `column` reads the column, `never` keeps images in training in every fold (other
        origin, never scored).
    where: column → accepted values; other rows are left out.
    reading: path of a second CSV, relative to the data folder, that is joined by `id`; images
        that it does not name are left out.
    drawing: function `package.module:name` of (image, row, folder of the reading) → label map,
        or None to leave the image out; for what was read as numbers or polygons, not painted.
    change: function `package.module:name` of (image 0 … 1, label, generator) → (image, label)
        that brings into every view of an image what real images lack, as drawn objects.
    crops: function `package.module:name` of a sample → samples, for networks that see parts of an
        image on grids of their own; an image without any is left out.
    """

    name: str
    index: str = ""
    generator: str = ""
    count: int = 0
    seed: int = 0
    image_column: str = "file"
    label_column: str = "label_file"
    drawn: tuple[int, ...] = (1,)
    drawn_column: str = ""
    drawn_names: dict[str, int] | None = None
    rename: dict[str, int] | None = None
    parts: dict[str, int] | None = None
    weight: float = 1.0
    whole_weight: float = 1.0
    spacing_columns: tuple[str, ...] = ()
    assumed_spacing_mm: float = 0.0
    fold: str = "column"
    where: dict[str, list[str]] | None = None
    reading: str = ""
    drawing: str = ""
    change: str = ""
    crops: str = ""


@dataclass(frozen=True, eq=False)
class Sample:
    """One labeled image on its own grid.

    image: float32 array (j, i) or (k, j, i); label: uint8 array of the same shape, UNKNOWN where
    nobody looked, FIRST_BAG and above where a box tells that something is there (see `bags`).
    drawn: class numbers that were drawn.
    spacing_mm: along array axes; 1 where unknown (`spacing_known`).
    fold: −1 for images that no fold scores. center: array index to look at where the label map
    does not tell. change: what is drawn into every view, see `Source`.
    """

    id: str
    patient: str
    source: str
    fold: int
    image: np.ndarray
    label: np.ndarray
    drawn: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    spacing_known: bool
    weight: float
    group: str = ""
    center: tuple[float, ...] | None = None
    change: Change | None = None


@dataclass(frozen=True, eq=False)
class GeneratedSample:
    """One generated image with its label map; `center` (array index) where to look if empty."""

    id: str
    patient: str
    image: np.ndarray
    label: np.ndarray
    spacing_mm: tuple[float, ...]
    center: tuple[float, ...] | None = None


def read_samples(data_dir: Path, sources: Sequence[Source]) -> list[Sample]:
    """All samples of all sources. Raises InputError naming the row that cannot be used."""
    samples: list[Sample] = []
    for source in sources:
        read = _generated(source) if source.generator else _read_source(data_dir, source)
        samples.extend(read)
    if not samples:
        raise InputError(f"No labeled image was found below {data_dir}; check the index names.")
    return samples


def _read_source(data_dir: Path, source: Source) -> Iterator[Sample]:
    index = data_dir / source.index
    if not index.is_file():
        raise InputError(f"The index {index} is not there; sources name a CSV in the data folder.")
    reading = _reading(data_dir / source.reading) if source.reading else None
    draw = _named(source.name, "drawing", source.drawing) if source.drawing else None
    change = _named(source.name, "change", source.change) if source.change else None
    crops = _named(source.name, "crops", source.crops) if source.crops else None
    with index.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if reading is not None:
                if row["id"] not in reading:
                    continue
                row = {**reading[row["id"]], **row}
            if source.where and any(row[c] not in v for c, v in source.where.items()):
                continue
            sample = replace(_read_row(index.parent, source, row), change=change)
            if draw is not None:
                label = draw(sample.image, row, (data_dir / source.reading).parent)
                if label is None:
                    continue
                sample = replace(sample, label=np.asarray(label, np.uint8))
            yield from [sample] if crops is None else crops(sample)


def _reading(path: Path) -> dict[str, dict[str, str]]:
    """Rows of the second CSV by id."""
    if not path.is_file():
        raise InputError(f"The reading {path} is not there; sources name a CSV in the data folder.")
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def _read_row(folder: Path, source: Source, row: dict[str, str]) -> Sample:
    # Here and not above, so that settings can be checked without the image libraries.
    from MedImageLib.reading import read_image

    image = np.squeeze(read_image(folder / row[source.image_column]).array).astype(np.float32)
    if source.parts:
        label = _painted(folder, row[source.label_column].split(";"), source.parts, image.shape)
    elif source.label_column and not source.drawing:
        stored = np.squeeze(read_image(folder / row[source.label_column]).array)
        label = _renamed(stored, source.rename)
    else:
        label = np.zeros(image.shape, np.uint8)
    if label.shape != image.shape:
        raise InputError(
            f"{folder / row[source.image_column]}: the label map has shape {label.shape}, "
            f"the image {image.shape}; both must share one grid."
        )
    spacing = [row.get(column, "") for column in source.spacing_columns]
    known = bool(spacing) and all(spacing)
    fallback = source.assumed_spacing_mm or 1.0
    drawn = _drawn(source, row)
    everything = set((source.drawn_names or {}).values()) or set(source.drawn)
    return Sample(
        id=row["id"],
        patient=row.get("patient") or row["id"],
        source=source.name,
        fold=int(row["fold"]) if source.fold == "column" and row.get("fold") else -1,
        image=image,
        label=label,
        drawn=drawn,
        spacing_mm=tuple(map(float, spacing)) if known else (fallback,) * image.ndim,
        spacing_known=known,
        weight=source.weight * (source.whole_weight if set(drawn) == everything else 1.0),
        group=row.get("cardiac_phase", "") or "",
    )


def _generated(source: Source) -> Iterator[Sample]:
    generate = _named(source.name, "generator", source.generator)
    for made in generate(source.count, source.seed):
        yield Sample(
            id=made.id,
            patient=made.patient,
            source=source.name,
            fold=-1,
            image=np.asarray(made.image, np.float32),
            label=_renamed(made.label, source.rename),
            drawn=source.drawn,
            spacing_mm=made.spacing_mm,
            spacing_known=True,
            weight=source.weight,
            center=made.center,
        )


def _named(source: str, what: str, name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"{source}: there is no {what} {name} ({error}).") from error


def _drawn(source: Source, row: dict[str, str]) -> tuple[int, ...]:
    if not source.drawn_column:
        return source.drawn
    names = source.drawn_names or {}
    words = [word for word in row[source.drawn_column].split("+") if word]
    unknown = [word for word in words if word not in names]
    if unknown:
        raise SettingsError(
            f"{source.name}: column {source.drawn_column} names {unknown}, "
            f"but drawn_names knows only {sorted(names)}."
        )
    return tuple(sorted(names[word] for word in words))


def _renamed(stored: np.ndarray, rename: dict[str, int] | None) -> np.ndarray:
    if rename is None:
        return stored.astype(np.uint8)
    label = np.zeros(stored.shape, np.uint8)
    for value, number in rename.items():
        label[stored == int(value)] = number
    return label


def _painted(
    folder: Path, files: Sequence[str], parts: dict[str, int], shape: tuple[int, ...]
) -> np.ndarray:
    from MedImageLib.reading import read_image

    label = np.zeros(shape, np.uint8)
    for ending, number in parts.items():
        for file in files:
            if Path(file).stem.endswith("_" + ending):
                label[np.squeeze(read_image(folder / file).array) > 0] = number
    return label


def changed_once(sample: Sample) -> Sample:
    """The sample as it is scored: what is drawn into it depends on its id alone."""
    if sample.change is None:
        return sample
    generator = np.random.default_rng(zlib.crc32(f"{sample.source}/{sample.id}".encode()))
    image, label = sample.change(normalized_by_ranks(sample.image), sample.label, generator)
    return replace(sample, image=image, label=label, change=None)


def drawn_mask(samples: Sequence[Sample], classes: int) -> Tensor:
    """(sample, class) bool: True where the class was drawn; background counts as drawn."""
    mask = torch.zeros(len(samples), classes, dtype=torch.bool)
    mask[:, 0] = True
    for row, sample in enumerate(samples):
        mask[row, list(sample.drawn)] = True
    return mask
