"""What the head-and-neck network sees: gray values of CT, and random views for training.

Research volumes are coarse, cut out of air and without a couch; planning CT is not. Views get
couch, mask, noise, sharper or duller detail, mirrored sides, cut ends and wider surroundings.
Arrays are (k, j, i) with k to the head, j to the back, i to the patient's left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from AutoContourLib.contours.ct_cases import CtCase
from AutoContourLib.contours.mr_views import gray_of_mr, mr_like
from MedImageLib.network.augmentation import Augmentation, random_view
from MedImageLib.settings import check_settings, setting

AIR_HU = -1000.0
# Most of the range goes to soft tissue; bone and air stay distinguishable.
_HU = (-1000.0, -200.0, 250.0, 1500.0)
_GRAY = (-1.5, -1.0, 1.0, 2.0)
_GEOMETRY = Augmentation(rotation_deg=7.0, zoom=0.1, squeeze=0.05, shift=0.0, bend=0.01)


@dataclass(frozen=True)
class CtAugmentation:
    """How views differ from the volumes; `_share` = how often."""

    geometry: Augmentation = field(default_factory=lambda: _GEOMETRY)
    organ_share: float = setting(0.7, help="Views centered on a drawn organ.", minimum=0, maximum=1)
    mirror_share: float = setting(0.5, help="Mirrored, sides exchanged.", minimum=0, maximum=1)
    couch_share: float = setting(0.5, help="Couch below the patient.", minimum=0, maximum=1)
    mask_share: float = setting(0.4, help="Thermoplastic mask.", minimum=0, maximum=1)
    shift_hu: float = setting(20.0, help="Common shift, deviation.", unit="HU", minimum=0)
    noise_hu: float = setting(30.0, help="Largest noise.", unit="HU", minimum=0)
    sharpen: float = setting(1.0, help="Largest unsharp masking.", minimum=0)
    mr_share: float = setting(0.0, help="In the contrast of a made-up MR.", minimum=0, maximum=1)

    def __post_init__(self) -> None:
        check_settings(self)


def gray_of_hu(hu: np.ndarray) -> np.ndarray:
    """Hounsfield units as the network wants them: float32, about −1.5 … 2."""
    return np.interp(hu, _HU, _GRAY).astype(np.float32)


def random_ct_view(
    case: CtCase,
    organ: int | None,
    size: tuple[int, ...],
    pixel_mm: float,
    settings: CtAugmentation,
    sides: Mapping[int, int],
    generator: np.random.Generator,
) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """Gray values (*size) float32, labels (*size) int64, and the drawn classes of the view.

    organ: class near the center of the view, anywhere in the volume when None. sides: class →
    class of the other side, exchanged when the view is mirrored.
    """
    center = _center(case, organ, generator)
    # Above air, so that what lies beyond the volume is air.
    image = torch.from_numpy(case.hu.astype(np.float32) - np.float32(AIR_HU))
    scale = pixel_mm / np.array(case.spacing_mm)
    view, labels = random_view(
        image, torch.from_numpy(case.labels), center, scale, size, settings.geometry, generator
    )
    hu = view + AIR_HU
    drawn = case.drawn
    if generator.random() < settings.mirror_share:
        hu, labels = hu.flip(-1), labels.flip(-1)
        exchange = torch.arange(256)
        for one, other in sides.items():
            exchange[one] = other
        labels = exchange[labels]
        drawn = tuple(sorted(sides.get(number, number) for number in drawn))
    hu = _changed(_with_surroundings(hu, settings, generator), settings, generator)
    if settings.mr_share and generator.random() < settings.mr_share:
        return torch.from_numpy(gray_of_mr(mr_like(hu.numpy(), generator))), labels, drawn
    return torch.from_numpy(gray_of_hu(hu.numpy())), labels, drawn


def _center(case: CtCase, organ: int | None, generator: np.random.Generator) -> np.ndarray:
    shape = np.array(case.hu.shape)
    inside = np.argwhere(case.labels == organ) if organ else np.empty((0, 3), int)
    if not len(inside):
        return generator.uniform(0.05, 0.95, 3) * shape
    jitter = generator.normal(0, 12.0, 3) / np.array(case.spacing_mm)
    point = inside[int(generator.integers(len(inside)))] + jitter
    # Halfway to the middle, since sides are told by the whole head.
    point[2] = (point[2] + (shape[2] - 1) / 2) / 2
    return point


def _with_surroundings(
    hu: Tensor, settings: CtAugmentation, generator: np.random.Generator
) -> Tensor:
    body = hu > -600
    if generator.random() < settings.mask_share:
        thick = functional.max_pool3d(body[None, None].float(), 3, stride=1, padding=1)[0, 0] > 0
        first, last = sorted(generator.integers(0, hu.shape[0] + 1, 2).tolist())
        shell = thick & ~body
        shell[:first] = False
        shell[last:] = False
        hu = torch.where(shell, torch.tensor(float(generator.uniform(-500, 0))), hu)
    rows = torch.nonzero(body.any(dim=2).any(dim=0)).flatten()
    if len(rows) and generator.random() < settings.couch_share:
        top = int(rows[-1]) + 1 + int(generator.integers(0, 4))
        thickness = int(generator.integers(5, 25))
        couch = torch.zeros_like(body)
        couch[:, top : top + thickness] = True
        core = float(generator.uniform(-980, -850))
        shell_hu = float(generator.uniform(-400, 150))
        hu = torch.where(couch & ~body, torch.tensor(core), hu)
        for row in (top, top + thickness - 1):
            if row < hu.shape[1]:
                hu[:, row] = torch.where(body[:, row], hu[:, row], torch.tensor(shell_hu))
    return hu


def _changed(hu: Tensor, settings: CtAugmentation, generator: np.random.Generator) -> Tensor:
    if generator.random() < 0.6:
        smooth = functional.avg_pool3d(
            hu[None, None], 3, stride=1, padding=1, count_include_pad=False
        )[0, 0]
        hu = hu + float(generator.uniform(-1.0, settings.sharpen)) * (hu - smooth)
    hu = hu + float(generator.normal(0, settings.shift_hu))
    if generator.random() < 0.7:
        noise = torch.from_numpy(generator.standard_normal(tuple(hu.shape), dtype=np.float32))
        hu = hu + float(generator.uniform(0, settings.noise_hu)) * noise
    return hu
