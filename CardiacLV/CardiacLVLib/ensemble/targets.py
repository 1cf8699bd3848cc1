"""What the networks learn from: labeled frames and their indices along any direction.

Indices are measured by the function that measures a segmentation, on contours that are kept, so
that a crop turned at random has exact targets. What was not drawn has no target (NaN); `origin`
tells how the labels came about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from CardiacLVLib.measures.indices import (
    CAVITY,
    INDEX_NAMES,
    MYOCARDIUM,
    VentricleOutline,
    indices_of,
    outline_ventricle,
)
from MedImageLib.intensity import normalized_by_ranks
from MedImageLib.network.evaluation import named_function
from MedImageLib.network.samples import Source, read_samples
from MedImageLib.phantom.cine import CineSettings, GeneratedCine, generate_cine

# Of the display that all labeled sets use: septum at the left and a little up.
USUAL_INSERTION_DEG = -101.0
WALL_INDICES = tuple(
    n for n, name in enumerate(INDEX_NAMES) if name.startswith(("myocardium", "rwt"))
)
DRAWN_BY_PEOPLE = "drawn by people; indices measured from the label's contours"
GENERATED = "generated; indices measured from exact labels"
_GENERATED_PHASES = 6  # frames of each generated beat
_KEPT_PHASES = (0, 1, 2, 4)


@dataclass(frozen=True, eq=False)
class TargetFrame:
    """One labeled frame.

    image: float32 (row, column), 0 … 1. labels: uint8, 1 cavity, 2 myocardium. drawn: which of
    them were drawn. spacing_mm: of (row, column); spacing_known: else assumed. center: (row,
    column) of the cavity's centroid. insertion_deg: direction to the anterior insertion (angles
    as in `indices`). weight: how often it is drawn, relative to others.
    """

    id: str
    patient: str
    source: str
    fold: int
    phase: str
    image: np.ndarray
    labels: np.ndarray
    drawn: tuple[int, ...]
    spacing_mm: tuple[float, float]
    spacing_known: bool
    center: tuple[float, float]
    insertion_deg: float
    outline: VentricleOutline
    weight: float
    origin: str

    def indices(self, turn_deg: float = 0.0) -> np.ndarray:
        """Eleven indices (mm², mm) along a direction turned from the insertion; NaN: not drawn."""
        vector = indices_of(self.outline, self.insertion_deg + turn_deg).vector()
        if MYOCARDIUM not in self.drawn:
            vector[list(WALL_INDICES)] = np.nan
        return vector


def labeled_frames(data_dir: Path, sources: Sequence[Source]) -> list[TargetFrame]:
    """Frames of index files and of generators; those without a cavity are left out.

    A source's generator is a function of a seed, such as `generated_frames`.
    """
    frames: list[TargetFrame] = []
    for source in sources:
        if source.generator:
            generate = named_function(source.generator)
            for seed in range(source.seed, source.seed + source.count):
                frames += [
                    replace(frame, source=source.name, weight=source.weight)
                    for frame in generate(seed)
                ]
        else:
            frames += _read(data_dir, source)
    return frames


def squeezed(frame: TargetFrame, log_ratio: float) -> TargetFrame:
    """The same pixels taken as oblong, so that a round ventricle becomes oval; targets follow.

    log_ratio: logarithm of the new ratio of column to row spacing over the old one.
    """
    j_mm, i_mm = frame.spacing_mm
    spacing = (j_mm * float(np.exp(-log_ratio / 2)), i_mm * float(np.exp(log_ratio / 2)))
    outline = outline_ventricle(frame.labels, (spacing[1], spacing[0]))
    assert outline is not None
    angle = np.deg2rad(frame.insertion_deg)
    moved = np.arctan2(spacing[0] / j_mm * np.sin(angle), spacing[1] / i_mm * np.cos(angle))
    return replace(
        frame, spacing_mm=spacing, outline=outline, insertion_deg=float(np.rad2deg(moved))
    )


def generated_frames(seed: int, settings: CineSettings | None = None) -> Iterator[TargetFrame]:
    """Planes of one generated cine at end diastole, end systole and between.

    Papillary muscles belong to the cavity; the insertion is that of the right ventricle's label.
    """
    settings = settings or CineSettings(frames=_GENERATED_PHASES)
    cine = generate_cine(replace(settings, seed=seed))
    phases = len(cine.labels)
    kept = _KEPT_PHASES if phases == _GENERATED_PHASES else range(phases)
    for phase in kept:
        for plane in range(cine.labels[0].array.shape[0]):
            frame = _generated_frame(cine, seed, phase, plane)
            if frame is not None:
                yield frame


def _generated_frame(cine: GeneratedCine, seed: int, phase: int, plane: int) -> TargetFrame | None:
    labels = cine.labels[phase].array[plane]
    insertion = float(cine.anterior_insertion_deg[plane])
    i_mm, j_mm, _ = cine.labels[phase].geometry.spacing_mm
    outline = outline_ventricle(labels, (i_mm, j_mm))
    if outline is None or not np.isfinite(insertion):
        return None
    return TargetFrame(
        id=f"cine{seed}_s{plane:02d}_p{phase:02d}",
        patient=f"cine{seed}",
        source="generated",
        fold=-1,
        phase={cine.ed_frame: "ED", cine.es_frame: "ES"}.get(phase, ""),
        image=normalized_by_ranks(cine.sequence.frames[phase].array[plane], 0, 100),
        labels=np.where(labels <= MYOCARDIUM, labels, 0).astype(np.uint8),
        drawn=(CAVITY, MYOCARDIUM),
        spacing_mm=(j_mm, i_mm),
        spacing_known=True,
        center=_centroid(labels),
        insertion_deg=insertion,
        outline=outline,
        weight=1.0,
        origin=GENERATED,
    )


def _read(data_dir: Path, source: Source) -> Iterator[TargetFrame]:
    for sample in read_samples(data_dir, [source]):
        j_mm, i_mm = sample.spacing_mm
        outline = outline_ventricle(sample.label, (i_mm, j_mm))
        if outline is None:
            continue
        yield TargetFrame(
            id=sample.id,
            patient=sample.patient,
            source=sample.source,
            fold=sample.fold,
            phase=sample.group,
            image=normalized_by_ranks(sample.image, 0, 100),
            labels=sample.label,
            drawn=sample.drawn,
            spacing_mm=(j_mm, i_mm),
            spacing_known=sample.spacing_known,
            center=_centroid(sample.label),
            insertion_deg=USUAL_INSERTION_DEG,
            outline=outline,
            weight=sample.weight,
            origin=DRAWN_BY_PEOPLE,
        )


def _centroid(labels: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(labels == CAVITY)
    return float(rows.mean()), float(columns.mean())
