"""Segmentation with a trained network: levels, early stop, limits, devices, tiles.

The improvement from one level to the next is the change of the label map, 1 − Dice of the worst
class; no truth is needed (source: chapter 5, early stop). Whole volumes are tiled, each tile
stops on its own, and labels are taken at network resolution before they are brought back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from MedImageLib.errors import ModelError, SettingsError
from MedImageLib.intensity import normalized_by_ranks
from MedImageLib.network.augmentation import standardized_batch
from MedImageLib.network.framing import Frame, Framing, centered_frame, seen, unframed, whole_frame
from MedImageLib.network.multi_level import MultiLevelNetwork, resized
from MedImageLib.settings import check_settings, setting

PLANES_AT_ONCE = 16


@dataclass(frozen=True)
class InferenceSettings:
    """How far to go and on what."""

    level: int = setting(0, help="Level to answer with; 0 = the last one.", minimum=0, maximum=32)
    stop_below: float = setting(
        0.0,
        help="Stop when no class changes by more than this from level to level; 0 = never.",
        unit="1 - Dice",
        minimum=0.0,
        maximum=1.0,
    )
    time_limit_s: float = setting(
        0.0, help="Go to no further level after this time; 0 = no limit.", unit="s", minimum=0.0
    )
    memory_limit_mib: float = setting(
        2048.0,
        help="Memory that feature maps may take; sets the size of tiles.",
        unit="MiB",
        minimum=64.0,
    )
    device: str = setting("auto", help="Where to compute.", choices=("auto", "cpu", "cuda", "mps"))

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A label map and how it came about.

    labels: uint8 on the image grid. confidence: mean probability of the chosen class inside each
    class, by class number; None for tiled volumes. level: answered with (1-based; the highest
    of all tiles). changes: 1 − Dice of the worst class from level to level.
    """

    labels: np.ndarray
    level: int
    changes: tuple[float, ...]
    seconds: float
    device: str
    probabilities: np.ndarray | None = None


def best_device(wanted: str = "auto") -> torch.device:
    """The device asked for, or CUDA, MPS, CPU in this order. ModelError when it is not there."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available.get(wanted, False):
        raise ModelError(f"Device {wanted} is not available here; use auto or cpu.")
    return torch.device(wanted)


def label_change(before: Tensor, after: Tensor, classes: int) -> float:
    """1 − Dice of the class and image of (batch, *grid) that changed most.

    Classes absent from an image at both levels do not count.
    """
    worst = 0.0
    for value in range(1, classes):
        a, b = (before == value).flatten(1), (after == value).flatten(1)
        total = a.sum(1) + b.sum(1)
        change = 1.0 - 2.0 * (a & b).sum(1) / total.clamp_min(1)
        worst = max(worst, float(change[total > 0].max()) if bool(total.any()) else 0.0)
    return worst


def answered_levels(
    network: MultiLevelNetwork, image: Tensor, settings: InferenceSettings
) -> tuple[Tensor, int, tuple[float, ...]]:
    """Coarse logits of the level that answers, its number, and the changes up to it."""
    last = settings.level or network.settings.levels
    if last > network.settings.levels:
        raise SettingsError(
            f"level is {last}; this network has levels 1 to {network.settings.levels}."
        )
    if not settings.stop_below and not settings.time_limit_s:
        return network.at_level(image, last, coarse=True), last, ()
    started, changes = time.monotonic(), []
    before: Tensor | None = None
    for number, logits in enumerate(network.levels(image, coarse=True), start=1):
        labels = logits.argmax(1)
        if before is not None:
            changes.append(label_change(before, labels, network.settings.classes))
        small_change = bool(changes) and changes[-1] < settings.stop_below
        late = settings.time_limit_s and time.monotonic() - started > settings.time_limit_s
        if number >= last or small_change or late:
            return logits, number, tuple(changes)
        before = labels
    raise AssertionError("a network has at least one level")


def segment_plane(
    network: MultiLevelNetwork,
    image: np.ndarray,
    framing: Framing,
    settings: InferenceSettings | None = None,
    frame: Frame | None = None,
    percent: tuple[float, float] = (1.0, 99.0),
) -> Segmentation:
    """Segment one plane (j, i); see `segment_planes`. frame: the whole image when None."""
    frames = [frame or whole_frame(image.shape, framing)]
    return segment_planes(network, [image], frames, settings, percent)[0]


def segment_planes(
    network: MultiLevelNetwork,
    images: Sequence[np.ndarray],
    frames: Sequence[Frame],
    settings: InferenceSettings | None = None,
    percent: tuple[float, float] = (1.0, 99.0),
    regions: Sequence[tuple[slice, ...]] | None = None,
) -> list[Segmentation]:
    """Segment planes (j, i), each seen through its frame, some at a time.

    regions: the part of each image that is answered for, which saves time where the frame covers
    little of it; whole images when None.

    Probabilities are brought back to the image before labels are taken: planes are small, so the
    sub-pixel border that they hold is kept, which labels of the network's grid would lose. Planes
    computed together stop at one level, that of the plane that changes most.
    """
    settings = settings or InferenceSettings()
    device = best_device(settings.device)
    regions = regions or [tuple(slice(0, n) for n in image.shape) for image in images]
    result: list[Segmentation] = []
    for first in range(0, len(images), PLANES_AT_ONCE):
        started = time.monotonic()
        part = list(zip(images, frames, regions, strict=True))[first : first + PLANES_AT_ONCE]
        views = [seen(normalized_by_ranks(im, *percent), fr, fill=0.0) for im, fr, _ in part]
        batch = standardized_batch(torch.from_numpy(np.stack(views))[:, None])
        logits, level, changes = _with_fallback(network, batch, settings, device)
        scores = torch.softmax(logits.float(), 1).cpu()
        seconds = (time.monotonic() - started) / len(part)
        for one, (_, frame, region) in zip(scores, part, strict=True):
            labels, probabilities = _on_region(one, frame, region)
            result.append(Segmentation(labels, level, changes, seconds, str(device), probabilities))
    return result


def _on_region(
    scores: Tensor, frame: Frame, region: tuple[slice, ...]
) -> tuple[np.ndarray, np.ndarray]:
    on_grid = resized(scores[None], frame.size)[0]
    start = np.array([part.start for part in region])
    shape = tuple(part.stop - part.start for part in region)
    moved = Frame(frame.matrix, frame.offset - start, frame.size)
    probabilities = unframed(on_grid, moved, shape).numpy()
    labels = probabilities.argmax(0).astype(np.uint8)
    labels[~_inside(moved, shape)] = 0
    return labels, probabilities


def frame_about(
    center_index: tuple[float, ...], spacing_mm: tuple[float, ...], framing: Framing
) -> Frame:
    """The view of an `around` model about an index (array order) at its own pixel size."""
    return centered_frame(center_index, [framing.pixel_mm / s for s in spacing_mm], framing.size)


def segment_volume(
    network: MultiLevelNetwork,
    image: np.ndarray,
    settings: InferenceSettings | None = None,
    overlap: int = 16,
) -> Segmentation:
    """Segment a prepared volume (k, j, i) on the network's own spacing, tile by tile.

    image: float32, already normalized as in training. Each tile keeps only its middle, so tiles
    join without seams; labels are taken on the network's grid and repeated onto the image's.
    """
    settings = settings or InferenceSettings()
    started = time.monotonic()
    device = best_device(settings.device)
    divisor, stride = network.settings.divisor, network.settings.stem_stride
    most = _most_voxels(network, settings, image.ndim)
    labels = np.zeros(image.shape, np.uint8)
    deepest, worst = 1, []
    for core, tile in _tiles(image.shape, most, overlap, divisor, stride):
        part = _padded_crop(image, tile)
        view = torch.from_numpy(part)[None, None]
        logits, level, changes = _with_fallback(network, view, settings, device)
        small = logits.argmax(1)[0].to(torch.uint8).cpu().numpy()
        full = _repeated(small, part.shape)
        inner = tuple(
            slice(c.start - t.start, c.stop - t.start) for c, t in zip(core, tile, strict=True)
        )
        labels[core] = full[inner]
        deepest = max(deepest, level)
        worst.append(changes)
    longest = max(worst, key=len, default=())
    return Segmentation(labels, deepest, longest, time.monotonic() - started, str(device))


def tiled_probabilities(
    network: MultiLevelNetwork,
    image: np.ndarray,
    settings: InferenceSettings | None = None,
    overlap: int = 16,
    empty_below: float | None = None,
) -> tuple[np.ndarray, int]:
    """Class probabilities of a prepared volume on the network's coarse grid, and the level.

    image: as for `segment_volume`. Returns float16 (class, k', j', i'), each side that of the
    image divided by the stem's stride and rounded up, and the highest level of all tiles. Tiles
    in which nothing lies above `empty_below` are background without a computation.
    """
    settings = settings or InferenceSettings()
    device = best_device(settings.device)
    divisor, stride = network.settings.divisor, network.settings.stem_stride
    most = _most_voxels(network, settings, image.ndim)
    result = np.zeros(
        (network.settings.classes, *(-(-n // stride) for n in image.shape)), np.float16
    )
    result[0] = 1
    deepest = 1
    for core, tile in _tiles(image.shape, most, overlap, divisor, stride):
        part = _padded_crop(image, tile)
        if empty_below is not None and part.max() <= empty_below:
            continue
        logits, level, _ = _with_fallback(
            network, torch.from_numpy(part)[None, None], settings, device
        )
        scores = torch.softmax(logits.float(), 1)[0].cpu().numpy()
        inner = tuple(
            slice((c.start - t.start) // stride, -(-(c.stop - t.start) // stride))
            for c, t in zip(core, tile, strict=True)
        )
        place = tuple(slice(c.start // stride, -(-c.stop // stride)) for c in core)
        result[(slice(None), *place)] = scores[(slice(None), *inner)]
        deepest = max(deepest, level)
    return result, deepest


def _with_fallback(
    network: MultiLevelNetwork, view: Tensor, settings: InferenceSettings, device: torch.device
) -> tuple[Tensor, int, tuple[float, ...]]:
    """On the device, or on the CPU when its memory does not suffice."""
    memory = torch.channels_last if view.ndim == 4 else torch.channels_last_3d
    try:
        with torch.inference_mode():
            placed = view.to(device).contiguous(memory_format=memory)
            return answered_levels(_on_device(network, device), placed, settings)
    except torch.OutOfMemoryError:
        if device.type == "cpu":
            raise
        torch.cuda.empty_cache()
        with torch.inference_mode():
            return answered_levels(network.cpu(), view.contiguous(memory_format=memory), settings)


def _on_device(network: MultiLevelNetwork, device: torch.device) -> MultiLevelNetwork:
    """The network there; asking each of its parts to move takes longer than some planes do."""
    here = next(network.parameters()).device
    stays = here.type == device.type and device.index in (None, here.index)
    return network if stays else network.to(device)


def _inside(frame: Frame, shape: tuple[int, ...]) -> np.ndarray:
    """True where an image pixel lies in the frame; nothing was seen elsewhere."""
    inverse = np.linalg.inv(frame.matrix)
    axes = np.ogrid[tuple(slice(0, n) for n in shape)]
    result = np.ones(shape, bool)
    for row, shift, size in zip(inverse, inverse @ frame.offset, frame.size, strict=True):
        index = sum(step * axis for step, axis in zip(row, axes, strict=True)) - shift
        result &= (index >= -0.5) & (index <= size - 0.5)
    return result


def _most_voxels(network: MultiLevelNetwork, settings: InferenceSettings, dimensions: int) -> int:
    """Voxels of a tile that the memory limit allows."""
    widths = [network.settings.stem_channels, *(b.channels for b in network.settings.blocks)]
    # About six maps of the widest block live at once, in float32.
    bytes_per_voxel = 6 * 4 * max(widths) / network.settings.stem_stride**dimensions + 8
    return int(settings.memory_limit_mib * 2**20 / bytes_per_voxel)


def _tiles(
    shape: tuple[int, ...], most_voxels: int, overlap: int, divisor: int, stride: int
) -> list[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """(core, tile) slices; cores cover the volume once, tiles may reach beyond its end.

    Of all ways to cut the axes into equal parts the one with the least to compute is taken; tiles
    overlap inside of the volume only. Where the memory is too small for that, overlap gives way.
    divisor: of the sides of tiles; stride: of their starts.
    """
    overlap = overlap // stride * stride
    while True:
        axes = [_cuts(length, overlap, divisor) for length in shape]
        fitting = [
            cut
            for cut in product(*axes)
            if np.prod([max(stop - start for _, _, start, stop in axis) for axis in cut])
            <= most_voxels
        ]
        if fitting or not overlap:
            break
        overlap = overlap // 2 // stride * stride
    # The smallest tiles where nothing fits: a volume is never refused.
    best = min(fitting, key=_work) if fitting else tuple(axis[-1] for axis in axes)
    return [
        (
            tuple(slice(a, b) for a, b, _, _ in spans),
            tuple(slice(c, d) for _, _, c, d in spans),
        )
        for spans in product(*best)
    ]


_Cut = list[tuple[int, int, int, int]]


def _cuts(length: int, overlap: int, divisor: int) -> list[_Cut]:
    """An axis in 1, 2, … parts: first and end of each core, first and end of each tile."""
    cores = dict.fromkeys(
        -(-length // (parts * divisor)) * divisor
        for parts in (*range(1, 17), 24, 32, 64, 128, 256)
        if parts <= max(1, length // divisor)
    )
    cuts = []
    for core in cores:
        cut = []
        for first in range(0, length, core):
            start, end = max(0, first - overlap), min(first + core, length)
            reach = end if end == length else end + overlap
            cut.append((first, end, start, start - (start - reach) // divisor * divisor))
        cuts.append(cut)
    return cuts


def _work(cut: tuple[_Cut, ...]) -> int:
    """Voxels of all tiles."""
    return int(np.prod([sum(stop - start for _, _, start, stop in axis) for axis in cut]))


def _padded_crop(image: np.ndarray, tile: tuple[slice, ...]) -> np.ndarray:
    inside = tuple(
        slice(max(0, t.start), min(n, t.stop)) for t, n in zip(tile, image.shape, strict=True)
    )
    before_after = [(i.start - t.start, t.stop - i.stop) for i, t in zip(inside, tile, strict=True)]
    return np.pad(image[inside].astype(np.float32), before_after, mode="edge")


def _repeated(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    for axis, (small, large) in enumerate(zip(labels.shape, shape, strict=True)):
        if small != large:
            labels = np.repeat(labels, large // small, axis=axis)
    return labels
