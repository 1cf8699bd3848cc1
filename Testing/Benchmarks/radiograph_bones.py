"""Spine and scapulae out of fold against a reading by eye, each source on its own line.

Images go through the product's detectors with the network of the fold that has not seen the
patient: offset of the spine against the mean of the read points, overlap of scapula and lung of
marked (2) against no overlap (0) by the area under the ROC curve, and generated radiographs of
other seeds by Dice. Lungs are those of the shipped model. Prints Markdown tables; `--cases`
writes a line for each image, which `medimage calibrate` reads.
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

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model
from MedImageLib.network.samples import GeneratedSample, Sample, read_samples
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network
from MedImageLib.network.workflow import card_of
from MedImageLib.phantom.training_radiographs import scapula_radiographs, spine_radiographs
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.chest import chest_region, field_of
from MedImageMetricLib.radiograph.detections import Detections, NotAssessable, Region
from MedImageMetricLib.radiograph.detectors import detect_organs
from MedImageMetricLib.radiograph.drawn_bones import LungExtent, lung_extent
from MedImageMetricLib.radiograph.measurements import measured, spine_center_line
from MedImageMetricLib.radiograph.segmentation import content_box

UNSEEN_SEED = 900_000
OFF_MIDDLE = 0.05  # share of the width: the reading's own rule for a spine that is off
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
        rows = list(cases(options.scapulae_run, options.data, options.folds, scapula_row, marked))
        show("Scapulae: overlap with the lung, sides read 2 against 0", scapula_table(rows))
        generated = generated_table(options.scapulae_run, options, scapula_radiographs)
        show("Scapulae, generated", generated)
        save(options.cases, "scapulae.csv", rows)


def cases(
    run: Path,
    data: Path,
    folds: list[int],
    row_of: Callable[[Sample, dict[str, Region], Row], Row | None],
    never_trained: Callable[[Row], bool] = lambda read: False,
) -> Iterator[Row]:
    """A row for each image of the folds, found by the network that has not seen it.

    never_trained: whether no network was trained on an image that was read so; of folds that were
    not trained such images are answered by the first network.
    """
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
            read = readings[sample.source][sample.id]
            left_over = fold == folds[0] and sample.fold not in folds and never_trained(read)
            if sample.fold != fold and not left_over:
                continue
            found = detect_organs(sample.image, model)
            regions = {name: one for name, one in found.items() if isinstance(one, Region)}
            row = row_of(sample, regions, read)
            if row is not None:
                yield {"source": sample.source, "id": sample.id, "fold": fold, **row}


def marked(read: Row) -> bool:
    return "2" in (read["scapula_right"], read["scapula_left"])


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


def scapula_row(sample: Sample, found: dict[str, Region], read: Row) -> Row | None:
    lungs = lung_extent(sample.image)
    if lungs is None:
        return None
    grades = {read[f"scapula_{side}"] for side in SIDES}
    row: Row = {
        "patient": sample.patient,
        "scapula_satisfied": "no" if "2" in grades else "yes" if grades == {"0"} else "",
        **ratios(sample.image, found, lungs),
    }
    both = np.count_nonzero(lungs.right | lungs.left)
    for value, side in enumerate(SIDES, start=1):
        region = found[f"{side}_scapula"]
        lung = getattr(lungs, side)
        outline = sample.label == value
        drawn = bool((outline & ~lung).any()) and not bool((outline & lung).any())
        row |= {
            f"{side}_grade": read[f"scapula_{side}"],
            f"{side}_overlap": np.count_nonzero(region.mask & lung) / both,
            f"{side}_area": region.area_px / both,
            f"{side}_confidence": region.confidence or 0.0,
            f"{side}_outline_dice": dice(outline, region.mask & ~lung) if drawn else None,
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
    table = []
    for source, mine in by_source(rows).items():
        overlaps: dict[str, list[float]] = defaultdict(list)
        for row in mine:
            for side in SIDES:
                overlaps[row[f"{side}_grade"]].append(row[f"{side}_overlap"])
        outlined = [r[f"{s}_outline_dice"] for r in mine for s in SIDES]
        outlined = [value for value in outlined if value is not None]
        two, none = overlaps["2"], overlaps["0"]
        table.append(
            {
                "source": source,
                "images": len(mine),
                "sides read 2": len(two),
                "sides read 0": len(none),
                "AUROC": round(area_under_roc(two, none), 3) if two and none else "",
                "median of 2": round(float(np.median(two)), 4) if two else "",
                "median of 0": round(float(np.median(none)), 4) if none else "",
                "95 % of 0": round(float(np.percentile(none, 95)), 4) if none else "",
                "outlines": len(outlined),
                "their Dice": round(float(np.mean(outlined)), 3) if outlined else "",
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
