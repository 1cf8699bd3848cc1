"""Level of real radiographs against the level of a reading by eye, each source on its own line.

Pictures of one fold are answered by networks that have not seen their patients. A second column
takes the scapulae from the reading and tells what all the other detectors allow. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from MedImageLib.geometry import Geometry
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model
from MedImageLib.network.training import TrainingSettings, trained_network
from MedImageLib.network.workflow import card_of
from MedImageLib.settings import load_settings
from MedImageLib.volume import Volume
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis, analyze_radiograph
from MedImageMetricLib.radiograph.assessment import assess
from MedImageMetricLib.radiograph.detections import NotAssessable, Region
from MedImageMetricLib.radiograph.detectors import SCAPULAE, installed_models
from MedImageMetricLib.radiograph.flank_training import fold_model
from MedImageMetricLib.radiograph.segmentation import MODEL

SETS = ("wingspan", "montgomery", "shenzhen", "hannover")
MARKED = "2"
COVERED_SHARE = 0.3  # of a lung's columns: far beyond every threshold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lungs-run", type=Path, required=True)
    parser.add_argument("--spine-run", type=Path, required=True)
    parser.add_argument("--scapulae-run", type=Path, required=True)
    parser.add_argument("--models", default="", help="folder of models in place of the stored ones")
    parser.add_argument("--fold", type=int, default=0, help="that the stored other models left out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    models: dict[str, Model | NotAssessable] = dict(installed_models(options.models))
    settings = load_settings(options.scapulae_run / "settings.json", TrainingSettings)
    models[SCAPULAE] = fold_model(options.scapulae_run, options.fold, settings)
    for name, run in ((MODEL, options.lungs_run), ("radiograph_spine", options.spine_run)):
        settings = load_settings(run / "settings.json", TrainingSettings)
        network = folded(trained_network(run, options.fold, settings.network))
        models[name] = Model(card_of(settings, [], {}, ""), network, "")
    print("| source | pictures | level as read | with the scapulae as read | read → found |")
    print("| --- | --- | --- | --- | --- |")
    for source in SETS:
        print(line(options.data, source, options.fold, models), flush=True)


def line(data: Path, source: str, fold: int, models: Mapping[str, Model | NotAssessable]) -> str:
    """One row of the table; pictures whose level the reader left open are left out."""
    folder = data / f"cxr_{source}"
    with (data / "cxr_read_by_eye" / f"{source}.csv").open(encoding="utf-8") as stream:
        reading = {row["id"]: row for row in csv.DictReader(stream)}
    alike, alike_with, pairs = [], [], Counter[str]()
    with (folder / "index.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            read = reading[row["id"]]
            if int(row["fold"]) != fold or not read["level_by_eye"]:
                continue
            with Image.open(folder / row["file"]) as opened:
                plane = np.asarray(opened.convert("L"), np.float32)
            volume = Volume(plane[None], Geometry((1, *plane.shape)), modality="DX")
            found = analyze_radiograph(volume, models=models)
            alike.append(found.assessment.level == read["level_by_eye"])
            level = level_with_scapulae(found, read)
            alike_with.append(level == read["level_by_eye"])
            if not alike[-1]:
                pairs[f"{read['level_by_eye']} → {found.assessment.level}"] += 1
    told = ", ".join(f"{pair} {count}" for pair, count in pairs.most_common())
    shares = f"{np.mean(alike):.3f} | {np.mean(alike_with):.3f}"
    return f"| {source} | {len(alike)} | {shares} | {told or '-'} |"


def level_with_scapulae(found: RadiographAnalysis, read: Mapping[str, str]) -> str:
    """The level if the scapulae were found as they were read: over the lung only where marked."""
    regions = {}
    for side in ("right", "left"):
        lung = getattr(found.detections, f"{side}_lung")
        if isinstance(lung, NotAssessable):
            return found.assessment.level
        mask = np.zeros(found.detections.shape, bool)
        if read[f"scapula_{side}"] == MARKED and lung.box:
            width = COVERED_SHARE * lung.box.size_px[0]
            columns = np.arange(mask.shape[1])
            outer = (
                columns < lung.box.left + width
                if side == "right"
                else columns > lung.box.right - width
            )
            mask = lung.mask & outer
        regions[f"{side}_scapula"] = Region(mask)
    return assess(replace(found.detections, **regions), found.rules, found.profile).level


if __name__ == "__main__":
    main()
