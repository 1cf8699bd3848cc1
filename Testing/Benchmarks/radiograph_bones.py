"""Spine and scapulae out of fold against a reading by eye, each source on its own line.

Images go through the product's detectors with the network of the fold that has not seen the
patient: offset of the spine against the mean of the read points, the conditions on the scapulae
against the grades that were read, and the spine of generated radiographs of other seeds by Dice.
Lungs are those of the shipped model. Prints Markdown tables; `--cases` writes a line for each
image, which `medimage calibrate` reads.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model
from MedImageLib.network.samples import GeneratedSample, Sample, read_samples
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network
from MedImageLib.network.workflow import card_of
from MedImageLib.phantom.training_radiographs import spine_radiographs
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.chest import chest_region, field_of
from MedImageMetricLib.radiograph.conditions import Threshold, judge, state_of
from MedImageMetricLib.radiograph.detections import Detections, Region
from MedImageMetricLib.radiograph.detectors import SCAPULAE, detect_all, detect_organs
from MedImageMetricLib.radiograph.drawn_bones import lung_extent
from MedImageMetricLib.radiograph.flank_training import fold_model
from MedImageMetricLib.radiograph.measurements import spine_center_line
from MedImageMetricLib.radiograph.rules import load_rules
from MedImageMetricLib.radiograph.segmentation import content_box

UNSEEN_SEED = 900_000
OFF_MIDDLE = 0.05  # share of the width: the reading's own rule for a spine that is off
SETS = ("wingspan", "montgomery", "shenzhen", "hannover")
FREE, MARKED = "0", "2"
SIDES = ("right", "left")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--spine-run", type=Path)
    parser.add_argument("--scapulae-run", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--generated", type=int, default=40, help="radiographs of other seeds")
    parser.add_argument("--cases", type=Path, help="folder for a CSV of each task")
    options = parser.parse_args()
    if options.spine_run:
        rows = list(cases(options.spine_run, options.data, options.folds, spine_row))
        show(
            "Spine: distance of the offset from the reading, shares of the width", spine_table(rows)
        )
        show("Spine, generated", generated_table(options.spine_run, options, spine_radiographs))
        save(options.cases, "spine.csv", rows)
    if options.scapulae_run:
        rows = list(scapula_rows(options.scapulae_run, options.data, options.folds))
        show("Scapulae: pictures as the conditions judge them", scapula_table(rows))
        save(options.cases, "scapulae.csv", rows)


def cases(
    run: Path,
    data: Path,
    folds: list[int],
    row_of: Callable[[Sample, dict[str, Region], Row], Row | None],
) -> Iterator[Row]:
    """A row for each image of the folds, found by the network that has not seen it."""
    settings = load_settings(run / "settings.json", TrainingSettings)
    sources = [
        replace(source, where=None)
        for source in settings.sources
        if source.fold == "column" and source.drawing
    ]
    readings = {source.name: reading(data / source.reading) for source in sources}
    samples = read_samples(data, sources)
    for fold in folds:
        model = model_of(run, fold, settings)
        for sample in samples:
            if sample.fold != fold:
                continue
            found = detect_organs(sample.image, model)
            regions = {name: one for name, one in found.items() if isinstance(one, Region)}
            row = row_of(sample, regions, readings[sample.source][sample.id])
            if row is not None:
                yield {"source": sample.source, "id": sample.id, "fold": fold, **row}


def reading(path: Path) -> dict[str, Row]:
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def model_of(run: Path, fold: int, settings: TrainingSettings) -> Model:
    network = folded(trained_network(run, fold, settings.network))
    return Model(card_of(settings, [], {}, ""), network, "")


def spine_row(sample: Sample, found: dict[str, Region], read: Row) -> Row | None:
    points = [float(read[name]) for name in read if name.startswith("spine_x_") and read[name]]
    if not points:
        return None
    columns = sample.image.shape[1]
    middle = (columns - 1) / 2
    line = spine_center_line(found["spine"].mask)
    seen = float(np.mean(line[:, 0]) - middle) / columns if len(line) > 1 else float("nan")
    read_offset = (float(np.mean(points)) - middle) / columns
    return {
        "patient": sample.patient,
        "spine_offset": abs(seen),
        "spine_satisfied": "yes" if abs(read_offset) <= OFF_MIDDLE else "no",
        "points": len(points),
        "read": read_offset,
        "found": seen,
        "confidence": found["spine"].confidence or 0.0,
    }


def spine_table(rows: list[Row]) -> list[Row]:
    table = []
    for source, mine in by_source(rows).items():
        there = [row for row in mine if np.isfinite(row["found"])]
        error = np.array([row["found"] - row["read"] for row in there])
        size = np.abs(error)
        worst = there[int(size.argmax())]
        table.append(
            {
                "source": source,
                "images": len(mine),
                "not found": len(mine) - len(there),
                "mean": round(float(size.mean()), 4),
                "median": round(float(np.median(size)), 4),
                "95 %": round(float(np.percentile(size, 95)), 4),
                "worst": f"{size.max():.4f} ({worst['id']})",
                "bias": round(float(error.mean()), 4),
            }
        )
    return table


def scapula_rows(run: Path, data: Path, folds: list[int]) -> Iterator[Row]:
    """A row for each read image of the folds, by the network that has not seen the patient."""
    settings = load_settings(run / "settings.json", TrainingSettings)
    models = {fold: fold_model(run, fold, settings) for fold in folds}
    for source in SETS:
        read = reading(data / "cxr_read_by_eye" / f"{source}.csv")
        with (data / f"cxr_{source}" / "index.csv").open(newline="", encoding="utf-8") as stream:
            for entry in csv.DictReader(stream):
                fold = int(entry["fold"])
                if fold not in folds:
                    continue
                with Image.open(data / f"cxr_{source}" / entry["file"]) as opened:
                    plane = np.asarray(opened.convert("L"), np.float32)
                row = scapula_row(plane, models[fold], read[entry["id"]])
                if row is not None:
                    yield {
                        "source": source,
                        "id": entry["id"],
                        "fold": fold,
                        "patient": entry["patient"],
                        **row,
                    }


def scapula_row(plane: np.ndarray, model: Model, read: Row) -> Row | None:
    """Conditions a, b and c as the product measures them; None without both lungs."""
    lungs = lung_extent(plane)
    if lungs is None:
        return None
    organs = {f"{side}_lung": Region(getattr(lungs, side)) for side in SIDES}
    found = detect_all(plane, {SCAPULAE: model}, None, organs)
    both = Region(lungs.right | lungs.left)
    seen = Detections(
        plane.shape,  # type: ignore[arg-type]
        chest=chest_region(plane, both, field_of(content_box(plane))),
        **organs,  # type: ignore[arg-type]
        **{f"{side}_scapula": found[f"{side}_scapula"] for side in SIDES},  # type: ignore[arg-type]
    )
    grades = {read[f"scapula_{side}"] for side in SIDES}
    rules = load_rules()
    judged = judge(seen, rules, lambda one: Threshold(one.threshold, one.origin))
    of_scapula = [one for one in judged if one.condition.subject == "scapula"]
    return {
        "scapula_satisfied": "no" if MARKED in grades else "yes" if grades == {FREE} else "",
        "state": state_of(judged, "scapula"),
        **{one.condition.name: "" if one.value is None else one.value for one in of_scapula},
    }


def scapula_table(rows: list[Row]) -> list[Row]:
    """How pictures are judged that were read as marked, free on both sides, or neither."""
    kinds = {"no": "marked", "yes": "free", "": "slight or unsure"}
    table = []
    for source, mine in by_source(rows).items():
        for kind, words in kinds.items():
            states = [row["state"] for row in mine if row["scapula_satisfied"] == kind]
            if states:
                table.append(
                    {"source": source, "read": words, "pictures": len(states)}
                    | {
                        state.replace("_", " "): round(states.count(state) / len(states), 3)
                        for state in ("satisfied", "not_satisfied", "not_assessable")
                    }
                )
    return table


def generated_table(
    run: Path,
    options: argparse.Namespace,
    generate: Callable[[int, int], Iterator[GeneratedSample]],
) -> list[Row]:
    """Dice on generated radiographs that no fold was trained on, by the first fold's network."""
    settings = load_settings(run / "settings.json", TrainingSettings)
    model = model_of(run, options.folds[0], settings)
    values: dict[str, list[float]] = defaultdict(list)
    for made in generate(options.generated, UNSEEN_SEED):
        found = detect_organs(np.asarray(made.image, np.float32), model)
        for value, name in enumerate(settings.labels, start=1):
            region = found[name.replace(" ", "_")]
            assert isinstance(region, Region)
            score = dice(made.label == value, region.mask)
            if score is not None:
                values[name].append(score)
    return [
        {
            "structure": name,
            "images": len(scores),
            "Dice": round(float(np.mean(scores)), 3),
            "median": round(float(np.median(scores)), 3),
            "worst": round(float(np.min(scores)), 3),
        }
        for name, scores in values.items()
    ]


def by_source(rows: list[Row]) -> dict[str, list[Row]]:
    result: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        result[row["source"]].append(row)
    return result


def show(title: str, table: list[Row]) -> None:
    if not table:
        return
    print(f"\n{title}\n\n| " + " | ".join(table[0]) + " |")
    print("|" + " --- |" * len(table[0]))
    for row in table:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


def save(folder: Path | None, name: str, rows: list[Row]) -> None:
    if folder is None or not rows:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
