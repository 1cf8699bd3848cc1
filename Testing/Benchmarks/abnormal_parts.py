"""Air and fluid of the pleural space: drawn ones found, and false alarms on real normal pictures.

Networks of the folds answer for pictures of patients that they have not seen; Shenzhen is no
source of the training and is answered by the first fold. There are no real cases: figures on
drawn ones are *generated*. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model
from MedImageLib.network.samples import changed_once, read_samples
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network
from MedImageLib.network.workflow import card_of, settings_path
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.detections import Region
from MedImageMetricLib.radiograph.detectors import SUB_MODELS


def normal(data: Path, source: str) -> Iterator[tuple[str, int, np.ndarray]]:
    """(id, fold, plane) of the pictures that their hospital read as normal."""
    index = data / f"cxr_{source}" / "index.csv"
    with index.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["finding"] == "normal":
                picture = Image.open(index.parent / row["file"]).convert("L")
                yield row["id"], int(row["fold"]), np.asarray(picture, np.float32)


def found_px(plane: np.ndarray, model: Model) -> np.ndarray:
    one = next(part for part in SUB_MODELS if part.name == model.card.name)
    region = one.detect(plane, model, None)[one.objects[0]]
    assert isinstance(region, Region)
    return region.mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="radiograph_pneumothorax or radiograph_pleural_effusion")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--run", type=Path, required=True, help="run of `medimage train`")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = load_settings(settings_path(options.name), TrainingSettings)
    card = card_of(settings, [], {}, "")
    models = {
        fold: Model(card, folded(trained_network(options.run, fold, settings.network)), "")
        for fold in range(FOLDS)
        if (options.run / f"fold{fold}" / "checkpoint.pt").exists()
    }
    print(
        "| source | pictures | Dice mean / median | AUC drawn or healthy | found | false alarms |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for source in settings.sources:
        overlaps, ill, healthy = [], [], []
        for sample in read_samples(options.data, [source]):
            if sample.fold not in models:
                continue
            drawn = changed_once(sample)
            found = found_px(drawn.image, models[sample.fold])
            (ill if drawn.label.any() else healthy).append(np.count_nonzero(found))
            if drawn.label.any():
                overlaps.append(dice(drawn.label > 0, found) or 0.0)
        print(
            f"| *{source.name}* | {len(ill)} ill, {len(healthy)} healthy | "
            f"{np.mean(overlaps):.3f} / {np.median(overlaps):.3f} | "
            f"{area_under_roc(ill, healthy):.3f} | {np.mean(np.array(ill) > 0):.3f} | "
            f"{np.mean(np.array(healthy) > 0):.3f} |"
        )
    print("\n| real, read as normal | pictures | with an alarm | alarms over 1 % of the picture |")
    print("| --- | --- | --- | --- |")
    for place in ("montgomery", "shenzhen"):
        shares = []
        for _, fold, plane in normal(options.data, place):
            if place == "montgomery" and fold not in models:
                continue
            model = models[fold] if place == "montgomery" else next(iter(models.values()))
            shares.append(found_px(plane, model).mean())
        values = np.array(shares)
        alarms = [f"{np.mean(values > least):.3f}" for least in (0.0, 0.01)]
        print(f"| {place} | {len(values)} | {' | '.join(alarms)} |")


if __name__ == "__main__":
    main()
