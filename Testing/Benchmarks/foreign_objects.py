"""How well foreign objects are found on radiographs: drawn ones of unseen kinds, and real ones.

Every picture is answered by a network of a fold that has seen no picture of the patient. Drawn
objects are of kinds that no training shows; real ones are by a reader's boxes. Prints Markdown;
nothing of generated and real pictures is put together.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from MedImageLib.detection_metrics import ImageDetections, area_under_roc, froc, held_against
from MedImageLib.intensity import normalized_by_ranks
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model, load_model, save_model
from MedImageLib.network.multi_level import MultiLevelNetwork
from MedImageLib.network.samples import read_samples
from MedImageLib.network.training import FOLDS, TrainingSettings, fold_split, trained_network
from MedImageLib.network.workflow import card_of, settings_path
from MedImageLib.phantom.foreign_objects import with_objects
from MedImageLib.phantom.foreign_shapes import UNSEEN
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.boxed_objects import read_boxes
from MedImageMetricLib.radiograph.detections import box_of
from MedImageMetricLib.radiograph.detectors import detect_foreign_objects

NAME = "radiograph_foreign_objects"
SETS = ("wingspan", "montgomery", "shenzhen", "hannover")
WIRES = ("lead", "tube", "catheter")
DEVICES = (*WIRES, "ecg_electrode", "pacemaker")
MOST_DRAWN = 3

Tables = dict[str, list[dict[str, object]]]


@dataclass(frozen=True, eq=False)
class Picture:
    """One radiograph with what a reader saw on it; boxes: (kind, box)."""

    id: str
    patient: str
    source: str
    fold: int
    plane: np.ndarray
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...]
    sure: bool


@dataclass(frozen=True, eq=False)
class Answer:
    """Largest confidence on a picture and its detections held against the objects."""

    picture: Picture
    confidence: float
    detections: ImageDetections
    kinds: tuple[str, ...]


def pictures(data: Path, source: str) -> Iterator[Picture]:
    index = data / f"cxr_{source}" / "index.csv"
    with (data / "cxr_read_by_eye" / f"{source}.csv").open(newline="", encoding="utf-8") as stream:
        reading = {row["id"]: row for row in csv.DictReader(stream)}
    with index.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            read = reading[row["id"]]
            yield Picture(
                row["id"], row["patient"], source, int(row["fold"]),
                plane_of(index.parent / row["file"]), read_boxes(read["foreign"]),
                read["foreign_sure"] == "yes",
            )  # fmt: skip


def plane_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"), np.float32)


def answered(picture: Picture, model: Model) -> Answer:
    found = detect_foreign_objects(picture.plane, model)["foreign_objects"]
    assert isinstance(found, tuple)
    centers = [one.box.center_ij for one in found]
    sureness = [one.confidence for one in found]
    held = held_against(centers, sureness, [box for _, box in picture.boxes])
    kinds = tuple(kind for kind, _ in picture.boxes)
    return Answer(picture, max(sureness, default=0.0), held, kinds)


def with_unseen(picture: Picture) -> Picture:
    """The picture with one to three objects of unseen kinds, by its id."""
    generator = np.random.default_rng(zlib.crc32(picture.id.encode()))
    plane = normalized_by_ranks(picture.plane)
    for _ in range(20):
        image, objects = with_objects(
            plane, UNSEEN, int(generator.integers(1, MOST_DRAWN + 1)), generator
        )
        if objects:
            break
    boxes = []
    for one in objects:
        box = box_of(one.mask)
        assert box is not None
        boxes.append((one.kind, (box.left, box.upper, box.right, box.lower)))
    return Picture(
        picture.id, picture.patient, picture.source, picture.fold, image, tuple(boxes), True
    )


def fold_network(
    run: Path, fold: int, settings: TrainingSettings, shift: float
) -> MultiLevelNetwork:
    """The network of a fold, `shifted`."""
    return shifted(trained_network(run, fold, settings.network), shift)


def shifted(network: MultiLevelNetwork, shift: float) -> MultiLevelNetwork:
    """The network, changed: less sure of objects by `shift` in the logit at every level.

    Training shows many more objects than life does, so its confidences are too high.
    """
    with torch.no_grad():
        for head in network.heads:
            head[-1].bias[1] -= shift
    return network


class Networks:
    """The networks of a run, each for the patients that it has not seen."""

    def __init__(
        self, run: Path, folds: Sequence[int], shown: Sequence[Picture], shift: float
    ) -> None:
        settings = load_settings(settings_path(NAME), TrainingSettings)
        card = card_of(settings, [], {}, "")
        self.models = {
            fold: Model(card, folded(fold_network(run, fold, settings, shift)), "")
            for fold in folds
        }
        clean = [one for one in shown if not one.boxes and one.sure]
        self.seen = {
            fold: {(one.source, one.patient) for one in clean if one.fold != fold} for fold in folds
        }

    def for_patient(self, picture: Picture) -> Model | None:
        """A network that has not seen the patient, the same one each time; None if all have."""
        person = (picture.source, picture.patient)
        unseen = [fold for fold in self.models if person not in self.seen[fold]]
        if not unseen:
            return None
        return self.models[unseen[zlib.crc32(picture.patient.encode()) % len(unseen)]]


def answers(shown: Sequence[Picture], networks: Networks | Model) -> list[Answer]:
    result = []
    for picture in shown:
        model = networks if isinstance(networks, Model) else networks.for_patient(picture)
        if model is not None:
            result.append(answered(picture, model))
    return result


def print_table(title: str, rows: Sequence[dict[str, object]]) -> None:
    print(f"\n### {title}\n")
    head = list(rows[0])
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        shown = (f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values())
        print("| " + " | ".join(shown) + " |")


def figures(
    name: str, positives: Sequence[Answer], negatives: Sequence[Answer], threshold: float
) -> dict[str, object]:
    """One line of a table."""
    patients = len({one.picture.patient for one in (*positives, *negatives)})
    alarms = [sum(c > threshold for c in one.detections.false_alarms) for one in negatives]
    hits = [hit for one in positives for hit in one.detections.hits]
    line: dict[str, object] = {
        "source": name,
        "patients": patients,
        "with objects": len(positives),
        "without": len(negatives),
    }
    scores = [[one.confidence for one in part] for part in (positives, negatives)]
    line["AUC"] = area_under_roc(*scores) if all(scores) else "-"
    line["FROC"] = (
        froc([one.detections for one in (*positives, *negatives)]) if hits and negatives else "-"
    )
    line["objects"] = len(hits)
    line["found"] = float(np.mean(np.array(hits) > threshold)) if hits else "-"
    line["pictures found"] = float(np.mean(np.array(scores[0]) > threshold)) if scores[0] else "-"
    line["false alarms a clean picture"] = float(np.mean(alarms)) if alarms else "-"
    return line


def by_kind(found: Sequence[Answer], threshold: float) -> list[dict[str, object]]:
    hits = defaultdict(list)
    for one in found:
        for kind, hit in zip(one.kinds, one.detections.hits, strict=True):
            hits[one.picture.source, kind].append(hit > threshold)
    return [
        {"source": source, "kind": kind, "objects": len(values), "found": float(np.mean(values))}
        for (source, kind), values in sorted(hits.items())
    ]


def covidseg(data: Path) -> Iterator[Picture]:
    """Pictures of the test set with the boxes of each connected part of its drawn devices.

    Pictures whose devices are only named are left out; no device and none named = without.
    """
    from scipy import ndimage

    folder = data / "cxr_covidseg"
    with (folder / "index.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            boxes = []
            for file in row["mask_files"].split(";"):
                if "_dev_" not in file:
                    continue
                parts, _ = ndimage.label(plane_of(folder / file) > 0, np.ones((3, 3)))
                for rows, columns in ndimage.find_objects(parts):
                    box = (columns.start - 0.5, rows.start - 0.5, columns.stop - 0.5, rows.stop)
                    boxes.append((file.split("_dev_")[1][:-4], box))
            if not boxes and "not drawn" in row["note"]:
                continue
            yield Picture(
                row["id"], row["patient"], "covidseg", -1, plane_of(folder / row["file"]),
                tuple(boxes), True,
            )  # fmt: skip


def real_and_drawn(
    data: Path, run: Path, folds: Sequence[int], threshold: float, shift: float
) -> Tables:
    shown = [one for source in SETS for one in pictures(data, source)]
    networks = Networks(run, folds, shown, shift)
    clean = [one for one in shown if not one.boxes and one.sure]
    negatives = answers(clean, networks)
    drawn = answers([with_unseen(one.picture) for one in negatives], networks)
    real = answers([one for one in shown if one.boxes], networks)

    def lines(part: Sequence[Answer]) -> list[dict[str, object]]:
        of = {s: [one for one in part if one.picture.source == s] for s in SETS}
        without = {s: [one for one in negatives if one.picture.source == s] for s in SETS}
        return [figures(s, of[s], without[s], threshold) for s in SETS]

    devices = [
        (kind, hit > threshold)
        for one in real
        for kind, hit in zip(one.kinds, one.detections.hits, strict=True)
        if one.picture.source == "hannover" and kind in DEVICES
    ]
    worst = sorted(real, key=lambda one: one.confidence)[:6]
    loud = sorted(negatives, key=lambda one: -one.confidence)[:6]
    return {
        f"Generated: kinds not in training ({', '.join(UNSEEN)}), threshold {threshold}": lines(
            drawn
        ),
        "Generated: by kind": by_kind(drawn, threshold),
        "Real, by the reading, sure and unsure objects": lines(real),
        "Real, by the reading, sure objects": lines([one for one in real if one.picture.sure]),
        "Real: by kind": by_kind(real, threshold),
        "Real: devices of Hannover": [
            {"devices": len(devices), "found": float(np.mean([hit for _, hit in devices]))}
        ],
        "Least sure with objects": [_told(one) for one in worst],
        "Surest without": [_told(one) for one in loud],
    }


def _told(one: Answer) -> dict[str, object]:
    return {"picture": one.picture.id, "confidence": one.confidence}


def store(folder: Path, data: Path, run: Path, fold: int, tables: Tables, shift: float) -> None:
    """The network of one fold as the model, with the figures of the patients it has not seen."""
    settings = load_settings(settings_path(NAME), TrainingSettings)
    shown, _ = fold_split(read_samples(data, settings.sources), fold)
    protocol = (
        f"Network of fold {fold}: patients of the other folds were shown to it, all figures are of "
        "patients that were not. Real objects were never trained on. Logits lowered by "
        f"{shift}, chosen on every second clean picture of that fold."
    )
    rounded = {
        title: [
            {key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()}
            for row in rows
        ]
        for title, rows in tables.items()
    }
    command = f"medimage train {NAME} --data DATA -o RUN --folds {fold}"
    card = card_of(settings, shown, {"protocol": protocol, "tables": rounded}, command)
    save_model(folder, fold_network(run, fold, settings, shift), card)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--run", type=Path, help="run of `medimage train`; its folds are scored")
    parser.add_argument("--store", type=Path, help="folder to store the first fold's network in")
    parser.add_argument("--stored", default=NAME, help="stored model for the test set")
    parser.add_argument("--test-set", action="store_true", help="score the test set once")
    parser.add_argument("--threshold", type=float, default=0.5, help="of the confidence")
    parser.add_argument("--shift", type=float, default=0.0, help="logits are lowered by it")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tables: Tables = {}
    if options.run:
        folds = [f for f in range(FOLDS) if (options.run / f"fold{f}" / "checkpoint.pt").exists()]
        tables = real_and_drawn(options.data, options.run, folds, options.threshold, options.shift)
        if options.store:
            store(options.store, options.data, options.run, folds[0], tables, options.shift)
    if options.test_set:
        found = answers(list(covidseg(options.data)), load_model(options.stored))
        positives = [one for one in found if one.kinds]
        negatives = [one for one in found if not one.kinds]
        line = figures("covidseg", positives, negatives, options.threshold)
        tables |= {
            "Test set: drawn outlines of devices": [line],
            "Test set: by kind": by_kind(positives, options.threshold),
        }
    for title, rows in tables.items():
        print_table(title, rows)


if __name__ == "__main__":
    main()
