"""From the settings file to the stored ensemble with its figures: what `medimage train` does.

Folds are made by likeness; network n learns from all patients but those of fold n, so that every
real patient is unseen by exactly one network, and that one's answers are the figures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork
from CardiacLVLib.ensemble.evaluation import (
    accuracy_rows,
    out_of_fold,
    real_tables,
    target_images,
    write_answers,
)
from CardiacLVLib.ensemble.folds import descriptor, patient_folds
from CardiacLVLib.ensemble.prediction import answers_of
from CardiacLVLib.ensemble.store import EnsembleCard, ready, save_ensemble
from CardiacLVLib.ensemble.targets import TargetFrame, generated_frames, labeled_frames
from CardiacLVLib.ensemble.training import EnsembleTraining, train_member
from CardiacLVLib.measures.indices import MYOCARDIUM
from MedImageLib.background.progress import in_parts
from MedImageLib.errors import InputError, ModelError
from MedImageLib.network.fitting import CHECKPOINT
from MedImageLib.network.model_card import facts_of
from MedImageLib.network.workflow import begun_run
from MedImageLib.phantom.cine import CineSettings
from MedImageLib.writing.atomic import finished_file

PROTOCOL = (
    "Real frames: each patient by the one network that has not learned from it (folds by "
    "likeness, patients never shared), centered on the labeled cavity, along the usual direction "
    "of the display; not the mean of the networks. Generated frames (1.3 mm, signal-to-noise "
    "ratio 20, papillary muscles): mean of the networks, cines that none has seen, along the "
    "label's insertion."
)
_DONE = "done"


def train(
    name_or_path: str,
    data_dir: Path,
    run: Path,
    folds: Sequence[int],
    localizer_run: Path | None = None,
    publish: Path | None = None,
    command: str = "",
    say: Callable[[str], None] = print,
) -> dict[str, list[dict[str, Any]]]:
    """Train what is not trained yet, score out of fold, store the model once all are trained.

    folds: networks to train; numbers from `members` on are passed over. publish: folder of the
    model, `run`/model when None. Returns the tables by title. Raises SettingsError for a
    localizer, which this model does not need.
    """
    settings = begun_run(name_or_path, EnsembleTraining, run, localizer_run)
    frames = labeled_frames(data_dir, settings.sources)
    real = [frame for frame in frames if frame.fold >= 0]
    own_fold = _folds_of_run(run, real, settings)
    say(f"{settings.name}: {len(frames)} frames, {len(own_fold)} patients in folds")
    for member in in_parts(fold for fold in folds if fold < settings.members):
        folder = run / f"network{member}"
        if not (folder / _DONE).exists():
            seen = [f for f in frames if own_fold.get(f.patient, -1) != member and f.weight > 0]
            train_member(seen, settings, folder, member, _prefixed(say, member))
            (folder / _DONE).touch()
    trained = [n for n in range(settings.members) if (run / f"network{n}" / _DONE).exists()]
    networks = {member: trained_member(run, member, settings) for member in trained}
    answers = out_of_fold(
        {member: ready(network) for member, network in networks.items()},
        own_fold,
        real,
        settings.framing,
    )
    tables = real_tables(real, answers)
    write_answers(run / "evaluation" / "out_of_fold.csv", real, answers, own_fold)
    if len(trained) == settings.members:
        tables |= _generated_tables(list(networks.values()), settings)
        card = _card(settings, frames, tables, command)
        save_ensemble(publish or run / "model", list(networks.values()), card)
        say(f"stored {publish or run / 'model'}")
    with finished_file(run / "evaluation" / "evaluation.json") as temporary:
        values = {"model": settings.name, "protocol": PROTOCOL, "tables": tables}
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return tables


def folds_by_likeness(frames: Sequence[TargetFrame], settings: EnsembleTraining) -> dict[str, int]:
    """Fold of each patient; those with a drawn myocardium are spread evenly."""
    images = target_images(frames, settings.framing)
    descriptors = [
        descriptor(image, frame.indices()) for image, frame in zip(images, frames, strict=True)
    ]
    return dict(
        patient_folds(
            [frame.patient for frame in frames],
            np.stack(descriptors),
            settings.members,
            settings.clusters,
            settings.seed,
            first=frozenset(frame.patient for frame in frames if MYOCARDIUM in frame.drawn),
        )
    )


def _folds_of_run(
    run: Path, frames: Sequence[TargetFrame], settings: EnsembleTraining
) -> dict[str, int]:
    """The folds that the run began with; a later step must never mix them with others."""
    path = run / "folds.json"
    if not path.is_file():
        with finished_file(path) as temporary:
            folds = folds_by_likeness(frames, settings)
            temporary.write_text(json.dumps(folds, indent=1) + "\n", "utf-8")
    folds = json.loads(path.read_text("utf-8"))
    if set(folds) != {frame.patient for frame in frames}:
        raise InputError(
            f"{path}: the run began with {len(folds)} patients, the sources now hold others; "
            "train into another folder."
        )
    return folds


def trained_member(run: Path, member: int, settings: EnsembleTraining) -> AggregationNetwork:
    """The averaged network of a run. Raises ModelError when it was not trained."""
    path = run / f"network{member}" / CHECKPOINT
    if not path.is_file():
        raise ModelError(f"{path}: this network was not trained yet; run `medimage train` first.")
    network = AggregationNetwork(settings.network)
    network.load_state_dict(torch.load(path, weights_only=True)["averaged"])
    return network.eval()


def _generated_tables(
    networks: Sequence[AggregationNetwork], settings: EnsembleTraining
) -> dict[str, list[dict[str, Any]]]:
    count, seed = settings.generated_test
    cine = CineSettings(frames=6, rows=240, spacing_mm=1.3, noise=0.05)
    frames = [frame for n in range(count) for frame in generated_frames(seed + n, cine)]
    images = target_images(frames, settings.framing)
    mean = answers_of([ready(network) for network in networks], images).mean(0)
    return {"Generated, mean of the networks": accuracy_rows(frames, mean)}


def _card(
    settings: EnsembleTraining,
    frames: Sequence[TargetFrame],
    tables: Mapping[str, Any],
    command: str,
) -> EnsembleCard:
    data = []
    for source in settings.sources:
        members = [frame for frame in frames if frame.source == source.name]
        data.append(
            {
                "name": source.name,
                "patients": len({frame.patient for frame in members}),
                "images": len(members),
                "walled": sum(MYOCARDIUM in frame.drawn for frame in members),
                "origin": "; ".join(sorted({frame.origin for frame in members})),
            }
        )
    return EnsembleCard(
        members=settings.members,
        network=settings.network,
        framing=settings.framing,
        **facts_of(settings, data, command, {"protocol": PROTOCOL, "tables": dict(tables)}),
    )


def _prefixed(say: Callable[[str], None], member: int) -> Callable[[str], None]:
    return lambda text: say(f"network {member}  {text}")
