"""Training of the ensemble's networks: random views with exact targets, masked loss.

A view is squeezed, turned, scaled and moved; its indices follow, since they are measured along the
direction that points up in the view. Indices that were not labeled do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork, AggregationSettings
from CardiacLVLib.ensemble.conversion import TARGET_IMAGE, crop, part_seen, target_frame
from CardiacLVLib.ensemble.prediction import network_input
from CardiacLVLib.ensemble.targets import TargetFrame, squeezed
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.intensity import equalized, normalized_by_ranks
from MedImageLib.network.augmentation import Augmentation, random_gray
from MedImageLib.network.fitting import FitSettings, fit
from MedImageLib.network.framing import Framing
from MedImageLib.network.samples import Source
from MedImageLib.settings import check_settings, setting

AREA_INDICES = tuple(n for n, name in enumerate(INDEX_NAMES) if name.endswith("_mm2"))
_LINEAR_FROM = (
    0.2  # spreads; larger errors cost in proportion, so that a few odd labels do not rule
)


@dataclass(frozen=True)
class EnsembleTraining:
    """Everything that makes an ensemble, as its settings file names it."""

    name: str = setting(help="Of the model.")
    sources: tuple[Source, ...] = setting(help="Labeled frames, real and generated.")
    network: AggregationSettings = field(default_factory=AggregationSettings)
    framing: Framing = field(default=TARGET_IMAGE)
    augmentation: Augmentation = field(default_factory=Augmentation)
    fit: FitSettings = field(default_factory=FitSettings)
    members: int = setting(5, help="Networks, and folds.", minimum=2, maximum=10)
    clusters: int = setting(5, help="Kinds of patients told apart.", minimum=1, maximum=20)
    batch: int = setting(32, help="Views in a step.", minimum=2)
    center_jitter_mm: float = setting(
        4.0, help="Standard deviation of the center.", unit="mm", minimum=0
    )
    any_turn_share: float = setting(
        0.1, help="Views along any direction at all.", minimum=0, maximum=1
    )
    squeezed_copies: int = setting(
        2, help="Oval copies of each frame, by the augmentation's squeeze.", minimum=0
    )
    occupancy_weight: float = setting(0.5, help="Of the occupancy in the loss.", minimum=0)
    seed: int = setting(1, help="Of folds, weights and views.", minimum=0)
    licence: str = setting("", help="Of the weights.")
    intended_use: str = setting("", help="One or two sentences.")
    limits: tuple[str, ...] = setting((), help="What the model cannot do.")
    citations: tuple[str, ...] = setting((), help="Of the data.")
    generated_test: tuple[int, int] = setting(
        (8, 900_000), help="Generated cines to test on: how many, first seed."
    )
    trainer: str = setting("", help="Function that trains; read by `medimage train`.")

    def __post_init__(self) -> None:
        check_settings(self)
        given = self.augmentation
        if any((given.bend, given.shift, given.mirror_share, given.away_share)):
            raise SettingsError(
                f"{self.name}: indices cannot follow bent, shifted or mirrored views; "
                "set bend, shift, mirror_share and away_share of the augmentation to 0."
            )


@dataclass(frozen=True, eq=False)
class View:
    """A random view with its targets.

    image: (side, side) float32, equalized. indices: 11 in mm² and mm, NaN where not drawn.
    occupancy: (2, side / 2, side / 2), shares of cavity and myocardium. drawn: (2,) bool.
    """

    image: np.ndarray
    indices: np.ndarray
    occupancy: np.ndarray
    drawn: np.ndarray


def random_view(
    frame: TargetFrame, settings: EnsembleTraining, generator: np.random.Generator
) -> View:
    """A frame turned, scaled, moved and with other gray values, and its targets."""
    turn = generator.normal(0, settings.augmentation.rotation_deg)
    if generator.random() < settings.any_turn_share:
        turn = generator.uniform(0, 360)
    zoom = float(np.exp(generator.normal(0, settings.augmentation.zoom)))
    spacing = np.array(frame.spacing_mm) / zoom
    center = frame.center + generator.normal(0, settings.center_jitter_mm, 2) / spacing
    view = target_frame(center, spacing, frame.insertion_deg + turn, framing=settings.framing)
    gray = normalized_by_ranks(crop(frame.image, view), 0.2, 99.8)
    image = random_gray(torch.from_numpy(gray), settings.augmentation, generator).numpy()
    indices = frame.indices(turn) / zoom
    indices[list(AREA_INDICES)] /= zoom
    part, moved = part_seen(frame.labels, view)
    marked = ndimage.affine_transform(
        part, moved.matrix, moved.offset, output_shape=view.size, order=0
    )
    shares = np.stack([_halved(marked == value) for value in (1, 2)])
    drawn = np.array([value in frame.drawn for value in (1, 2)])
    return View(equalized(image), indices, shares, drawn)


def _halved(mask: np.ndarray) -> np.ndarray:
    rows, columns = (side // 2 for side in mask.shape)
    return mask.reshape(rows, 2, columns, 2).mean(axis=(1, 3), dtype=np.float32)


def loss_of(network: AggregationNetwork, views: Sequence[View], occupancy_weight: float) -> Tensor:
    """Distance of indices in spreads, over labeled ones, plus cross-entropy of the occupancy."""
    images = network_input(np.stack([view.image for view in views]))
    truth = torch.from_numpy(np.stack([view.indices for view in views])).float()
    labeled = truth.isfinite()
    standard_truth = (truth.nan_to_num() - network.get_buffer("index_mean")) / (
        network.get_buffer("index_scale")
    )
    # bfloat16 halves the time on processors that have it; losses stay in float32.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        standard, logits = network.standardized(images)
    distance = functional.smooth_l1_loss(
        standard.float(), standard_truth, reduction="none", beta=_LINEAR_FROM
    )
    # Every index weighs the same, however seldom it was drawn.
    counts = labeled.sum(0)
    each = (distance * labeled).sum(0) / counts.clamp_min(1)
    regression = each[counts > 0].mean()
    shares = torch.from_numpy(np.stack([view.occupancy for view in views]))
    drawn = torch.from_numpy(np.stack([view.drawn for view in views]))
    entropy = functional.binary_cross_entropy_with_logits(
        logits.float(), shares, reduction="none"
    ).mean((2, 3))
    return regression + occupancy_weight * (entropy * drawn).sum() / drawn.sum()


def train_member(
    frames: Sequence[TargetFrame],
    settings: EnsembleTraining,
    folder: Path,
    member: int,
    say: Callable[[str], None] = print,
) -> AggregationNetwork:
    """Train one network, or go on from the folder's checkpoint; resumable at any time.

    frames: without the patients that this member is to be measured on. Raises InputError when
    an index was drawn on no two frames.
    """
    torch.manual_seed(settings.seed * 100 + member)
    network = AggregationNetwork(settings.network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    truth = np.stack([frame.indices() for frame in frames])
    absent = [name for name, column in zip(INDEX_NAMES, truth.T, strict=True) if _same(column)]
    if absent:
        raise InputError(
            f"{settings.name}: {', '.join(absent)} was not drawn on two frames that differ; "
            "add a source on which it was, such as generated frames."
        )
    network.get_buffer("index_mean").copy_(torch.from_numpy(np.nanmean(truth, 0)))
    network.get_buffer("index_scale").copy_(torch.from_numpy(np.nanstd(truth, 0)))
    generator = np.random.default_rng((settings.seed, member))
    ratios = generator.normal(
        0, settings.augmentation.squeeze, (settings.squeezed_copies, len(frames))
    )
    frames = [
        *frames,
        *(squeezed(f, r) for row in ratios for f, r in zip(frames, row, strict=True)),
    ]
    weights = np.array([frame.weight for frame in frames])
    weights = weights / weights.sum()

    def loss_of_step(network: AggregationNetwork, step: int) -> Tensor:
        generator = np.random.default_rng((settings.seed, member, step))
        chosen = generator.choice(len(frames), settings.batch, p=weights)
        views = [random_view(frames[n], settings, generator) for n in chosen]
        return loss_of(network, views, settings.occupancy_weight)

    return fit(network, loss_of_step, folder, settings.fit, say)


def _same(values: np.ndarray) -> bool:
    """True where fewer than two different numbers are known."""
    return len(np.unique(values[np.isfinite(values)])) < 2
