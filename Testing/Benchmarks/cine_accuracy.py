"""Out-of-fold accuracy of the whole CardiacLV chain on real patients of known labels.

Each patient's labeled frames are put together as a stack of two phases and go through what the
product does with a cine (scale by anatomy where no spacing is recorded, axis of the ventricle,
consistency), with the networks of the fold that has not seen the patient. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from CardiacLVLib.cine.short_axis import NotShortAxisCineError
from CardiacLVLib.ventricle.segmentation import (
    CAVITY,
    FAR_MODEL,
    MYOCARDIUM,
    NEAR_MODEL,
    segment_cine,
)
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model, load_model
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network
from MedImageLib.network.workflow import settings_path
from MedImageLib.settings import load_settings
from MedImageLib.volume import Volume, VolumeSequence

PHASES = ("ED", "ES")


@dataclass(frozen=True)
class FrameScore:
    """One labeled frame. place: 0 basal … 1 apical of the slices labeled in its phase."""

    id: str
    patient: str
    fold: int
    phase: str
    place: float
    cavity_dice: float
    true_px: int
    found_px: int
    myocardium_dice: float | None


def fold_model(name: str, run: Path, fold: int) -> Model:
    """The model of the product with the network of one fold of a run."""
    settings = load_settings(settings_path(name), TrainingSettings)
    stored = load_model(name)
    card = replace(stored.card, network=settings.network, framing=settings.framing)
    network = folded(trained_network(run, fold, settings.network))
    return replace(stored, card=card, network=network)


def patient_stacks(index: Path) -> Iterator[tuple[int, VolumeSequence, dict]]:
    """(fold, stack of ED and ES, (phase, plane) → row of the index) of every patient.

    Planes without a label in a phase stay empty there and are not scored.
    """
    patients = defaultdict(list)
    with index.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            patients[row["patient"]].append(row)
    for rows in patients.values():
        slices = sorted({int(row["slice"]) for row in rows})
        first = _picture(index.parent / rows[0]["file"])
        arrays = np.zeros((2, len(slices), *first.shape), np.float32)
        places = {}
        for row in rows:
            key = PHASES.index(row["cardiac_phase"]), slices.index(int(row["slice"]))
            arrays[key] = _picture(index.parent / row["file"])
            places[key] = row
        known = bool(rows[0]["row_spacing_mm"])
        spacing = (
            (rows[0]["col_spacing_mm"], rows[0]["row_spacing_mm"], rows[0]["slice_step_mm"])
            if known
            else (1.0, 1.0, 6.0)
        )
        grid = Geometry(arrays.shape[1:], tuple(map(float, spacing)), spacing_known=known)
        frames = tuple(Volume(array, grid, modality="MR") for array in arrays)
        yield int(rows[0]["fold"]), VolumeSequence(frames, (0.0, 350.0)), places


def _picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), np.float32)


def scored(
    index: Path, runs: tuple[Path, Path], folds: Sequence[int], consistent: bool
) -> tuple[list[FrameScore], list[str], list[tuple[str, float, float]]]:
    """Scores of all labeled frames, refused patients, and (patient, true, found) volumes in mL."""
    models = {
        fold: (fold_model(FAR_MODEL, runs[0], fold), fold_model(NEAR_MODEL, runs[1], fold))
        for fold in folds
    }
    scores: list[FrameScore] = []
    refused: list[str] = []
    volumes: list[tuple[str, float, float]] = []
    for fold, cine, places in patient_stacks(index):
        if fold not in folds:
            continue
        patient = next(iter(places.values()))["patient"]
        try:
            found = segment_cine(cine, consistent=consistent, models=models[fold])
            labels = np.stack([volume.array for volume in found.labels])
        except NotShortAxisCineError as error:
            refused.append(f"{patient}: {error}")
            labels = np.zeros(cine.array.shape, np.uint8)
        areas = np.zeros((2, 2))
        for (phase, plane), row in sorted(places.items()):
            truth = _picture(index.parent / row["label_file"])
            members = sorted(p for f, p in places if f == phase)
            seen = labels[phase, plane]
            scores.append(
                FrameScore(
                    row["id"],
                    patient,
                    fold,
                    row["cardiac_phase"],
                    members.index(plane) / max(1, len(members) - 1),
                    float(dice(truth == CAVITY, seen == CAVITY) or 0.0),
                    int((truth == CAVITY).sum()),
                    int((seen == CAVITY).sum()),
                    float(dice(truth == MYOCARDIUM, seen == MYOCARDIUM) or 0.0)
                    if "myocardium" in row["labelled"] and row["cardiac_phase"] == "ED"
                    else None,
                )
            )
            areas[phase] += scores[-1].true_px, scores[-1].found_px
        if cine.frames[0].geometry.spacing_known:
            milliliters = cine.frames[0].geometry.voxel_volume_mm3 / 1000
            for phase, word in enumerate(PHASES):
                volumes.append((f"{patient} {word}", *(areas[phase] * milliliters)))
    return scores, refused, volumes


def line(title: str, values: Sequence[float], patients: int) -> str:
    a = np.array(values, float)
    figures = (a.mean(), np.median(a), np.percentile(a, 5), a.min())
    return f"| {title} | {patients} / {len(a)} | " + " | ".join(f"{v:.3f}" for v in figures) + " |"


def report(scores: Sequence[FrameScore]) -> Iterator[str]:
    yield "| cavity | patients / images | mean | median | 5 % | worst |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for phase in PHASES:
        of_phase = [s for s in scores if s.phase == phase]
        for title, members in (
            (phase, of_phase),
            (f"{phase}, fold 0 (drawn wide)", [s for s in of_phase if s.fold == 0]),
            (f"{phase}, other folds", [s for s in of_phase if s.fold != 0]),
            (f"{phase}, basal fifth", [s for s in of_phase if s.place <= 0.2]),
            (f"{phase}, middle", [s for s in of_phase if 0.2 < s.place < 0.8]),
            (f"{phase}, apical fifth", [s for s in of_phase if s.place >= 0.8]),
        ):
            if members:
                yield line(
                    title, [s.cavity_dice for s in members], len({s.patient for s in members})
                )
    walls = [s for s in scores if s.myocardium_dice is not None]
    if walls:
        values = [s.myocardium_dice or 0.0 for s in walls]
        yield line("ED, myocardium", values, len({s.patient for s in walls}))
    true = np.array([s.true_px for s in scores], float)
    found = np.array([s.found_px for s in scores], float)
    share = np.abs(found - true).sum() / true.sum()
    yield ""
    yield (
        f"Cavity area: summed absolute error {100 * share:.1f} % of the summed area, median error "
        f"of a frame {100 * np.median(np.abs(found - true) / true):.1f} %, bias "
        f"{100 * (found.sum() / true.sum() - 1):+.1f} %, r = {np.corrcoef(true, found)[0, 1]:.3f}."
    )
    worst = sorted(scores, key=lambda s: s.cavity_dice)[:5]
    yield "Worst: " + ", ".join(f"{s.id} {s.cavity_dice:.2f}" for s in worst) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="of cine_ventricle")
    parser.add_argument("--localizer-run", type=Path, required=True)
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    index = options.data / "cmr_sunnybrook_lv" / "index.csv"
    for consistent in (True, False):
        scores, refused, volumes = scored(
            index, (options.localizer_run, options.run), options.folds, consistent
        )
        print(f"\nConsistency {'on' if consistent else 'off'}, folds {options.folds}\n")
        print("\n".join(report(scores)))
        for name, true_ml, found_ml in volumes:
            error = 100 * (found_ml / true_ml - 1)
            print(f"{name}: {true_ml:.1f} mL by the labels, {found_ml:.1f} found ({error:+.1f} %)")
        for text in refused:
            print(f"Refused: {text}")


if __name__ == "__main__":
    main()
