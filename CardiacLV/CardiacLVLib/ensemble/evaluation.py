"""How well the networks measure: out of fold on real frames, apart from that on generated ones.

Every patient is answered by the one network that has not learned from it, so that figures are of
single networks; the mean of all is measured on generated cines, which none of them has seen.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork
from CardiacLVLib.ensemble.conversion import converted, target_frame
from CardiacLVLib.ensemble.prediction import answers_of
from CardiacLVLib.ensemble.targets import TargetFrame
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.metrics import agreement
from MedImageLib.network.framing import Framing
from MedImageLib.writing.atomic import finished_file

GROUPS = {
    "areas": tuple(n for n, name in enumerate(INDEX_NAMES) if name.endswith("_mm2")),
    "dimensions": tuple(n for n, name in enumerate(INDEX_NAMES) if name.startswith("dim")),
    "thicknesses": tuple(n for n, name in enumerate(INDEX_NAMES) if name.startswith("rwt")),
}


def target_images(frames: Sequence[TargetFrame], framing: Framing) -> np.ndarray:
    """Target images (n, side, side) about the labeled cavities, along their insertions."""
    return np.stack(
        [
            converted(
                frame.image,
                target_frame(frame.center, frame.spacing_mm, frame.insertion_deg, framing=framing),
            )
            for frame in frames
        ]
    )


def out_of_fold(
    networks: Mapping[int, AggregationNetwork],
    folds: Mapping[str, int],
    frames: Sequence[TargetFrame],
    framing: Framing,
) -> np.ndarray:
    """Indices (n, 11) of each frame by the network that has not seen its patient.

    networks: by fold; frames of folds without a network are NaN.
    """
    answers = np.full((len(frames), len(INDEX_NAMES)), np.nan)
    for fold, network in networks.items():
        own = [n for n, frame in enumerate(frames) if folds[frame.patient] == fold]
        if own:
            images = target_images([frames[n] for n in own], framing)
            answers[own] = answers_of([network], images)[0]
    return answers


def accuracy_rows(frames: Sequence[TargetFrame], answers: np.ndarray) -> list[dict[str, Any]]:
    """A row per index and per kind of index: errors over frames on which it was drawn."""
    truth = np.stack([frame.indices() for frame in frames])
    patients = np.array([frame.patient for frame in frames])
    rows: list[dict[str, Any]] = []
    for name, columns in (
        *((name, (n,)) for n, name in enumerate(INDEX_NAMES)),
        ("all dimensions", GROUPS["dimensions"]),
        ("all thicknesses", GROUPS["thicknesses"]),
    ):
        picked = list(columns)
        scored = np.isfinite(truth[:, picked]) & np.isfinite(answers[:, picked])
        if scored.sum() < 2:
            continue
        true, found = truth[:, picked][scored], answers[:, picked][scored]
        error = np.abs(found - true)
        both = agreement(true, found)
        area = name.endswith("_mm2")
        shown = "{:.0f}".format if area else "{:.2f}".format
        rows.append(
            {
                "index": name,
                "patients": len(set(patients[scored.any(1)])),
                "images": int(scored.any(1).sum()),
                "unit": "mm²" if area else "mm",
                "mean error": shown(both.mean_absolute_error),
                "median": shown(float(np.median(error))),
                "95 %": shown(float(np.percentile(error, 95))),
                "worst": shown(float(error.max())),
                "bias": shown(both.bias),
                "limits": f"{shown(both.lower_limit)} … {shown(both.upper_limit)}",
                "r": f"{both.pearson_r:.3f}",
                "mean of truth": shown(float(true.mean())),
            }
        )
    return rows


def real_tables(
    frames: Sequence[TargetFrame], answers: np.ndarray
) -> dict[str, list[dict[str, Any]]]:
    """Tables of out-of-fold figures: all, by phase, of known spacing."""
    parts = {
        "Real, out of fold, all frames": [True for _ in frames],
        "Real, out of fold, end diastole": [frame.phase == "ED" for frame in frames],
        "Real, out of fold, end systole": [frame.phase == "ES" for frame in frames],
        "Real, out of fold, spacing known": [frame.spacing_known for frame in frames],
    }
    tables = {}
    for title, chosen in parts.items():
        picked = [n for n, one in enumerate(chosen) if one]
        if picked:
            tables[title] = accuracy_rows([frames[n] for n in picked], answers[picked])
    return tables


def write_answers(
    path: Path,
    frames: Sequence[TargetFrame],
    answers: np.ndarray,
    folds: Mapping[str, int],
) -> None:
    """A row per frame: where it comes from, which network answered, truth and answer."""
    with (
        finished_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream)
        given = ["source", "id", "patient", "phase", "network", "index_fold", "spacing_known"]
        true_names = [f"true_{name}" for name in INDEX_NAMES]
        writer.writerow([*given, "labels", *true_names, *INDEX_NAMES])
        for frame, answer in zip(frames, answers, strict=True):
            writer.writerow(
                [
                    frame.source,
                    frame.id,
                    frame.patient,
                    frame.phase,
                    folds.get(frame.patient, ""),
                    frame.fold,
                    frame.spacing_known,
                    frame.origin,
                    *(f"{value:.3f}" for value in frame.indices()),
                    *(f"{value:.3f}" for value in answer),
                ]
            )
