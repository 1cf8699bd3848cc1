"""Training of any segmentation task from a settings file, by patient-wise folds.

A run trains one network for each fold and one on all patients; every fold predicts the patients
it has not seen, so out-of-fold label maps come from the same command. Steps are drawn from a
generator that depends on seed, fold and step alone, which makes a run resumable at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from MedImageLib.background.progress import in_parts
from MedImageLib.errors import InputError, ModelError
from MedImageLib.intensity import normalized_by_ranks
from MedImageLib.network.augmentation import (
    Augmentation,
    random_gray,
    random_view,
    scaled,
    standardized_batch,
)
from MedImageLib.network.fitting import CHECKPOINT, FitSettings, fit
from MedImageLib.network.framing import Framing, seen, whole_frame
from MedImageLib.network.losses import EMPTY_VOXELS, balance_of_step, multi_level_loss
from MedImageLib.network.multi_level import MultiLevelNetwork, NetworkSettings, resized
from MedImageLib.network.samples import Sample, Source, drawn_mask, read_samples

FOLDS = 5
FINISH = "finish"
WHOLE_MARGIN = 1.25  # samples are kept a little finer than the network sees them


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that makes a model, as the settings file names it.

    name: of the model. labels: structure names of classes 1, 2, ….
    steps, final_steps: of each fold and of the network trained on all patients, which starts
        from the first fold's weights when `final_steps` is smaller than `steps`.
    learning_rate: peak of a one-cycle schedule. average: decay of the moving average of weights.
    center_jitter: standard deviation of the center in `around` mode, in network pixels.
    empty_voxels: that much falsely marked on an image without the structure costs half of its
        Dice; more than a few where structures are many, small and hard to find.
    balance: share of the cross-entropy, at the first step and fading out, in which rare classes
        count as much as large ones; for structures that else are never found.
    clean: weight of what is falsely the surest on images that show none of the classes, where one
        false alarm is one too many.
    localizer: model whose first class gives the center in `around` mode, when evaluated or used.
    measures: functions `package.module:name` of (labels, spacing_mm) → number or None, compared
        between truth and prediction by `medimage evaluate`.
    cleaning: function `package.module:name` of labels → labels that the product applies to what
        the network says; figures are those of what the user gets.
    finish_steps, finish_without, finish_learning_rate, finish_augmentation: a second training
        from where the first ended, without some sources (by name) and with the ranges and shares
        of the augmentation multiplied by a factor: generated images and strong changes teach
        variety first, real ones then have the last word on where borders are drawn.
    finish_rounds: how often that is done, each from where the one before ended (warm restarts).
    trainer: function `package.module:name` that trains instead of the usual one, which it uses.
    """

    name: str
    labels: tuple[str, ...]
    sources: tuple[Source, ...]
    network: NetworkSettings = field(default_factory=NetworkSettings)
    framing: Framing = field(default_factory=Framing)
    augmentation: Augmentation = field(default_factory=Augmentation)
    steps: int = 2000
    final_steps: int = 2000
    batch: int = 8
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    average: float = 0.997
    center_jitter: float = 6.0
    empty_voxels: float = EMPTY_VOXELS
    balance: float = 0.0
    clean: float = 0.0
    seed: int = 1
    checkpoint_every: int = 200
    low_percent: float = 1.0
    high_percent: float = 99.0
    licence: str = ""
    citations: tuple[str, ...] = ()
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    localizer: str = ""
    measures: tuple[str, ...] = ()
    cleaning: str = ""
    finish_steps: int = 0
    finish_without: tuple[str, ...] = ()
    finish_learning_rate: float = 1e-3
    finish_augmentation: float = 1.0
    finish_rounds: int = 1
    trainer: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A sample ready for random views: gray values 0 … 1, its center and scale."""

    sample: Sample
    image: Tensor
    label: Tensor
    center: np.ndarray
    scale: np.ndarray


def prepare(sample: Sample, settings: TrainingSettings) -> Prepared:
    """Normalize, and in `whole` mode letterbox, once before training."""
    framing = settings.framing
    try:
        image = normalized_by_ranks(sample.image, settings.low_percent, settings.high_percent)
    except InputError as error:
        raise InputError(f"{sample.source}/{sample.id}: {error}") from error
    label = sample.label
    if framing.mode == "whole":
        kept = Framing(size=tuple(round(s * WHOLE_MARGIN) for s in framing.size))
        frame = whole_frame(image.shape, kept)
        image = seen(image, frame, fill=0.0)
        label = _nearest(label, frame.matrix, frame.offset, frame.size)
        center = (np.array(frame.size) - 1) / 2
        scale = np.full(len(frame.size), WHOLE_MARGIN)
    else:
        inside = np.argwhere(label == framing.center_class)
        middle = sample.center or tuple((side - 1) / 2 for side in image.shape)
        center = inside.mean(0) if len(inside) else np.array(middle)
        scale = np.full(image.ndim, framing.pixel_mm) / np.array(sample.spacing_mm)
    return Prepared(
        sample,
        torch.from_numpy(np.ascontiguousarray(image, np.float32)),
        torch.from_numpy(np.ascontiguousarray(label)),
        np.asarray(center, float),
        scale,
    )


def _nearest(
    label: np.ndarray, matrix: np.ndarray, offset: np.ndarray, size: tuple[int, ...]
) -> np.ndarray:
    from scipy import ndimage

    return ndimage.affine_transform(label, matrix, offset, output_shape=size, order=0)


def draw_batch(
    prepared: Sequence[Prepared],
    settings: TrainingSettings,
    generator: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Images (batch, 1, *grid), labels (batch, *grid) and drawn classes (batch, class)."""
    weights = np.array([p.sample.weight for p in prepared])
    chosen = generator.choice(len(prepared), settings.batch, p=weights / weights.sum())
    images, labels = [], []
    size = settings.framing.size
    for position in chosen:
        entry = prepared[position]
        center = entry.center
        if settings.framing.mode == "around":
            center = center + entry.scale * generator.normal(0, settings.center_jitter, len(size))
            if generator.random() < settings.augmentation.away_share:
                center = generator.uniform(0, 1, len(size)) * np.array(entry.image.shape)
        image, label = entry.image, entry.label
        if entry.sample.change is not None:
            drawn_into = entry.sample.change(image.numpy(), label.numpy(), generator)
            image, label = (torch.from_numpy(np.ascontiguousarray(part)) for part in drawn_into)
        image, label = random_view(
            image, label, center, entry.scale, size, settings.augmentation, generator
        )
        images.append(random_gray(image, settings.augmentation, generator))
        labels.append(label)
    drawn = drawn_mask([prepared[p].sample for p in chosen], settings.network.classes)
    return standardized_batch(torch.stack(images).unsqueeze(1)), torch.stack(labels), drawn


def train_network(
    prepared: Sequence[Prepared],
    settings: TrainingSettings,
    folder: Path,
    key: int,
    steps: int,
    start_from: Path | None = None,
    say: Callable[[str], None] = print,
    build: Callable[[NetworkSettings], MultiLevelNetwork] = MultiLevelNetwork,
) -> MultiLevelNetwork:
    """Train, or go on from the folder's checkpoint, and return the averaged network.

    key: number that sets the random views apart (the fold, or FOLDS for all patients).
    build: makes the network; peers with the same methods are trained in the same way.
    """
    torch.manual_seed(settings.seed * 100 + key)
    network = build(settings.network)
    if start_from is not None:
        network.load_state_dict(torch.load(start_from, weights_only=True)["averaged"])
    memory = torch.channels_last if settings.network.dimensions == 2 else torch.channels_last_3d
    network.to(memory_format=memory)  # type: ignore[call-overload]
    levels = settings.network.levels
    weights = [0.5 + 0.5 * (n + 1) / levels for n in range(levels)]

    def loss_of_step(network: MultiLevelNetwork, step: int) -> Tensor:
        generator = np.random.default_rng((settings.seed, key, step))
        images, labels, drawn = draw_batch(prepared, settings, generator)
        # bfloat16 halves the time on processors that have it; losses stay in float32.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            coarse = list(network.levels(images.contiguous(memory_format=memory), coarse=True))
        # Only the last level answers at full resolution; the others learn on their own grid.
        last = resized(coarse[-1].float(), images.shape[2:])
        balance = balance_of_step(settings.balance, step, steps)
        return multi_level_loss(
            [*coarse[:-1], last],
            labels,
            drawn,
            weights,
            settings.empty_voxels,
            balance,
            settings.clean,
        )

    how = FitSettings(
        steps=steps,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        average=settings.average,
        checkpoint_every=settings.checkpoint_every,
    )
    return fit(network, loss_of_step, folder, how, say)


def trained_network(run: Path, fold: int, settings: NetworkSettings) -> MultiLevelNetwork:
    """The averaged network of one fold (FOLDS = all patients) of a run.

    Raises ModelError when that fold was not trained.
    """
    path = _last_finished(fold_folder(run, fold)) / CHECKPOINT
    if not path.is_file():
        raise ModelError(f"{path}: this fold was not trained yet; run `medimage train` first.")
    network = MultiLevelNetwork(settings)
    network.load_state_dict(torch.load(path, weights_only=True)["averaged"])
    return network.eval()


def fold_split(samples: Sequence[Sample], fold: int) -> tuple[list[Sample], list[Sample]]:
    """(training, held out) of one fold; FOLDS or more holds out nothing.

    Raises InputError when a patient would be on both sides.
    """
    held_out = [s for s in samples if s.fold == fold]
    training = [s for s in samples if s.fold != fold and s.weight > 0]
    shared = {s.patient for s in held_out} & {s.patient for s in training}
    if shared:
        raise InputError(
            f"{len(shared)} patients are both in fold {fold} and outside of it; "
            "folds must be by patient."
        )
    return training, held_out


def run_training(
    settings: TrainingSettings,
    data_dir: Path,
    out: Path,
    folds: Sequence[int] = tuple(range(FOLDS + 1)),
    say: Callable[[str], None] = print,
) -> list[Sample]:
    """Train the folds in turn (fold FOLDS = all patients) below `out`; done ones are skipped.

    Returns the samples of all sources.
    """
    samples = read_samples(data_dir, settings.sources)
    say(f"{settings.name}: {len(samples)} images of {len({s.patient for s in samples})} patients")
    prepared = {_key(s): prepare(s, settings) for s in samples if s.weight > 0}
    for fold in in_parts(folds):
        training, _ = fold_split(samples, fold)
        _train_fold(settings, prepared, training, out, fold, say)
    return samples


def _train_fold(
    settings: TrainingSettings,
    prepared: dict[str, Prepared],
    training: Sequence[Sample],
    out: Path,
    fold: int,
    say: Callable[[str], None],
) -> None:
    folder = fold_folder(out, fold)
    folder.mkdir(parents=True, exist_ok=True)
    last = fold >= FOLDS
    if not (folder / "done").exists():
        steps = settings.final_steps if last else settings.steps
        start = fold_folder(out, 0) / CHECKPOINT
        train_network(
            [prepared[_key(s)] for s in training],
            settings,
            folder,
            key=fold,
            steps=steps,
            start_from=start if last and steps < settings.steps and start.exists() else None,
            say=_prefixed(say, f"{settings.name} {folder.name}"),
        )
        (folder / "done").touch()
    for number in range(1, settings.finish_rounds + 1 if settings.finish_steps else 1):
        finish = _finish_folder(folder, number)
        if (finish / "done").exists():
            continue
        finish.mkdir(exist_ok=True)
        train_network(
            [prepared[_key(s)] for s in training if s.source not in settings.finish_without],
            replace(
                settings,
                learning_rate=settings.finish_learning_rate,
                augmentation=scaled(settings.augmentation, settings.finish_augmentation),
            ),
            finish,
            key=fold + (FOLDS + 1) * number,
            steps=settings.finish_steps,
            start_from=_last_finished(folder) / CHECKPOINT,
            say=_prefixed(say, f"{settings.name} {folder.name} {finish.name}"),
        )
        (finish / "done").touch()


def _finish_folder(folder: Path, number: int) -> Path:
    return folder / (FINISH if number == 1 else f"{FINISH}{number}")


def _last_finished(folder: Path) -> Path:
    """The last round that is done; the fold's own folder when none is."""
    last, number = folder, 1
    while (_finish_folder(folder, number) / "done").exists():
        last = _finish_folder(folder, number)
        number += 1
    return last


def fold_folder(run: Path, fold: int) -> Path:
    """Folder of one fold of a run; FOLDS = all patients."""
    return run / (f"fold{fold}" if fold < FOLDS else "all")


def _key(sample: Sample) -> str:
    return f"{sample.source}/{sample.id}"


def _prefixed(say: Callable[[str], None], prefix: str) -> Callable[[str], None]:
    return lambda text: say(f"{prefix}  {text}")
