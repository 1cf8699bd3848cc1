"""Spine and scapulae out of fold against a reading by eye, each source on its own line.

Images go through the product's detectors with the network of the fold that has not seen the
patient: offset of the spine against the mean of the read points, overlap of scapula and lung of
marked (2) against no overlap (0) by the area under the ROC curve, and the spine of generated
radiographs of other seeds by Dice. Lungs are those of the shipped model. Marked overlap was read
on pictures of one source alone: the others are held against it. Prints Markdown tables;
`--cases` writes a line for each image, which `medimage calibrate` reads.
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

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model
from MedImageLib.network.samples import GeneratedSample, Sample, read_samples
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network
from MedImageLib.network.workflow import card_of
from MedImageLib.phantom.training_radiographs import spine_radiographs
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.chest import chest_region, field_of
from MedImageMetricLib.radiograph.detections import Detections, NotAssessable, Region
from MedImageMetricLib.radiograph.detectors import detect_organs, detect_scapulae
from MedImageMetricLib.radiograph.drawn_bones import LungExtent, lung_extent
from MedImageMetricLib.radiograph.measurements import measured, spine_center_line
from MedImageMetricLib.radiograph.rules import load_rules
from MedImageMetricLib.radiograph.segmentation import content_box

UNSEEN_SEED = 900_000
OFF_MIDDLE = 0.05  # share of the width: the reading's own rule for a spine that is off
SETS = ("wingspan", "montgomery", "shenzhen", "hannover")
FREE, MARKED = "0", "2"
SIDES = ("right", "left")
RATIOS = ("scapula_chest_ratio", "scapula_lung_ratio", "scapula_lung_chest_ratio")
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
        show("Scapulae: overlap with the lung, sides read 2 against 0", scapula_table(rows))
        show("Scapulae: pictures as the conditions call them", called_table(rows))
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
    models = {fold: model_of(run, fold, settings) for fold in folds}
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
    """Overlap of each side over its lung, and the conditions; None without both lungs."""
    lungs = lung_extent(plane)
    if lungs is None:
        return None
    regions = {side: Region(getattr(lungs, side)) for side in SIDES}
    found = detect_scapulae(plane, model, right_lung=regions["right"], left_lung=regions["left"])
    blades = {name: one for name, one in found.items() if isinstance(one, Region)}
    grades = {read[f"scapula_{side}"] for side in SIDES}
    row: Row = {
        "scapula_satisfied": "no" if MARKED in grades else "yes" if grades == {FREE} else "",
        **ratios(plane, blades, lungs),
    }
    for side in SIDES:
        row |= {
            f"{side}_grade": read[f"scapula_{side}"],
            f"{side}_overlap": blades[f"{side}_scapula"].area_px / regions[side].area_px,
        }
    return row


def ratios(image: np.ndarray, found: dict[str, Region], lungs: LungExtent) -> Row:
    """Conditions a, b and c as the product measures them."""
    both = Region(lungs.right | lungs.left)
    chest = chest_region(image, both, field_of(content_box(image)))
    seen = Detections(
        image.shape,  # type: ignore[arg-type]
        right_lung=Region(lungs.right),
        left_lung=Region(lungs.left),
        right_scapula=found["right_scapula"],
        left_scapula=found["left_scapula"],
        chest=chest,
    )
    values = {name: measured(name, name, seen, 0.0) for name in RATIOS}
    return {n: "" if isinstance(v, NotAssessable) else v.value for n, v in values.items()}


def scapula_table(rows: list[Row]) -> list[Row]:
    """Each source's free sides against all marked ones, and against the marked ones of its own."""
    overlaps: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for side in SIDES:
            overlaps[row["source"]][row[f"{side}_grade"]].append(row[f"{side}_overlap"])
    marked = [value for one in overlaps.values() for value in one[MARKED]]
    table = []
    for source, mine in overlaps.items():
        free, own = mine[FREE], mine[MARKED]
        table.append(
            {
                "source": source,
                "sides read 2": len(own),
                "sides read 0": len(free),
                "AUROC": round(area_under_roc(marked, free), 3) if marked and free else "",
                "median of 2": round(float(np.median(own)), 3) if own else "",
                "median of 0": round(float(np.median(free)), 3) if free else "",
                "95 % of 0": round(float(np.percentile(free, 95)), 3) if free else "",
            }
        )
    return table


def called_table(rows: list[Row]) -> list[Row]:
    """How often pictures with and without a marked side exceed the default of condition b."""
    condition = load_rules().condition("scapula_lung_ratio")
    table = []
    for source, mine in by_source(rows).items():
        calls: dict[str, list[bool]] = {"no": [], "yes": [], "": []}
        for row in mine:
            value = float(row["scapula_lung_ratio"])
            calls[row["scapula_satisfied"]].append(
                not condition.is_satisfied(value, condition.threshold)
            )
        shares = {name: round(float(np.mean(one)), 3) if one else "" for name, one in calls.items()}
        table.append(
            {
                "source": source,
                "marked": len(calls["no"]),
                "called": shares["no"],
                "free": len(calls["yes"]),
                "called though free": shares["yes"],
                "slight or unsure": len(calls[""]),
                "called of these": shares[""],
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
