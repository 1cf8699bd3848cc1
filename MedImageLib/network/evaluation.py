"""How good a model is: out of fold, by level, by source and group, with the worst cases.

Patients are scored by the network that has not seen them. Each source stands on its own line,
each line says how many patients and images, mean, median, 5th percentile and worst; structures
that were not drawn are not scored, empty against empty is left out and counted.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import SettingsError
from MedImageLib.metrics import Agreement, agreement, scores
from MedImageLib.network.folding import folded
from MedImageLib.network.framing import whole_frame
from MedImageLib.network.inference import InferenceSettings, frame_about, segment_plane
from MedImageLib.network.localization import agreed_centers, plane_centers
from MedImageLib.network.multi_level import MultiLevelNetwork
from MedImageLib.network.samples import FIRST_BAG, UNKNOWN, Sample
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network

FARTHEST_FROM_MIDDLE_MM = 30.0


@dataclass(frozen=True)
class CaseScore:
    """One structure on one image at one level. Distances in `unit` (mm, or px where unknown)."""

    id: str
    patient: str
    source: str
    group: str
    fold: int
    level: int
    structure: str
    state: str
    dice: float | None
    hd95: float | None
    surface_dice: float | None
    unit: str


@dataclass(frozen=True)
class MeasureValue:
    """One derived measure of truth and prediction on one image at the last level."""

    id: str
    patient: str
    source: str
    measure: str
    truth: float
    found: float


@dataclass(frozen=True)
class Line:
    """Summary of one structure of one source (and group) at one level."""

    source: str
    group: str
    structure: str
    level: int
    patients: int
    images: int
    mean: float
    median: float
    percentile_5: float
    worst: float
    worst_id: str
    hd95: float | None
    surface_dice: float | None
    unit: str
    both_empty: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of every case, and label maps of the last level by (source, id)."""

    scores: tuple[CaseScore, ...]
    measures: tuple[MeasureValue, ...]
    labels: dict[tuple[str, str], np.ndarray]
    samples: dict[tuple[str, str], Sample]


def evaluate_run(
    settings: TrainingSettings,
    run: Path,
    samples: Sequence[Sample],
    folds: Iterable[int] = range(FOLDS),
    localizer: tuple[TrainingSettings, Path] | None = None,
    say: Callable[[str], None] = print,
) -> Evaluation:
    """Score every patient by the fold that has not seen it.

    Images on which boxes alone were drawn are left out: a box is no outline.

    localizer: settings and run of the far-view model, whose networks of the same fold give the
    centers; without it `around` models are centered on the truth, which flatters them.
    """
    parts = []
    in_mm = _sources_in_mm(samples)
    for fold in folds:
        held_out = [s for s in samples if s.fold == fold and not _has_bags(s)]
        if not held_out:
            continue
        network = folded(trained_network(run, fold, settings.network))
        far = None
        if localizer is not None:
            far = (
                localizer[0],
                folded(trained_network(localizer[1], fold, localizer[0].network)),
            )
        parts.append(evaluate_network(settings, network, held_out, far, in_mm))
        say(f"fold {fold}: {len(held_out)} images scored")
    return merged(parts)


def _has_bags(sample: Sample) -> bool:
    return bool(((sample.label >= FIRST_BAG) & (sample.label < UNKNOWN)).any())


def merged(parts: Sequence[Evaluation]) -> Evaluation:
    labels: dict[tuple[str, str], np.ndarray] = {}
    samples: dict[tuple[str, str], Sample] = {}
    for part in parts:
        labels.update(part.labels)
        samples.update(part.samples)
    return Evaluation(
        tuple(score for part in parts for score in part.scores),
        tuple(value for part in parts for value in part.measures),
        labels,
        samples,
    )


def evaluate_network(
    settings: TrainingSettings,
    network: MultiLevelNetwork,
    samples: Sequence[Sample],
    localizer: tuple[TrainingSettings, MultiLevelNetwork] | None = None,
    in_mm: frozenset[str] | None = None,
) -> Evaluation:
    """Score samples that the network has not seen, at every level.

    in_mm: sources whose distances are given in mm; by default those with all spacings known.
    """
    in_mm = _sources_in_mm(samples) if in_mm is None else in_mm
    structures = dict(enumerate(settings.labels, start=1))
    measures = [named_function(name) for name in settings.measures]
    clean = named_function(settings.cleaning) if settings.cleaning else None
    centers = _centers(settings, samples, localizer)
    case_scores: list[CaseScore] = []
    values: list[MeasureValue] = []
    labels = {}
    for sample, center in zip(samples, centers, strict=True):
        for level in range(1, network.settings.levels + 1):
            found = _labels(settings, network, sample, center, level)
            found = clean(found) if clean else found
            case_scores.extend(_scored(sample, found, structures, level, sample.source in in_mm))
        labels[sample.source, sample.id] = found
        for name, measure in zip(settings.measures, measures, strict=True):
            truth, seen = (measure(array, sample.spacing_mm) for array in (sample.label, found))
            if truth is not None and seen is not None and len(sample.drawn) == len(structures):
                values.append(
                    MeasureValue(
                        sample.id, sample.patient, sample.source, name.split(":")[1], truth, seen
                    )
                )
    return Evaluation(
        tuple(case_scores), tuple(values), labels, {(s.source, s.id): s for s in samples}
    )


def named_function(name: str) -> Callable[..., Any]:
    """The function `package.module:name`. Raises SettingsError when it is not there."""
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"There is no function {name} ({error}).") from error


def _labels(
    settings: TrainingSettings,
    network: MultiLevelNetwork,
    sample: Sample,
    center: tuple[float, float] | None,
    level: int,
) -> np.ndarray:
    if settings.framing.mode == "around":
        if center is None:
            return np.zeros(sample.label.shape, np.uint8)
        frame = frame_about(center, sample.spacing_mm, settings.framing)
    else:
        frame = whole_frame(sample.image.shape, settings.framing)
    return segment_plane(
        network,
        sample.image,
        settings.framing,
        InferenceSettings(level=level),
        frame,
        (settings.low_percent, settings.high_percent),
    ).labels


def _centers(
    settings: TrainingSettings,
    samples: Sequence[Sample],
    localizer: tuple[TrainingSettings, MultiLevelNetwork] | None,
) -> list[tuple[float, float] | None]:
    if settings.framing.mode != "around":
        return [None] * len(samples)
    if localizer is None:
        return [_true_center(s, settings.framing.center_class) for s in samples]
    far_settings, far = localizer
    centers: list[tuple[float, float] | None] = [None] * len(samples)
    by_patient = defaultdict(list)
    for position, sample in enumerate(samples):
        by_patient[sample.patient].append(position)
    for positions in by_patient.values():
        images = [samples[p].image for p in positions]
        found = plane_centers(far, far_settings.framing, images)
        limit_px = FARTHEST_FROM_MIDDLE_MM / samples[positions[0]].spacing_mm[0]
        for position, center in zip(positions, agreed_centers(found, limit_px), strict=True):
            centers[position] = center
    return centers


def _true_center(sample: Sample, number: int) -> tuple[float, float]:
    inside = np.argwhere(sample.label == number)
    middle = inside.mean(0) if len(inside) else (np.array(sample.label.shape) - 1) / 2
    return float(middle[0]), float(middle[1])


def _sources_in_mm(samples: Sequence[Sample]) -> frozenset[str]:
    """Sources of which every image has a known spacing; one line never mixes mm and pixels."""
    return frozenset(
        {s.source for s in samples} - {s.source for s in samples if not s.spacing_known}
    )


def _scored(
    sample: Sample, found: np.ndarray, structures: dict[int, str], level: int, in_mm: bool
) -> list[CaseScore]:
    found = np.where(sample.label == UNKNOWN, 0, found)
    unit = "mm" if in_mm else "px"
    spacing = sample.spacing_mm if in_mm else (1.0,) * found.ndim
    return [
        CaseScore(
            sample.id,
            sample.patient,
            sample.source,
            sample.group,
            sample.fold,
            level,
            score.structure,
            score.state,
            score.dice,
            score.hd95_mm,
            score.surface_dice,
            unit,
        )
        for score in scores(sample.label, found, spacing, structures, sample.drawn)
    ]


def summary(case_scores: Sequence[CaseScore], by_group: bool = False) -> list[Line]:
    """One line per source, (group,) structure and level."""
    sets: dict[tuple[str, str, str, int], list[CaseScore]] = defaultdict(list)
    for score in case_scores:
        if score.state != "not drawn":
            group = score.group if by_group else ""
            sets[score.source, group, score.structure, score.level].append(score)
    lines = []
    for (source, group, structure, level), members in sets.items():
        scored = [s for s in members if s.state == "scored"]
        if not scored:
            continue
        values = np.array([s.dice for s in scored], float)
        worst = scored[int(values.argmin())]
        units = {s.unit for s in scored}
        distances = [s.hd95 for s in scored if s.hd95 is not None]
        near = [s.surface_dice for s in scored if s.surface_dice is not None]
        lines.append(
            Line(
                source,
                group,
                structure,
                level,
                len({s.patient for s in scored}),
                len(scored),
                float(values.mean()),
                float(np.median(values)),
                float(np.percentile(values, 5)),
                float(values.min()),
                worst.id,
                float(np.mean(distances)) if distances and len(units) == 1 else None,
                float(np.mean(near)) if near and units == {"mm"} else None,
                units.pop() if len(units) == 1 else "mixed",
                len(members) - len(scored),
            )
        )
    return lines


def measure_agreement(values: Sequence[MeasureValue]) -> dict[tuple[str, str], Agreement]:
    """Agreement by (source, measure); sets of fewer than two images are left out."""
    sets: dict[tuple[str, str], list[MeasureValue]] = defaultdict(list)
    for value in values:
        sets[value.source, value.measure].append(value)
    return {
        key: agreement([v.truth for v in members], [v.found for v in members])
        for key, members in sets.items()
        if len(members) > 1
    }


def worst_cases(case_scores: Sequence[CaseScore], level: int, count: int = 3) -> list[CaseScore]:
    """The images with the lowest Dice of each source and structure at a level."""
    sets: dict[tuple[str, str], list[CaseScore]] = defaultdict(list)
    for score in case_scores:
        if score.level == level and score.dice is not None:
            sets[score.source, score.structure].append(score)
    return [
        score
        for members in sets.values()
        for score in sorted(members, key=lambda s: s.dice or 0.0)[:count]
    ]


def rows(items: Sequence[object]) -> list[dict[str, object]]:
    """Dataclasses as rows of a table, numbers rounded for reading."""
    return [
        {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(item).items()  # type: ignore[call-overload]
        }
        for item in items
    ]
