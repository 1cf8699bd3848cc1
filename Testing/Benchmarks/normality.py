"""Normality models measured: artifacts by family and severity, false alarms, remedies, peers.

    python Testing/Benchmarks/normality.py test MODEL --data DATA -o OUT [--limit N]
    python Testing/Benchmarks/normality.py choose MODEL --data DATA -o OUT [--background RUN]
    python Testing/Benchmarks/normality.py compare MODEL --data DATA -o OUT --background RUN
    python Testing/Benchmarks/normality.py alarms MODEL --data DATA -o OUT
    python Testing/Benchmarks/normality.py speed MODEL -o OUT
    python Testing/Benchmarks/normality.py publish MODEL -o OUT --folder Resources/models/NAME

`test` puts the test artifacts on held-out scans (fold 4), `choose` other artifacts on fold 3,
`compare` puts remedies and peers beside the product on the test artifacts; the background model is
trained into RUN where it is not there yet. `alarms` counts false alarms on one held-out fold by a
threshold from the other. AUROC with a 95 % interval by bootstrap over patients, worst family first.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import normality_artifacts as tested
import normality_validation_artifacts as validation
import numpy as np
import torch
from normality_alarms import alarm_rows
from normality_peers import peers_of

from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.settings import settings_from_dict
from MedImageLib.volume import Volume
from MedImageMetricLib.normality.autoencoder import VariationalAutoencoder
from MedImageMetricLib.normality.feature_distance import combined
from MedImageMetricLib.normality.model import (
    NormalityModel,
    load_normality_model,
    save_normality_model,
)
from MedImageMetricLib.normality.normal_images import is_normal_row, read_normal_sources
from MedImageMetricLib.normality.scores import (
    complexity,
    likelihood_regret,
    log_likelihoods,
)
from MedImageMetricLib.normality.slice_scores import (
    LEARNED,
    SliceScores,
    score_scan,
    score_slices,
)
from MedImageMetricLib.normality.training import (
    TRAINED,
    NormalityTraining,
    train_background,
)
from MedImageMetricLib.normality.view import planes_of

KINDS = {"normality_radiograph": "radiograph", "normality_cardiac_mr": "cardiac_mr"}
DRAWS = 300
BACKGROUND_STEPS = 600


@dataclass(frozen=True, eq=False)
class Scan:
    """A normal scan on its own pixels: array (k, j, i) float."""

    id: str
    patient: str
    array: np.ndarray
    volume: Volume


Score = Callable[[NormalityModel, list[np.ndarray]], dict[str, np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("test", "choose", "compare", "alarms", "speed", "publish"))
    parser.add_argument("model")
    parser.add_argument("--data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=60, help="scans or slices at most")
    parser.add_argument(
        "--severities", nargs="+", choices=tested.SEVERITIES, default=list(tested.SEVERITIES)
    )
    parser.add_argument("--volumes", action="store_true", help="whole volumes, not single slices")
    parser.add_argument("--families", nargs="+", help="only these families")
    parser.add_argument("--folder", type=Path, help="where the model with its figures is stored")
    parser.add_argument("--background", type=Path, help="run folder of a background model")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_normality_model(options.model)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.what == "speed":
        _speed(model)
    elif options.what == "publish":
        _publish(model, options.out, options.folder)
    elif options.what == "alarms":
        rows = alarm_rows(model, options.data)
        _write(options.out / f"{model.card.name}_alarms.csv", rows)
    else:
        _artifacts(model, options)


def _artifacts(model: NormalityModel, options: argparse.Namespace) -> None:
    kind = KINDS.get(model.card.name, "ct")
    fold = 3 if options.what == "choose" else 4
    scans = _scans(model, options.data, fold, options.limit, options.volumes)
    if options.what in ("test", "compare"):
        families = dict(tested.FAMILIES[kind])
        if options.volumes:
            families |= tested.VOLUME_FAMILIES
        score = _volume_scores if options.volumes else _slice_scores(model, options.data)
        if options.what == "compare":
            score = _side_by_side(score, _remedies(model, options.data, options.background))
    else:
        families = dict(validation.FAMILIES)
        if options.volumes:
            families |= validation.VOLUME_FAMILIES
        score = (
            _volume_scores
            if options.volumes
            else _remedies(model, options.data, options.background)
        )
    if options.families:
        families = {name: families[name] for name in options.families}
    rows = _measured(model, scans, families, score, options.severities)
    level = "volumes" if options.volumes else "slices"
    name = f"{model.card.name}_{options.what}_{level}"
    _write(options.out / f"{name}.csv", rows)
    _summary(rows, len(scans), len({scan.patient for scan in scans}))


def _scans(model: NormalityModel, data: Path, fold: int, limit: int, volumes: bool) -> list[Scan]:
    settings = settings_from_dict(model.card.training, NormalityTraining)
    found = []
    for source in settings.sources:
        index = data / source.index
        with open(index, newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.DictReader(stream) if is_normal_row(row, source)]
        for row in rows:
            if int(row["fold"]) != fold:
                continue
            found.append((row, index.parent / row[source.image_column]))
    order = np.random.default_rng(0).permutation(len(found))[:limit]
    scans = []
    for number in order:
        row, path = found[number]
        volume = read_image(path)
        array = np.asarray(volume.array, float)
        if not volumes and len(array) > 1:
            place = np.random.default_rng(number).integers(0, len(array))
            array = array[place : place + 1]
        scans.append(Scan(row["id"], row["patient"], array, volume))
    return scans


def _view(model: NormalityModel, scan: Scan, array: np.ndarray) -> np.ndarray:
    """Planes of values stored as the scan's file stores them."""
    kind = scan.volume.array.dtype
    limits = (-1024, 3071) if kind.kind == "i" else (0, 255)
    stored = np.clip(np.round(array), *limits).astype(kind)
    grid = scan.volume.geometry
    geometry = Geometry(stored.shape, grid.spacing_mm, spacing_known=grid.spacing_known)
    return planes_of(Volume(stored, geometry, modality=scan.volume.modality), model.card.view)[0]


def _measured(
    model: NormalityModel,
    scans: list[Scan],
    families: dict,
    score: Score,
    severities: list[str],
) -> list[dict[str, object]]:
    """AUROC of every score for every family and severity."""
    gray = tested.HOUNSFIELD if model.card.view.grays == "hounsfield" else tested.PICTURE
    normal = score(model, [_view(model, scan, scan.array) for scan in scans])
    patients = np.array([scan.patient for scan in scans])
    of_volumes = {**tested.VOLUME_FAMILIES, **validation.VOLUME_FAMILIES}
    rows: list[dict[str, object]] = []
    for name, family in families.items():
        for severity, word in enumerate(tested.SEVERITIES):
            if word not in severities:
                continue
            changed = []
            for scan in scans:
                seed = [severity, zlib.crc32(f"{name} {scan.id}".encode())]
                if name in of_volumes:
                    made = family(scan.array, severity, np.random.default_rng(seed), gray)
                else:
                    # The same random numbers for every slice: one fault of one scan.
                    made = np.stack(
                        [
                            family(plane, severity, np.random.default_rng(seed), gray)
                            for plane in scan.array
                        ]
                    )
                changed.append(_view(model, scan, made))
            found = score(model, changed)
            row: dict[str, object] = {"family": name, "severity": word}
            for key, usual in normal.items():
                low, value, high = _auroc_interval(usual, found[key], patients)
                row[key] = round(value, 4)
                if key == "score":
                    row["interval"] = f"{low:.3f}–{high:.3f}"
            rows.append(row)
            print(row, flush=True)
    return rows


def _slice_scores(model: NormalityModel, data: Path) -> Score:
    """The product's score beside peers that learn the same training slices."""
    peers = peers_of(model, data)

    def score(model: NormalityModel, scans: list[np.ndarray]) -> dict[str, np.ndarray]:
        found = score_slices(model, np.concatenate(scans))
        likelihood = log_likelihoods(model.autoencoder, found.small, samples=4)
        return {
            "score": found.scores,
            "plain likelihood": -likelihood.numpy(),
            **{name: np.array([peer(one) for one in scans]) for name, peer in peers.items()},
        }

    return score


def _volume_scores(model: NormalityModel, scans: list[np.ndarray]) -> dict[str, np.ndarray]:
    rows = []
    for planes in scans:
        score, groups = score_scan(model, planes, score_slices(model, planes))
        rows.append({"score": score, **groups})
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def _side_by_side(one: Score, other: Score) -> Score:
    return lambda model, scans: {**one(model, scans), **other(model, scans)}


def _remedies(model: NormalityModel, data: Path, background: Path | None) -> Score:
    """All compared scores; see the module `scores`."""
    assert model.calibration is not None
    usual = float(np.median(model.calibration.likelihoods))
    other = _background(model, data, background) if background is not None else None

    def score(model: NormalityModel, scans: list[np.ndarray]) -> dict[str, np.ndarray]:
        found: SliceScores = score_slices(model, np.concatenate(scans))
        likelihood = log_likelihoods(model.autoencoder, found.small, 8).numpy()
        plain = {name: v for name, v in found.groups.items() if name not in LEARNED}
        learned = {name: v for name, v in found.groups.items() if name in LEARNED}
        scores = {
            "score": found.scores,
            "groups without coupling": combined(found.groups),
            "largest group": np.stack(list(found.groups.values())).max(0),
            "features alone": combined(plain),
            "network alone": combined(learned),
            "plain likelihood": -likelihood,
            "typicality": np.abs(likelihood - usual),
            "likelihood regret": likelihood_regret(model.autoencoder, found.small, 10).numpy(),
            "complexity": -likelihood - complexity(found.small[:, 0].numpy()),
        }
        if other is not None:
            scores["likelihood ratio"] = log_likelihoods(other, found.small, 8).numpy() - likelihood
        return scores

    return score


def _background(model: NormalityModel, data: Path, run: Path) -> VariationalAutoencoder:
    """The background model in `run`, trained there where it is not finished."""
    settings = settings_from_dict(model.card.training, NormalityTraining)
    settings = replace(settings, background_steps=settings.background_steps or BACKGROUND_STEPS)
    scans = read_normal_sources(data, settings.sources, settings.view)
    trained = [scan for scan in scans if scan.fold in TRAINED]
    return train_background(settings, trained, run).eval().requires_grad_(False)


def _publish(model: NormalityModel, figures: Path, folder: Path) -> None:
    """Store the model again with the figures that lie in `figures` on its card."""
    tables = {}
    titles = {
        "alarms": "False alarms on held-out patients, threshold from the other held-out fold",
        "choose_slices": "AUROC on validation artifacts (generated), the scores compared",
        "compare_slices": "AUROC on test artifacts (generated), remedies and peers in one run",
        "test_slices": "AUROC on test artifacts (generated), single slices of held-out patients",
        "test_volumes": "AUROC on test artifacts (generated), whole volumes of held-out patients",
    }
    for key, title in titles.items():
        path = figures / f"{model.card.name}_{key}.json"
        if path.is_file():
            tables[title] = json.loads(path.read_text(encoding="utf-8"))
    protocol = (
        "Patients apart: folds 0 and 1 trained the networks, 0 to 2 fitted the distances, 3 and 4 "
        "are held out; test artifacts on fold 4, validation artifacts on fold 3. Artifacts are "
        "simulated on real scans: generated data. "
        "`python Testing/Benchmarks/normality.py test MODEL --data DATA -o OUT`"
    )
    card = replace(model.card, metrics={"protocol": protocol, "tables": tables})
    save_normality_model(folder, replace(model, card=card))


def _speed(model: NormalityModel) -> None:
    """A CT of 512 × 512 × 200 from values in memory to verdict, median of five after a warm-up."""
    from MedImageMetricLib.normality.screening import screen

    torch.set_num_threads(2)
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    body = np.where(np.hypot(y * 1.2, x) < 0.5, 40.0, -1000.0)
    array = (body + rng.normal(0, 15, (200, 512, 512))).astype(np.int16)
    volume = Volume(array, Geometry(array.shape, (0.98, 0.98, 2.0)), modality="CT")
    screen(volume, model)
    seconds, busy = [], []
    for _ in range(5):
        started, worked = time.monotonic(), time.process_time()
        found = screen(volume, model)
        seconds.append(time.monotonic() - started)
        busy.append(time.process_time() - worked)
    print(
        f"512 × 512 × 200: median {np.median(seconds):.1f} s of {np.round(seconds, 1).tolist()}, "
        f"processor {np.median(busy):.1f} s of {np.round(busy, 1).tolist()}; "
        + ", ".join(f"{one.step} {one.seconds:.1f} s" for one in found.timings)
    )


def auroc(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """Share of pairs in which the abnormal one scores higher; ties count half."""
    ordered = np.sort(normal)
    below = np.searchsorted(ordered, abnormal, "left") + np.searchsorted(ordered, abnormal, "right")
    return float(below.mean() / 2 / len(normal))


def _auroc_interval(
    normal: np.ndarray, abnormal: np.ndarray, patients: np.ndarray
) -> tuple[float, float, float]:
    names = np.unique(patients)
    places = {name: np.flatnonzero(patients == name) for name in names}
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        take = np.concatenate([places[name] for name in rng.choice(names, len(names))])
        drawn.append(auroc(normal[take], abnormal[take]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), auroc(normal, abnormal), float(high)


def _summary(rows: list[dict[str, object]], n: int, patients: int) -> None:
    keys = [key for key in rows[0] if key not in ("family", "severity", "interval")]
    print(f"{patients} patients, n = {n}; worst family / mean AUROC")
    for severity in dict.fromkeys(str(row["severity"]) for row in rows):
        own = [row for row in rows if row["severity"] == severity]
        for key in keys:
            values = [float(str(row[key])) for row in own]
            worst = own[int(np.argmin(values))]["family"]
            print(f"{severity:8} {key:24} {min(values):.3f} ({worst}) / {np.mean(values):.3f}")


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    (path.with_suffix(".json")).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
