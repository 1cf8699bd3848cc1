"""Training of the CT contour network: what `medimage train ct_head_neck` does.

Folds are by patient; each fold scores the patients it has not seen, with whole, drawn organs
alone. Views depend on seed, fold and step, so a run goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from AutoContourLib.contours.ct_cases import CtCase, CtSource, read_cases
from AutoContourLib.contours.ct_views import CtAugmentation, random_ct_view
from MedImageLib.background.progress import in_parts
from MedImageLib.errors import ModelError
from MedImageLib.network.fitting import CHECKPOINT, FitSettings, fit
from MedImageLib.network.framing import Framing
from MedImageLib.network.losses import balance_of_step, multi_level_loss
from MedImageLib.network.model_card import facts_of
from MedImageLib.network.model_store import (
    ModelCard,
    fill_network,
    save_model,
    trained_tensors,
)
from MedImageLib.network.multi_level import MultiLevelNetwork, NetworkSettings, resized
from MedImageLib.network.training import FOLDS, fold_folder, trained_network
from MedImageLib.network.workflow import begun_run
from MedImageLib.settings import check_settings, setting

DONE = "done"


@dataclass(frozen=True)
class CtTraining:
    """Everything that makes a CT contour model, as its settings file names it.

    framing: size of a view and `pixel_mm`, the cubic voxel of the network.
    sides: class number (as text) → class of the other side.
    begin_with: held-out patients must be those that this model has not seen either.
    """

    name: str = setting(help="Of the model.")
    labels: tuple[str, ...] = setting(help="Structures of classes 1, 2, … (keys of the table).")
    sources: tuple[CtSource, ...] = setting(help="Labeled CT.")
    network: NetworkSettings = field(default_factory=NetworkSettings)
    framing: Framing = field(default_factory=Framing)
    augmentation: CtAugmentation = field(default_factory=CtAugmentation)
    fit: FitSettings = field(default_factory=FitSettings)
    sides: dict[str, int] = setting(help="Exchanged when mirrored.", default_factory=dict)
    final_steps: int = setting(
        400,
        help="All patients, from the first fold's weights; 0 = those weights are the model.",
        minimum=0,
    )
    begin_with: str = setting("", help="Stored model whose weights are the beginning.")
    balance: float = setting(
        0.0,
        help="Share of the cross-entropy in which rare organs count as much as large ones; at the "
        "first step, fading out over the run.",
        minimum=0,
        maximum=1,
    )
    batch: int = setting(2, help="Views in a step.", minimum=1)
    seed: int = setting(1, help="Of weights and views.", minimum=0)
    licence: str = setting("", help="Of the weights.")
    intended_use: str = setting("", help="One or two sentences.")
    limits: tuple[str, ...] = setting((), help="What the model cannot do.")
    citations: tuple[str, ...] = setting((), help="Of the data.")
    trainer: str = setting("", help="Function that trains; read by `medimage train`.")

    def __post_init__(self) -> None:
        check_settings(self)


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
    """Train what is not trained yet, score the folds asked for, store the model of all patients.

    folds: 0 to 4 hold out that fold; 5 trains on all and stores the model. publish: folder of
    the model, `run`/model when None. Returns the tables by title. Raises SettingsError for a
    localizer.
    """
    from AutoContourLib.contours.evaluation import evaluate_cases, write_scores

    settings = begun_run(name_or_path, CtTraining, run, localizer_run)
    cases = read_cases(data_dir, settings.sources)
    say(f"{settings.name}: {len(cases)} CT volumes")
    for fold in in_parts(folds):
        _train_fold(cases, settings, run, fold, say)
    trained = [f for f in range(FOLDS) if (fold_folder(run, f) / DONE).exists()]
    rows, as_mr = [], settings.augmentation.mr_share == 1
    for fold in [fold for fold in trained if fold in folds]:
        network = trained_network(run, fold, settings.network)
        held_out = [case for case in cases if case.fold == fold]
        rows += evaluate_cases(
            network, held_out, settings.labels, settings.framing, say, as_mr=as_mr
        )
    tables = write_scores(run / "evaluation", rows, settings.name) if rows else {}
    if FOLDS in folds:
        protocol = (
            f"Out of fold, folds {[f for f in trained if f in folds]} of 0 to 4; patients never "
            "shared; drawn organs that the volume holds whole; on the volumes' own coarse grid."
        )
        if as_mr:
            protocol += " Generated: CT in made-up MR contrasts, another one for each patient."
        stored = FOLDS if settings.final_steps else 0
        if not settings.final_steps:
            protocol += " The stored weights are those of fold 0, which never saw its patients."
        save_model(
            publish or run / "model",
            trained_network(run, stored, settings.network),
            _card(settings, cases, {"protocol": protocol, "tables": tables}, command),
        )
        say(f"stored {publish or run / 'model'}")
    return tables


def train_network(
    cases: Sequence[CtCase],
    settings: CtTraining,
    folder: Path,
    key: int,
    start_from: Path | None = None,
    say: Callable[[str], None] = print,
    build: Callable[[NetworkSettings], MultiLevelNetwork] = MultiLevelNetwork,
) -> MultiLevelNetwork:
    """Train, or go on from the folder's checkpoint, and return the averaged network.

    key: sets the random views apart. start_from: checkpoint to begin with, else the stored model
    that the settings name, else chance. build: peers with the same methods are trained alike.
    """
    torch.manual_seed(settings.seed * 100 + key)
    network = build(settings.network)
    if start_from is not None:
        network.load_state_dict(torch.load(start_from, weights_only=True)["averaged"])
    elif settings.begin_with:
        fill_network(network, trained_tensors(settings.begin_with), Path(settings.begin_with))
    memory = torch.channels_last_3d
    network.to(memory_format=memory)  # type: ignore[call-overload]
    levels = settings.network.levels
    weights = [0.5 + 0.5 * (n + 1) / levels for n in range(levels)]

    def loss_of_step(network: MultiLevelNetwork, step: int) -> Tensor:
        images, labels, drawn = draw_batch(cases, settings, (settings.seed, key, step))
        # bfloat16 halves the time on processors that have it; losses stay in float32.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            coarse = list(network.levels(images.contiguous(memory_format=memory), coarse=True))
        last = resized(coarse[-1].float(), images.shape[2:])
        balance = balance_of_step(settings.balance, step, settings.fit.steps)
        return multi_level_loss([*coarse[:-1], last], labels, drawn, weights, balance=balance)

    return fit(network, loss_of_step, folder, settings.fit, say)


def draw_batch(
    cases: Sequence[CtCase], settings: CtTraining, seed: tuple[int, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """Images (batch, 1, *size), labels (batch, *size) int64, drawn (batch, class) bool."""
    generator = np.random.default_rng(seed)
    sides = {int(one): other for one, other in settings.sides.items()}
    images, labels = [], []
    drawn = torch.zeros(settings.batch, settings.network.classes, dtype=torch.bool)
    drawn[:, 0] = True
    for row in range(settings.batch):
        case, organ = _drawn_case(cases, settings, generator)
        image, label, classes = random_ct_view(
            case,
            organ,
            settings.framing.size,
            settings.framing.pixel_mm,
            settings.augmentation,
            sides,
            generator,
        )
        images.append(image)
        labels.append(label)
        drawn[row, list(classes)] = True
    return torch.stack(images).unsqueeze(1), torch.stack(labels), drawn


def _drawn_case(
    cases: Sequence[CtCase], settings: CtTraining, generator: np.random.Generator
) -> tuple[CtCase, int | None]:
    """A patient, and the organ that its view is centered on.

    The organ is drawn first: few patients have an esophagus, all have a cord.
    """
    if generator.random() < settings.augmentation.organ_share:
        organ = int(generator.integers(1, settings.network.classes))
        having = [case for case in cases if organ in case.drawn]
        if having:
            return having[int(generator.integers(len(having)))], organ
    return cases[int(generator.integers(len(cases)))], None


def _train_fold(
    cases: Sequence[CtCase], settings: CtTraining, run: Path, fold: int, say: Callable[[str], None]
) -> None:
    folder = fold_folder(run, fold)
    folder.mkdir(parents=True, exist_ok=True)
    last = fold >= FOLDS
    if (folder / DONE).exists() or (last and not settings.final_steps):
        return
    start = fold_folder(run, 0) / CHECKPOINT
    steps = settings.final_steps if last else settings.fit.steps
    if last and not start.exists() and steps < settings.fit.steps:
        raise ModelError(f"{start}: the network of all patients starts from it; train fold 0.")
    train_network(
        [case for case in cases if case.fold != fold],
        replace(settings, fit=replace(settings.fit, steps=steps)),
        folder,
        key=fold,
        start_from=start if last and steps < settings.fit.steps else None,
        say=lambda text: say(f"{settings.name} {folder.name}  {text}"),
    )
    (folder / DONE).touch()


def _card(
    settings: CtTraining, cases: Sequence[CtCase], metrics: Mapping[str, Any], command: str
) -> ModelCard:
    data = []
    for source in settings.sources:
        count = sum(case.source == source.name for case in cases)
        data.append({"name": source.name, "patients": count, "images": count})
    return ModelCard(
        labels=settings.labels,
        network=settings.network,
        framing=settings.framing,
        **facts_of(settings, data, command, metrics),
    )
