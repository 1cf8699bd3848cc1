"""Air and fluid of the pleural space: drawn ones found, real ones as far as a hospital named them,
and alarms on real pictures.

Networks of the folds answer for pictures of patients that they have not seen; sources that are
not trained on are answered by the first fold. Figures on drawn air and fluid are *generated*.
Effusions are named in words in the readings of two hospitals, never outlined; no picture here
shows a pneumothorax. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.metrics import dice
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model, save_model
from MedImageLib.network.samples import Source, changed_once, read_samples
from MedImageLib.network.training import FOLDS, TrainingSettings, fold_split, trained_network
from MedImageLib.network.workflow import card_of, settings_path
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.detections import Region
from MedImageMetricLib.radiograph.detectors import SUB_MODELS

SETS = ("wingspan", "montgomery", "shenzhen", "hannover", "covidseg", "paediatric")
NAMED = {"radiograph_pleural_effusion": ("effusion", "pleurisy")}
Row = dict[str, object]


@dataclass(frozen=True, eq=False)
class Picture:
    """A real radiograph with what its hospital says of it."""

    id: str
    fold: int
    finding: str
    plane: np.ndarray


def pictures(data: Path, source: str) -> Iterator[Picture]:
    index = data / f"cxr_{source}" / "index.csv"
    with index.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            picture = Image.open(index.parent / row["file"]).convert("L")
            plane = np.asarray(picture, np.float32)
            yield Picture(row["id"], int(row["fold"] or -1), row["finding"].lower(), plane)


def found_px(plane: np.ndarray, model: Model) -> np.ndarray:
    one = next(part for part in SUB_MODELS if part.name == model.card.name)
    region = one.detect(plane, model, None)[one.objects[0]]
    # Nothing found is not assessable to a user; here it is nothing found.
    return region.mask if isinstance(region, Region) else np.zeros(plane.shape, bool)


def drawn_row(data: Path, source: Source, models: Mapping[int, Model]) -> Row:
    """Drawn air or fluid, and the same pictures' share that was left healthy."""
    overlaps, ill, healthy = [], [], []
    for sample in read_samples(data, [source]):
        if sample.fold not in models:
            continue
        drawn = changed_once(sample)
        found = found_px(drawn.image, models[sample.fold])
        (ill if drawn.label.any() else healthy).append(np.count_nonzero(found))
        if drawn.label.any():
            overlaps.append(dice(drawn.label > 0, found) or 0.0)
    return {
        "source": source.name,
        "ill / healthy": f"{len(ill)} / {len(healthy)}",
        "Dice mean": float(np.mean(overlaps)),
        "median": float(np.median(overlaps)),
        "AUC": area_under_roc(ill, healthy),
        "found": float(np.mean(np.array(ill) > 0)),
        "false alarms": float(np.mean(np.array(healthy) > 0)),
    }


def real_rows(
    data: Path, words: Sequence[str], models: Mapping[int, Model], trained: set[str]
) -> Iterator[Row]:
    """Named, normal and other pictures of each source; trained: names of sources with folds."""
    for source in SETS:
        shares: dict[str, list[float]] = {"named": [], "normal": [], "other": []}
        for picture in pictures(data, source):
            if source in trained and picture.fold not in models:
                continue
            model = models[picture.fold] if source in trained else next(iter(models.values()))
            named = any(word in picture.finding for word in words)
            kind = "named" if named else "normal" if picture.finding == "normal" else "other"
            shares[kind].append(float(found_px(picture.plane, model).mean()))
        row: Row = {"source": source}
        for kind, values in shares.items():
            row[kind] = len(values)
            row[f"alarms, {kind}"] = float(np.mean(np.array(values) > 0)) if values else "-"
        both = shares["named"] and shares["normal"]
        row["AUC named or normal"] = (
            area_under_roc(shares["named"], shares["normal"]) if both else "-"
        )
        yield row


def print_table(title: str, rows: Sequence[Row]) -> None:
    print(f"\n### {title}\n\n| " + " | ".join(rows[0]) + " |\n|" + " --- |" * len(rows[0]))
    for row in rows:
        shown = (f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values())
        print("| " + " | ".join(shown) + " |")


def rounded(rows: Sequence[Row]) -> list[Row]:
    return [{k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="radiograph_pneumothorax or radiograph_pleural_effusion")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--run", type=Path, required=True, help="run of `medimage train`")
    parser.add_argument("--store", type=Path, help="folder to store the first fold's network in")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = load_settings(settings_path(options.name), TrainingSettings)
    card = card_of(settings, [], {}, "")
    networks = {
        fold: trained_network(options.run, fold, settings.network)
        for fold in range(FOLDS)
        if (options.run / f"fold{fold}" / "checkpoint.pt").exists()
    }
    models = {fold: Model(card, folded(network), "") for fold, network in networks.items()}
    trained = {source.index.split("/")[0].removeprefix("cxr_") for source in settings.sources}
    words = NAMED.get(options.name, ())
    tables = {
        "Generated: drawn into real pictures": [
            drawn_row(options.data, source, models) for source in settings.sources if source.change
        ],
        "Real: named by the hospital, normal and other pictures": list(
            real_rows(options.data, words, models, trained)
        ),
    }
    for title, rows in tables.items():
        print_table(title, rows)
    if options.store:
        fold = min(networks)
        shown, _ = fold_split(read_samples(options.data, settings.sources), fold)
        protocol = (
            f"Network of fold {fold}; all figures are of patients that it has not seen. All that "
            "it was trained on is drawn. Alarms: share of pictures with any part found."
        )
        figures = {"protocol": protocol, "tables": {t: rounded(rows) for t, rows in tables.items()}}
        command = f"medimage train {options.name} --data DATA -o RUN --folds {fold}"
        card = card_of(settings, shown, figures, command)
        save_model(options.store, trained_network(options.run, fold, settings.network), card)


if __name__ == "__main__":
    main()
