"""The ensemble in use: eleven indices of frames with their spread over the networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork
from CardiacLVLib.ensemble.conversion import converted, target_frame
from CardiacLVLib.ensemble.store import Ensemble
from CardiacLVLib.measures.indices import USUAL_TURN
from MedImageLib.errors import InputError

_AT_ONCE = 64  # frames in a batch


def predict_indices(
    ensemble: Ensemble,
    images: Sequence[np.ndarray] | np.ndarray,
    centers: Sequence[Sequence[float]] | np.ndarray,
    spacing_mm: Sequence[float],
    insertion_deg: float | Sequence[float] | np.ndarray,
    septum_turn: int = USUAL_TURN,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread (standard deviation over the networks), each (n, 11), in mm² and mm.

    images: n frames (row, column) of any size. centers: n places (row, column) of the cavity.
    spacing_mm: of (row, column). insertion_deg: one for all frames, or n; it and septum_turn
    are as in `indices`, as is the order of the eleven.

    Raises InputError when counts differ or a frame shows nothing about its center.
    """
    answers = member_indices(ensemble, images, centers, spacing_mm, insertion_deg, septum_turn)
    return answers.mean(0), answers.std(0, ddof=1) if len(answers) > 1 else np.zeros_like(
        answers[0]
    )


def member_indices(
    ensemble: Ensemble,
    images: Sequence[np.ndarray] | np.ndarray,
    centers: Sequence[Sequence[float]] | np.ndarray,
    spacing_mm: Sequence[float],
    insertion_deg: float | Sequence[float] | np.ndarray,
    septum_turn: int = USUAL_TURN,
) -> np.ndarray:
    """What each network answers: (network, n, 11); arguments as in `predict_indices`."""
    if len(images) != len(centers):
        raise InputError(f"{len(images)} frames need as many centers, found {len(centers)}.")
    if not len(images):
        return np.zeros((len(ensemble.networks), 0, len(ensemble.card.indices)), np.float32)
    directions = np.broadcast_to(np.asarray(insertion_deg, float), (len(images),))
    converted_images = [
        _converted(ensemble, number, image, center, spacing_mm, float(direction), septum_turn)
        for number, (image, center, direction) in enumerate(
            zip(images, centers, directions, strict=True)
        )
    ]
    return answers_of(ensemble.networks, np.stack(converted_images))


def answers_of(networks: Sequence[AggregationNetwork], target_images: np.ndarray) -> np.ndarray:
    """Indices (network, n, 11) of target images (n, side, side), 0 … 1; none is below zero."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(target_images), _AT_ONCE):
            batch = network_input(target_images[start : start + _AT_ONCE])
            parts.append(np.stack([network(batch).numpy() for network in networks]))
    return np.maximum(np.concatenate(parts, axis=1), 0)


def network_input(target_images: np.ndarray) -> Tensor:
    """Target images (n, side, side), 0 … 1, as networks take them: −1 … 1, channels last."""
    images = torch.from_numpy(np.ascontiguousarray(target_images, np.float32)).unsqueeze(1)
    return (2 * images - 1).contiguous(memory_format=torch.channels_last)


def _converted(
    ensemble: Ensemble,
    number: int,
    image: np.ndarray,
    center: Sequence[float],
    spacing_mm: Sequence[float],
    insertion_deg: float,
    septum_turn: int,
) -> np.ndarray:
    frame = target_frame(center, spacing_mm, insertion_deg, septum_turn, ensemble.card.framing)
    try:
        return converted(image, frame)
    except InputError as error:
        raise InputError(f"Frame {number} about {tuple(center)}: {error}") from error
