"""A learned start of rigid registration: the same points found in both images, then one offset.

A small 3-D network names sixteen points of the body in a coarse view of each image; the weighted
rigid fit between both sets (Kabsch, Acta Cryst. A32:922, 1976) gives the six numbers, as KeyMorph
does (Wang et al., Medical Image Analysis 90:102962, 2023). It is one start among others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from MedImageLib.errors import ModelError
from MedImageLib.geometry import Geometry
from MedImageLib.network.model_card import CardFacts, read_description, write_description
from MedImageLib.network.model_store import (
    fill_network,
    model_folder,
    read_weights,
    write_weights,
)
from MedImageLib.settings import check_settings, setting, settings_from_dict
from MedImageLib.volume import Volume

MODEL = "rigid_start"
# A fit of points that barely agree says nothing; the spread of points is some 60 mm.
LARGEST_MISFIT_MM = 60.0


@dataclass(frozen=True)
class StartNetworkSettings:
    """The view and the network."""

    view_voxels: int = setting(32, help="Of the cubic view, along each side.", minimum=16)
    view_mm: float = setting(10.0, help="Size of its voxels.", unit="mm", minimum=2)
    points: int = setting(16, help="Points of the body.", minimum=4, maximum=128)
    channels: tuple[int, ...] = setting((16, 32, 64, 64), help="At each scale.", minimum=4)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, kw_only=True)
class StartCard(CardFacts):
    """What is known of a model of starts."""

    network: StartNetworkSettings = field(default_factory=StartNetworkSettings)


class PointNetwork(nn.Module):
    """Views (n, 1, z, y, x) to points (n, p, 3), mm from the view's middle along x, y, z, and
    the weights (n, p) of the points."""

    def __init__(self, settings: StartNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        counts = (1, *settings.channels)
        self.down = nn.ModuleList(
            nn.Sequential(_layer(counts[n], counts[n + 1]), _layer(counts[n + 1], counts[n + 1]))
            for n in range(1, len(counts) - 1)
        )
        self.first = _layer(1, counts[1])
        self.up = nn.ModuleList(
            _layer(counts[n + 1] + counts[n], counts[n]) for n in range(len(counts) - 2, 1, -1)
        )
        self.last = nn.Conv3d(counts[2], settings.points, 1)
        self.trust = nn.Linear(counts[-1], settings.points)

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        scales = [functional.max_pool3d(self.first(views), 2)]
        for n, layers in enumerate(self.down):
            scales.append(layers(functional.max_pool3d(scales[-1], 2) if n else scales[-1]))
        values = scales[-1]
        weights = functional.softplus(self.trust(values.mean(dim=(2, 3, 4)))) + 1e-3
        for layers, finer in zip(self.up, scales[-2:0:-1], strict=True):
            wide = functional.interpolate(values, size=finer.shape[2:], mode="trilinear")
            values = layers(torch.cat([wide, finer], dim=1))
        return self._places(self.last(values)), weights

    def _places(self, maps: Tensor) -> Tensor:
        """Middles of maps (n, p, z, y, x) after a softmax over all voxels."""
        shares = maps.flatten(2).softmax(dim=2).view_as(maps)
        step = self.settings.view_voxels * self.settings.view_mm / maps.shape[-1]
        middles = []
        for axis in (4, 3, 2):
            count = maps.shape[axis]
            line = (torch.arange(count, device=maps.device) - (count - 1) / 2) * step
            others = tuple(n for n in (2, 3, 4) if n != axis)
            middles.append((shares.sum(dim=others) * line).sum(dim=2))
        return torch.stack(middles, dim=-1)


@dataclass(frozen=True, eq=False)
class StartModel:
    """A loaded model."""

    card: StartCard
    network: PointNetwork
    weights_sha256: str


def coarse_view(scaled: Volume, settings: StartNetworkSettings, turn: np.ndarray | None = None,
                middle_mm: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """The cubic view (z, y, x) of an image of `comparable` about its middle, float32, 0 outside.

    turn: 3 × 3; axes of the view as rows of patient LPS. middle_mm: another middle, LPS.
    """
    count, step = settings.view_voxels, settings.view_mm
    own = np.array(scaled.geometry.spacing_mm[::-1])
    sigma = np.sqrt(np.maximum((0.4 * step) ** 2 - (0.4 * own) ** 2, 0.0)) / own
    values = ndimage.gaussian_filter(scaled.array, sigma) if (sigma > 0.15).any() else scaled.array
    half = (count - 1) / 2 * step
    grid = Geometry((count,) * 3, (step,) * 3, (-half,) * 3)
    axes = np.eye(4)
    axes[:3, :3] = np.eye(3) if turn is None else turn
    axes[:3, 3] = scaled.geometry.center_mm if middle_mm is None else middle_mm
    order = [2, 1, 0, 3]
    index = (scaled.geometry.index_from_lps @ axes @ grid.lps_from_index)[np.ix_(order, order)]
    view: np.ndarray = ndimage.affine_transform(
        values, index[:3, :3], index[:3, 3], grid.shape, order=1, mode="constant"
    )
    return view.astype(np.float32)


def rigid_fit(first: Tensor, second: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Rotations (n, 3, 3) and shifts (n, 3) that take points (n, p, 3) nearest to others."""
    share = (weights / weights.sum(dim=1, keepdim=True))[..., None]
    a, b = (share * first).sum(dim=1), (share * second).sum(dim=1)
    cross = ((first - a[:, None]) * share).transpose(1, 2) @ (second - b[:, None])
    u, _, v = torch.linalg.svd(cross.double())
    sign = torch.ones(len(cross), 3, dtype=torch.float64)
    sign[:, 2] = torch.sign(torch.linalg.det(v.transpose(1, 2) @ u.transpose(1, 2)))
    turn = (v.transpose(1, 2) * sign[:, None] @ u.transpose(1, 2)).to(first.dtype)
    return turn, b - (turn @ a[..., None])[..., 0]


def learned_start(fixed: Volume, moving: Volume, model: StartModel) -> np.ndarray | None:
    """A 4 × 4 matrix (LPS mm, moving from fixed) near the truth, or None where points disagree.

    fixed, moving: of `comparable`.
    """
    settings = model.network.settings
    views = np.stack([coarse_view(image, settings) for image in (fixed, moving)])
    with torch.inference_mode():
        places, weights = model.network(torch.from_numpy(views)[:, None])
    # Rotations are checked to ten digits by those who read them.
    places, weights = places.double(), weights.double()
    share = (weights[0] * weights[1])[None]
    turn, shift = rigid_fit(places[:1], places[1:], share)
    misfit = (places[:1] @ turn.transpose(1, 2) + shift - places[1:]).norm(dim=-1)
    if float((misfit * share).sum() / share.sum()) > LARGEST_MISFIT_MM:
        return None
    matrix = np.eye(4)
    matrix[:3, :3] = turn[0].numpy()
    middle = fixed.geometry.center_mm
    matrix[:3, 3] = moving.geometry.center_mm + shift[0].numpy() - matrix[:3, :3] @ middle
    return matrix


def save_start_model(folder: Path, network: PointNetwork, card: StartCard) -> str:
    """Write weights.safetensors, model.json and MODEL_CARD.md; returns the SHA-256."""
    digest = write_weights(folder, card.name, network.cpu().state_dict())
    count = sum(p.numel() for p in network.parameters())
    facts = [
        f"Input: one view of {card.network.view_voxels}³ voxels of {card.network.view_mm:g} mm of "
        f"each image; output: {card.network.points} points in each, then six numbers",
        f"Network: 3-D, {count:,} parameters",
    ]
    write_description(folder, card, digest, facts)
    return digest


@lru_cache(maxsize=2)
def load_start_model(name_or_folder: str | Path = MODEL) -> StartModel:
    """The model of the product, or any by folder. Raises ModelError."""
    folder = model_folder(name_or_folder)
    values, digest = read_description(folder)
    try:
        values["network"] = settings_from_dict(values["network"], StartNetworkSettings, str(folder))
        card = StartCard(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: no valid model of starts ({error}).") from error
    network = PointNetwork(card.network)
    fill_network(network, read_weights(folder, digest), folder)
    return StartModel(card, network.eval(), digest)


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, padding=1), nn.GroupNorm(4, outputs), nn.ReLU(inplace=True)
    )
