"""The report of an evaluation: tables, and the worst cases as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.network.evaluation import CaseScore, Evaluation
from MedImageLib.report import Picture, Report, Table, write_report
from MedImageLib.report.overlay import overlay_picture

TRUTH, FOUND = "#E69F00", "#56B4E9"


def write_evaluation_report(
    path: Path,
    name: str,
    protocol: str,
    evaluation: Evaluation,
    tables: dict[str, list[dict[str, Any]]],
    worst: Sequence[CaseScore],
) -> None:
    """One page; each worst case shows truth and prediction of its structure as outlines."""
    write_report(
        path,
        Report(
            title=f"Evaluation of {name}",
            summary=(f"Protocol: {protocol}.", _scored(evaluation)),
            pictures=tuple(_picture(evaluation, score) for score in worst),
            tables=tuple(_table(title, rows) for title, rows in tables.items() if rows),
        ),
    )


def _scored(evaluation: Evaluation) -> str:
    patients = {(s.source, s.patient) for s in evaluation.scores}
    return f"{len(evaluation.labels)} images of {len(patients)} patients were scored."


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = tuple(rows[0])
    return Table(title, columns, tuple(tuple(row.get(c) for c in columns) for row in rows))


def _picture(evaluation: Evaluation, score: CaseScore) -> Picture:
    key = score.source, score.id
    sample, found = evaluation.samples[key], evaluation.labels[key]
    image, truth = sample.image, sample.label
    if image.ndim == 3:
        plane = int(np.argmax((truth > 0).sum((1, 2))))
        image, truth, found = image[plane], truth[plane], found[plane]
    value = _value_of(evaluation, score)
    # Found first, so that the outline of the truth stays visible where both run together.
    marks = np.zeros(image.shape, np.uint8)
    marks[found == value] = 2
    both = np.zeros(image.shape, np.uint8)
    both[truth == value] = 1
    png = overlay_picture(
        image,
        _rings(both, marks),
        spacing_mm=(sample.spacing_mm[-1], sample.spacing_mm[-2]),
        spacing_known=sample.spacing_known,
        names={1: "reference", 2: "found"},
        colors={1: TRUTH, 2: FOUND},
        size_px=420,
    )
    return Picture(
        png, f"{score.source} {score.id}, {score.structure}: Dice {score.dice or 0.0:.3f}"
    )


def _value_of(evaluation: Evaluation, score: CaseScore) -> int:
    names = list(dict.fromkeys(s.structure for s in evaluation.scores))
    return names.index(score.structure) + 1


def _rings(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Thin rings of both masks as one label map; the reference wins where they meet."""
    from scipy import ndimage

    result = np.zeros(truth.shape, np.uint8)
    for mask, value in ((found == 2, 2), (truth == 1, 1)):
        result[mask & ~ndimage.binary_erosion(mask)] = value
    return result
