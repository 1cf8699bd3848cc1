"""What real objects with boxes around them add to a network that knows drawn ones, out of fold.

The network of a fold 0 (`--start`) has seen clean pictures of folds 1 to 4 and no real object. From
its weights one network for each fold goes on with these pictures and the boxed ones of all folds
but that one, and one with all of them. Real objects are then found by a network that has not seen
the patient; the clean pictures of fold 0 have been seen by none. Prints Markdown, each line beside
the same pictures by the weights at the start.
"""

from __future__ import annotations

import argparse
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from foreign_objects import (
    DEVICES,
    NAME,
    SETS,
    Answer,
    Picture,
    Tables,
    answered,
    by_kind,
    figures,
    pictures,
    print_table,
    shifted,
    with_unseen,
)

from MedImageLib.network.fitting import CHECKPOINT
from MedImageLib.network.folding import folded
from MedImageLib.network.inference import segment_plane
from MedImageLib.network.model_store import Model, save_model
from MedImageLib.network.multi_level import MultiLevelNetwork
from MedImageLib.network.samples import FIRST_BAG, Sample, read_samples
from MedImageLib.network.training import (
    FOLDS,
    TrainingSettings,
    fold_folder,
    prepare,
    train_network,
)
from MedImageLib.network.workflow import card_of, settings_path
from MedImageLib.settings import load_settings
from MedImageMetricLib.radiograph.detections import LEAST_PROBABILITY
from MedImageMetricLib.radiograph.object_parts import object_parts
from MedImageMetricLib.radiograph.segmentation import content_box

BEFORE = -1
CLEAN_FOLD = 0
ROUND_KEY = 40  # sets the random views apart from those of other trainings
MOST_ALARMS = 0.1  # a clean picture
THRESHOLD = 0.5
MOST, NEAR, STEP = 14.0, 2.0, 0.1  # shifts of the logits that are tried


def has_boxes(sample: Sample) -> bool:
    return bool((sample.label >= FIRST_BAG).any())


def shown_to(samples: Sequence[Sample], part: int) -> list[Sample]:
    """What the network of a part learns from; part FOLDS: all real objects."""
    return [
        one for one in samples if one.fold != (part if has_boxes(one) else CLEAN_FOLD)
    ]  # fmt: skip


def train(
    settings: TrainingSettings, data: Path, start: Path, run: Path, parts: Sequence[int]
) -> list[Sample]:
    samples = read_samples(data, settings.sources)
    prepared = {(one.source, one.id): prepare(one, settings) for one in samples}
    for part in parts:
        folder = fold_folder(run, part)
        if (folder / "done").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        shown = [prepared[one.source, one.id] for one in shown_to(samples, part)]
        train_network(
            shown,
            settings,
            folder,
            ROUND_KEY + part,
            settings.finish_steps,
            start,
            lambda text, part=part: print(f"{part}: {text}", flush=True),
        )
        (folder / "done").touch()
    return samples


def model_of(settings: TrainingSettings, checkpoint: Path, shift: float) -> Model:
    return Model(card_of(settings, [], {}, ""), folded(network_of(settings, checkpoint, shift)), "")


def network_of(settings: TrainingSettings, checkpoint: Path, shift: float) -> MultiLevelNetwork:
    network = MultiLevelNetwork(settings.network).eval()
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["averaged"])
    return shifted(network, shift)


def shift_of(settings: TrainingSettings, checkpoint: Path, clean: Sequence[Picture]) -> float:
    """The least shift of the logits beyond which MOST_ALARMS is never exceeded.

    Found in two rounds: far from a half, probabilities hold too few digits to be shifted.
    """
    shift = 0.0
    for reach in (MOST, NEAR):
        model = model_of(settings, checkpoint, shift)
        logits = [object_logits(one, model) for one in clean]
        steps = np.arange(reach, -min(shift, NEAR), -STEP)
        shift += next((one + STEP for one in steps if alarms_at(logits, one) > MOST_ALARMS), 0.0)
    return round(float(shift), 2)


def object_logits(picture: Picture, model: Model) -> np.ndarray:
    card = model.card
    plane = picture.plane[content_box(picture.plane)]
    answer = segment_plane(model.network, plane, card.framing, None, percent=card.percent)
    assert answer.probabilities is not None
    found = np.clip(answer.probabilities[1], 1e-7, 1 - 1e-7)
    return np.log(found / (1 - found))


def alarms_at(logits: Sequence[np.ndarray], shift: float) -> float:
    """False alarms a picture, where the logits (j, i) of clean pictures are lowered by a shift."""
    parts = [object_parts(1 / (1 + np.exp(shift - one)), "", LEAST_PROBABILITY) for one in logits]
    return float(np.mean([sum(part.confidence > THRESHOLD for part in one) for one in parts]))


def unseen_with(shown: Sequence[Picture], seen: set[tuple[str, str]]) -> list[Picture]:
    """Pictures with objects of patients of whom no clean picture was learned from."""
    return [one for one in shown if one.boxes and (one.source, one.patient) not in seen]


def score(
    settings: TrainingSettings, data: Path, start: Path, run: Path, parts: Sequence[int]
) -> Tables:
    """Real objects of these folds; a clean or drawn-on picture is answered by one of the networks.

    Which one follows from its patient. Alarms are counted on the answers of every network.
    """
    shown = [one for source in SETS for one in pictures(data, source)]
    clean = [one for one in shown if not one.boxes and one.sure]
    seen = {(one.source, one.patient) for one in clean if one.fold != CLEAN_FOLD}
    held_back = [one for one in clean if one.fold == CLEAN_FOLD]
    real = [one for one in unseen_with(shown, seen) if one.fold in parts]
    turn = [zlib.crc32(one.patient.encode()) % len(parts) for one in held_back]
    found: dict[str, dict[str, list[Answer]]] = {}
    shifts: list[dict[str, object]] = []
    for number, part in enumerate([BEFORE, *parts], start=-1):
        checkpoint = start if part == BEFORE else fold_folder(run, part) / CHECKPOINT
        shift = shift_of(settings, checkpoint, held_back[::2])
        model = model_of(settings, checkpoint, shift)
        without = [answered(one, model) for one in held_back]
        mine = [n for n, one in enumerate(turn) if part == BEFORE or one == number]
        of_kind = found.setdefault("before" if part == BEFORE else "after", defaultdict(list))
        of_kind["clean"] += [without[n] for n in mine]
        of_kind["drawn"] += [answered(with_unseen(held_back[n]), model) for n in mine]
        of_kind["real"] += [answered(one, model) for one in real if part in (BEFORE, one.fold)]
        alarms = [alarms_of(half) for half in (without[::2], without[1::2])]
        shifts.append(
            {"network": "before" if part == BEFORE else f"without the real ones of fold {part}"}
            | {"shift": shift, "alarms, where chosen": alarms[0], "alarms, elsewhere": alarms[1]}
        )
        print(shifts[-1], flush=True)
    sure = {who: [one for one in of["real"] if one.picture.sure] for who, of in found.items()}
    return {
        "Shift of the logits, and false alarms a clean picture": shifts,
        "Real, sure and unsure objects": lines({w: of["real"] for w, of in found.items()}, found),
        "Real, sure objects": lines(sure, found),
        "Generated, kinds not in training": lines({w: o["drawn"] for w, o in found.items()}, found),
        "Devices of Hannover": [{"weights": w} | devices_of(o["real"]) for w, o in found.items()],
        "Real, by kind": [
            {"weights": who} | row
            for who, of in found.items()
            for row in by_kind(of["real"], THRESHOLD)
        ],
    }


def lines(
    shown: Mapping[str, Sequence[Answer]], found: Mapping[str, Mapping[str, Sequence[Answer]]]
) -> list[dict[str, object]]:
    """A line for each source and weights, against the clean pictures of the source."""
    rows = []
    for source in SETS:
        for who, answers in shown.items():
            part = [one for one in answers if one.picture.source == source]
            without = [one for one in found[who]["clean"] if one.picture.source == source]
            if part:
                rows.append({"weights": who} | figures(source, part, without, THRESHOLD))
    return rows


def alarms_of(clean: Sequence[Answer]) -> float:
    """False alarms a clean picture."""
    return float(np.mean([sum(c > THRESHOLD for c in a.detections.false_alarms) for a in clean]))


def devices_of(found: Sequence[Answer]) -> dict[str, object]:
    hits = [
        hit > THRESHOLD
        for one in found
        for kind, hit in zip(one.kinds, one.detections.hits, strict=True)
        if one.picture.source == "hannover" and kind in DEVICES
    ]
    return {"devices": len(hits), "found": float(np.mean(hits)) if hits else "-"}


def store(
    folder: Path,
    settings: TrainingSettings,
    data: Path,
    run: Path,
    part: int,
    tables: Tables,
) -> None:
    """The network of a part as a model, with the figures of the objects that were not shown."""
    shown = [one for source in SETS for one in pictures(data, source)]
    clean = [one for one in shown if not one.boxes and one.sure and one.fold == CLEAN_FOLD]
    checkpoint = fold_folder(run, part) / CHECKPOINT
    shift = shift_of(settings, checkpoint, clean[::2])
    samples = shown_to(read_samples(data, settings.sources), part)
    protocol = (
        "Five networks of the same recipe, each without the real objects of one fold, found these; "
        "clean pictures and those with drawn objects are of fold 0, of which none has seen a clean "
        "picture, each answered by one of the five. "
        "The stored network has seen all real objects that a reader was sure of. 'before': weights "
        "that knew drawn objects "
        f"alone. Logits lowered by {shift}, chosen on every second clean picture of fold 0."
    )
    rounded = {
        title: [
            {key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()}
            for row in rows
        ]
        for title, rows in tables.items()
    }
    command = "python Testing/Benchmarks/foreign_objects_real.py --data DATA --start START -o RUN"
    card = card_of(settings, samples, {"protocol": protocol, "tables": rounded}, command)
    save_model(folder, network_of(settings, checkpoint, shift), card)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--start", type=Path, required=True, help="checkpoint.pt to go on from")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--settings", default=NAME, help="settings file, or the shipped model's")
    parser.add_argument("--parts", type=int, nargs="*", default=[*range(FOLDS + 1)])
    parser.add_argument("--score", type=int, nargs="*", default=[*range(FOLDS)])
    parser.add_argument("--store", type=Path, help="folder to store a network in as a model")
    parser.add_argument("--store-part", type=int, default=FOLDS, help="which; 5 = of all (default)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = load_settings(settings_path(options.settings), TrainingSettings)
    settings = replace(settings, learning_rate=settings.finish_learning_rate)
    if options.parts:
        train(settings, options.data, options.start, options.out, options.parts)
    tables: Tables = {}
    if options.score:
        tables = score(settings, options.data, options.start, options.out, options.score)
    for title, rows in tables.items():
        print_table(title, rows)
    if options.store:
        part = options.store_part
        store(options.store, settings, options.data, options.out, part, tables)


if __name__ == "__main__":
    main()
