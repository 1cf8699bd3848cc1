"""Training of what finds blades over lungs: what `medimage train radiograph_scapulae` does.

The network of each fold is trained as any other; the posture is then fitted on what the networks
say of flanks that they have not seen, and weighed by evidence out of fold, so that the probability
that it gives holds for new patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.detection_metrics import area_under_roc
from MedImageLib.errors import InputError
from MedImageLib.network.folding import folded
from MedImageLib.network.model_store import Model, save_model
from MedImageLib.network.samples import Sample, read_samples
from MedImageLib.network.training import (
    FOLDS,
    TrainingSettings,
    fold_folder,
    run_training,
    trained_network,
)
from MedImageLib.network.workflow import begun_run, card_of
from MedImageMetricLib.radiograph.flank import local_contrast, outer_strip
from MedImageMetricLib.radiograph.posture import (
    Posture,
    fit_discriminant,
    fit_logistic,
    load_posture,
    posture_features,
    save_posture,
)
from MedImageMetricLib.radiograph.scapulae import FlankModel, blade_on_flank

PENALTY = 10.0  # of the discriminant; from 3 to 30 the figures hardly change
STRIP_SHARE = 0.5  # of the network in the evidence, both in standard deviations
SHOWN = ":as_shown"  # sources of flanks as they are
Table = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class FlankCase:
    """A graded flank. strip: the network's mean on the outer strip, by a fold that has not seen
    the patient."""

    source: str
    picture: str
    fold: int
    is_marked: bool
    features: np.ndarray
    strip: float


def train(
    name_or_path: str,
    data_dir: Path,
    run: Path,
    folds: Sequence[int],
    localizer_run: Path | None = None,
    publish: Path | None = None,
    command: str = "",
    say: Callable[[str], None] = print,
) -> dict[str, Table]:
    """Train what is not trained yet, fit the postures, store the model of all patients.

    folds: 0 to 4 hold out that fold; 5 trains on all and stores the model. publish: folder of
    the model, `run`/model when None. Returns the tables by title, out of fold.
    """
    settings = begun_run(name_or_path, TrainingSettings, run, localizer_run)
    samples = run_training(settings, data_dir, run, folds, say)
    cases = flank_cases(settings, data_dir, run, [fold for fold in folds if fold < FOLDS])
    for fold in sorted({case.fold for case in cases}):
        save_posture(fold_folder(run, fold), fitted_posture(cases, without=fold), "")
    tables = {"Overlap with the lung, out of fold": overlap_table(cases)}
    if FOLDS in folds:
        folder = publish or run / "model"
        protocol = "Out of fold, patients never shared, against a reading by eye."
        card = card_of(settings, samples, {"protocol": protocol, "tables": tables}, command)
        digest = save_model(folder, trained_network(run, FOLDS, settings.network), card)
        save_posture(folder, fitted_posture(cases), digest)
        say(f"stored {folder}")
    return tables


def flank_cases(
    settings: TrainingSettings, data_dir: Path, run: Path, folds: Sequence[int]
) -> list[FlankCase]:
    """The graded flanks of these folds, each as the network of its fold sees it."""
    shown = [one for one in settings.sources if one.change.endswith(SHOWN)]
    card = card_of(settings, [], {}, "")
    models = {
        fold: Model(card, folded(trained_network(run, fold, settings.network)), "")
        for fold in folds
    }
    return [
        _case(sample, models[sample.fold])
        for sample in read_samples(data_dir, shown)
        if sample.fold in models
    ]


def fitted_posture(cases: Sequence[FlankCase], without: int | None = None) -> Posture:
    """The posture from all cases but those of a fold.

    Raises InputError unless both kinds are in two folds at least.
    """
    used = [case for case in cases if case.fold != without]
    folds = sorted({case.fold for case in used})
    marked = np.array([case.is_marked for case in used])
    of_fold = np.array([case.fold for case in used])
    kinds = [set(marked[of_fold != fold]) for fold in folds]
    if len(folds) < 2 or any(len(one) < 2 for one in kinds):
        raise InputError(
            f"The posture of the shoulders was to be fitted on {len(used)} graded flanks of "
            f"{len(folds)} folds, {int(marked.sum())} of them marked; two folds with free and "
            "marked flanks are needed. Grade more flanks, or train more folds."
        )
    features = np.stack([case.features for case in used])
    strips = np.array([case.strip for case in used])
    apart = np.empty(len(used))
    for fold in folds:
        weights, offset = fit_discriminant(
            features[of_fold != fold], marked[of_fold != fold], PENALTY
        )
        apart[of_fold == fold] = features[of_fold == fold] @ weights + offset
    strip_weight = STRIP_SHARE * float(apart.std() / max(strips.std(), 1e-6))
    weights, offset = fit_discriminant(features, marked, PENALTY)
    joined = _joined(used, apart + strip_weight * strips)
    # Where no flank is marked nothing tells how often that is.
    both_kinds = {case.source for case in used if case.is_marked}
    told = np.array([case.source in both_kinds for case in used])
    slope, intercept = fit_logistic(joined[told], marked[told])
    return Posture(weights, offset, strip_weight, slope, intercept)


def overlap_table(cases: Sequence[FlankCase]) -> Table:
    """Each source's free flanks against all marked ones, every case by a posture without it."""
    chances = np.empty(len(cases))
    for fold in sorted({case.fold for case in cases}):
        posture = fitted_posture(cases, without=fold)
        place = [n for n, case in enumerate(cases) if case.fold == fold]
        held_out = [cases[n] for n in place]
        evidence = np.array([posture.evidence(one.features, one.strip) for one in held_out])
        joined = _joined(held_out, evidence)
        chances[place] = posture.probability(joined, joined)
    marked = np.array([case.is_marked for case in cases])
    source = np.array([case.source for case in cases])
    rows = []
    for name in dict.fromkeys(source):
        free, own = (source == name) & ~marked, (source == name) & marked
        rows.append(
            {
                "source": str(name),
                "marked": int(own.sum()),
                "free": int(free.sum()),
                "AUROC": round(area_under_roc(chances[marked], chances[free]), 3),
                "called, marked": _share(chances[own] >= 0.5),
                "called, free": _share(chances[free] >= 0.5),
            }
        )
    return rows


def fold_model(run: Path, fold: int, settings: TrainingSettings) -> FlankModel:
    """Network and posture of a fold of a run that was trained here."""
    network = folded(trained_network(run, fold, settings.network))
    card = card_of(settings, [], {}, "")
    return FlankModel(card, network, "", load_posture(fold_folder(run, fold), ""))


def _share(calls: np.ndarray) -> float | str:
    return round(float(calls.mean()), 3) if calls.size else "-"


def _case(sample: Sample, model: Model) -> FlankCase:
    contrast = local_contrast(sample.image)
    is_marked = bool((sample.label == 1).any())
    strip = sample.label == 1 if is_marked else outer_strip(sample.label == 0)
    blade = blade_on_flank(contrast, model)
    return FlankCase(
        source=sample.source.partition(",")[0],
        picture=sample.id.rpartition("_")[0],
        fold=sample.fold,
        is_marked=is_marked,
        features=posture_features(contrast),
        strip=float(blade[strip].mean()) if strip.any() else 0.0,
    )


def _joined(cases: Sequence[FlankCase], evidence: np.ndarray) -> np.ndarray:
    """Mean of a flank's own evidence and that of its picture, see `Posture.probability`."""
    of_picture: dict[str, list[float]] = {}
    for case, value in zip(cases, evidence, strict=True):
        of_picture.setdefault(case.picture, []).append(float(value))
    both = np.array([np.mean(of_picture[case.picture]) for case in cases])
    return (evidence + both) / 2
