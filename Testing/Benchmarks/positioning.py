"""Positioning defects made on real radiographs: how well the measured items tell them apart.

Pictures that a reading calls complete are cropped through the lungs, shifted and tilted; each
item's value on the changed picture is compared with its value on the unchanged one by the area
under the ROC curve, and with its threshold. Lungs are found by the network of the fold that has
not seen the patient (sources without folds of the model: by the stored one, which never saw
them). Turning the patient about the long axis and shoulder blades over the lungs cannot be made
from a picture; they are not here. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.geometry import Geometry
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model
from MedImageLib.network.multi_level import MultiLevelNetwork
from MedImageLib.network.training import FOLDS, TrainingSettings, trained_network
from MedImageLib.settings import load_settings
from MedImageLib.volume import Volume
from MedImageMetricLib.radiograph.analysis import analyze_radiograph
from MedImageMetricLib.radiograph.detectors import installed_models
from MedImageMetricLib.radiograph.segmentation import MODEL

CUT = 0.08  # of the lungs' height or width
OFF = 0.12  # of the picture's width
TILT_DEG = 10.0
MODELS = (MODEL, "radiograph_spine")
OUTLINED = ("wingspan", "montgomery", "shenzhen")
Box = tuple[int, int, int, int]  # first and last row, first and last column of the lungs


@dataclass(frozen=True)
class Defect:
    """A change of a picture and the item that should tell it; more: a larger value is worse."""

    name: str
    item: str
    more: bool
    make: Callable[[np.ndarray, Box], np.ndarray]


def cut_upper(plane: np.ndarray, box: Box) -> np.ndarray:
    return plane[round(box[0] + CUT * (box[1] - box[0])) :]


def cut_lower(plane: np.ndarray, box: Box) -> np.ndarray:
    return plane[: round(box[1] - CUT * (box[1] - box[0]))]


def cut_right(plane: np.ndarray, box: Box) -> np.ndarray:
    """The patient's right, on the left of the picture."""
    return plane[:, round(box[2] + CUT * (box[3] - box[2])) :]


def cut_left(plane: np.ndarray, box: Box) -> np.ndarray:
    return plane[:, : round(box[3] - CUT * (box[3] - box[2]))]


def shifted(plane: np.ndarray, box: Box) -> np.ndarray:
    """The patient stands beside the middle: what lies beyond repeats the border."""
    columns = round(OFF * plane.shape[1])
    return np.pad(plane, ((0, 0), (columns, 0)), mode="edge")[:, : plane.shape[1]]


def tilted(plane: np.ndarray, box: Box) -> np.ndarray:
    return ndimage.rotate(plane, TILT_DEG, reshape=False, order=1, mode="nearest")


DEFECTS = (
    Defect("apex cut", "lung_margin_upper", False, cut_upper),
    Defect("base cut", "lung_margin_lower", False, cut_lower),
    Defect("right side cut", "lung_margin_left", False, cut_right),
    Defect("left side cut", "lung_margin_right", False, cut_left),
    Defect("shifted", "spine_offset", True, shifted),
    Defect("tilted", "tilt_deg", True, tilted),
)


def pictures(data: Path, source: str) -> Iterator[tuple[int, np.ndarray, Box]]:
    """(fold, plane, box of the outlined lungs) of pictures that were read as complete."""
    folder = data / f"cxr_{source}"
    with (data / "cxr_read_by_eye" / f"{source}.csv").open(encoding="utf-8") as stream:
        complete = {
            r["id"]
            for r in csv.DictReader(stream)
            if r["lungs_complete"] == "yes" and r["rotated"] == "no"
        }
    with (folder / "index.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["id"] in complete:
                column = next(name for name in row if name.startswith("mask"))
                with Image.open(folder / row[column]) as opened:
                    lungs = np.isin(np.asarray(opened), (1, 2))
                with Image.open(folder / row["file"]) as opened:
                    plane = np.asarray(opened.convert("L"), np.float32)
                rows, columns = np.nonzero(lungs)
                if len(rows):
                    yield (
                        int(row["fold"]),
                        plane,
                        (rows.min(), rows.max(), columns.min(), columns.max()),
                    )


def networks_of(run: Path) -> list[MultiLevelNetwork]:
    settings = load_settings(run / "settings.json", TrainingSettings)
    return [folded(trained_network(run, fold, settings.network)) for fold in range(FOLDS)]


def values(plane: np.ndarray, models: dict[str, Model]) -> dict[str, tuple[float | None, str]]:
    """Value and state of every item; nothing when the picture is no chest to the product."""
    volume = Volume(plane[None], Geometry((1, *plane.shape)), modality="DX")
    found = analyze_radiograph(volume, models=models)
    return {one.condition.name: (one.value, one.state) for one in found.assessment.conditions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    for name in MODELS:
        parser.add_argument(f"--{name.split('_')[1]}-run", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=60, help="pictures of each source")
    parser.add_argument("--sources", nargs="+", choices=OUTLINED, default=OUTLINED)
    options = parser.parse_args()
    runs = {name: getattr(options, f"{name.split('_')[1]}_run") for name in MODELS}
    # Other detectors have no say in these items.
    installed = installed_models()
    stored = {name: one for name in MODELS if isinstance(one := installed[name], Model)}
    networks = {name: networks_of(run) for name, run in runs.items()}
    print("| source | defect | item | pictures | AUROC | called | called unchanged |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for source in options.sources:
        before: list[dict[str, tuple[float | None, str]]] = []
        after: dict[str, list[dict[str, tuple[float | None, str]]]] = {d.name: [] for d in DEFECTS}
        for number, (fold, plane, box) in enumerate(pictures(options.data, source)):
            if number >= options.limit:
                break
            models = dict(stored)
            for name, of_folds in networks.items():
                card = stored[name].card
                if source in {entry["name"] for entry in card.data}:
                    models[name] = Model(card, of_folds[fold], "")
            before.append(values(plane, models))
            for defect in DEFECTS:
                after[defect.name].append(values(defect.make(plane, box), models))
        for defect in DEFECTS:
            show(source, defect, before, after[defect.name])


def show(
    source: str,
    defect: Defect,
    before: list[dict[str, tuple[float | None, str]]],
    after: list[dict[str, tuple[float | None, str]]],
) -> None:
    # What cannot be measured on a damaged picture is not passed: it counts as worst.
    worst = np.inf

    def score(one: dict[str, tuple[float | None, str]]) -> float:
        value = one.get(defect.item, (None, ""))[0]
        return worst if value is None else value if defect.more else -value

    def called(many: list[dict[str, tuple[float | None, str]]]) -> float:
        states = [one.get(defect.item, (None, "not_assessable"))[1] for one in many]
        return float(np.mean([state != "satisfied" for state in states]))

    area = area_under_roc([score(one) for one in after], [score(one) for one in before])
    print(
        f"| {source} | {defect.name} | {defect.item} | {len(before)} | {area:.3f} "
        f"| {called(after):.2f} | {called(before):.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
