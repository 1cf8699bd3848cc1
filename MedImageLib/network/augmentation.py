"""Random views of training samples: geometry, deformation, gray values.

Images are made to look as other scanners, other exposures, squeezed copies and inverted films
would; label maps move along by nearest neighbor. Works for 2-D and 3-D, deterministic by the
generator that is passed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedImageLib.network.framing import normalized_affine


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes; probabilities end in `_share`.

    rotation_deg: standard deviation of the in-plane rotation.
    zoom: standard deviation of the logarithm of the common scale.
    squeeze: standard deviation of the logarithm of each axis's own scale.
    shift: standard deviation of the translation, as a share of the network grid.
    bend: standard deviation of a smooth displacement, as a share of the network grid.
    gamma, contrast: standard deviations of the logarithms.
    invert_share, blur_share, noise_share, field_share, patch_share: how often.
    mirror_share: left–right mirroring without exchange of labels; only where sides do not matter.
    away_share: how often an `around` view looks elsewhere in the image.
    """

    rotation_deg: float = 8.0
    zoom: float = 0.12
    squeeze: float = 0.07
    shift: float = 0.05
    bend: float = 0.015
    gamma: float = 0.35
    contrast: float = 0.25
    invert_share: float = 0.1
    blur_share: float = 0.15
    noise_share: float = 0.3
    field_share: float = 0.3
    patch_share: float = 0.1
    mirror_share: float = 0.0
    away_share: float = 0.0


def scaled(settings: Augmentation, factor: float) -> Augmentation:
    """All ranges and shares multiplied by a factor; mirroring stays, it is no matter of degree."""
    values = {name: factor * value for name, value in asdict(settings).items()}
    return replace(settings, **values | {"mirror_share": settings.mirror_share})


def random_view(
    image: Tensor,
    label: Tensor,
    center: np.ndarray,
    scale: np.ndarray,
    size: tuple[int, ...],
    settings: Augmentation,
    generator: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """A random view about `center` (index, array order) at about `scale` pixels a network pixel.

    image: float (*grid); label: uint8 (*grid). Returns both on `size`.
    """
    axes = len(size)
    zoom = np.exp(generator.normal(0, settings.zoom) + generator.normal(0, settings.squeeze, axes))
    matrix = _rotation(generator, settings.rotation_deg, axes) @ np.diag(scale * zoom)
    if settings.mirror_share and generator.random() < settings.mirror_share:
        matrix[:, -1] *= -1
    moved = center + matrix @ (generator.normal(0, settings.shift, axes) * np.array(size))
    offset = moved - matrix @ ((np.array(size) - 1) / 2)
    theta = torch.from_numpy(normalized_affine(matrix, offset, size, image.shape)).float()
    grid = functional.affine_grid(theta[None], [1, 1, *size], align_corners=True)
    grid = grid + _smooth_displacement(size, settings.bend, generator)
    padding = "border" if generator.random() < 0.3 else "zeros"
    seen = functional.grid_sample(
        image[None, None], grid, mode="bilinear", padding_mode=padding, align_corners=True
    )[0, 0]
    marked = functional.grid_sample(
        label[None, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=True
    )[0, 0]
    return seen, marked.long()


def _rotation(generator: np.random.Generator, deviation_deg: float, axes: int) -> np.ndarray:
    angles = np.deg2rad(generator.normal(0, deviation_deg, 1 if axes == 2 else 3))
    planes = [(0, 1)] if axes == 2 else [(1, 2), (0, 2), (0, 1)]
    matrix = np.eye(axes)
    for (a, b), angle in zip(planes, angles, strict=True):
        turn = np.eye(axes)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def _smooth_displacement(
    size: tuple[int, ...], share: float, generator: np.random.Generator
) -> Tensor:
    axes = len(size)
    coarse = generator.normal(0, 2 * share, (1, axes, *[5] * axes)).astype(np.float32)
    mode = "bicubic" if axes == 2 else "trilinear"
    field = functional.interpolate(
        torch.from_numpy(coarse), size=size, mode=mode, align_corners=True
    )
    return field.movedim(1, -1)


def random_gray(image: Tensor, settings: Augmentation, generator: np.random.Generator) -> Tensor:
    """Gray values 0 … 1 changed as scanners, exposures and copies change them."""
    image = image.clamp(0, 1) ** float(np.exp(generator.normal(0, settings.gamma)))
    if generator.random() < settings.field_share:
        image = image * torch.exp(_smooth_gain(tuple(image.shape), 0.3, generator))
    if generator.random() < settings.patch_share:
        image = _patched(image, generator)
    image = (image - 0.5) * float(np.exp(generator.normal(0, settings.contrast))) + 0.5
    image = image + generator.normal(0, 0.1)
    # Detectors and films saturate.
    image = image.clamp(generator.uniform(-0.3, 0.05), generator.uniform(0.9, 1.3))
    if generator.random() < settings.blur_share:
        image = _blurred(image)
    if generator.random() < settings.noise_share:
        noise = generator.standard_normal(tuple(image.shape), dtype=np.float32)
        image = image + float(generator.uniform(0.01, 0.08)) * torch.from_numpy(noise)
    if generator.random() < settings.invert_share:
        image = -image
    return image


def standardized_batch(images: Tensor) -> Tensor:
    """Each image of (batch, channel, *grid) to mean 0 and standard deviation 1."""
    axes = tuple(range(1, images.ndim))
    deviation = images.std(dim=axes, keepdim=True).clamp_min(1e-4)
    return (images - images.mean(dim=axes, keepdim=True)) / deviation


def _smooth_gain(size: tuple[int, ...], spread: float, generator: np.random.Generator) -> Tensor:
    axes = len(size)
    coarse = generator.normal(0, spread, (1, 1, *[3] * axes)).astype(np.float32)
    mode = "bicubic" if axes == 2 else "trilinear"
    return functional.interpolate(
        torch.from_numpy(coarse), size=size, mode=mode, align_corners=True
    )[0, 0]


def _patched(image: Tensor, generator: np.random.Generator) -> Tensor:
    """A marker, shield or label: an even box of any gray."""
    image = image.clone()
    box = []
    for side in image.shape:
        width = int(side * generator.uniform(0.03, 0.2)) + 1
        start = int(generator.integers(0, max(1, side - width)))
        box.append(slice(start, start + width))
    image[tuple(box)] = float(generator.uniform(0, 1))
    return image


def _blurred(image: Tensor) -> Tensor:
    pool = functional.avg_pool2d if image.ndim == 2 else functional.avg_pool3d
    return pool(image[None, None], 3, stride=1, padding=1, count_include_pad=False)[0, 0]
