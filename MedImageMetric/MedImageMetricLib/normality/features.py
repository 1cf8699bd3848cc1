"""Numbers that describe a plane in groups: grays, spectrum, directions, noise, edges, layout …

Planes are (n, side, side) on the view's gray scale. Every group tells another part of image
quality, so that what is unusual can be named; none of them knows an artifact.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from MedImageMetricLib.normality.line_features import course_features, k_space_features
from MedImageMetricLib.normality.outline_features import outline_features
from MedImageMetricLib.normality.tissue_features import soft_tissue, tissue_features

FLOOR = 1e-4  # of the gray range; below that there is nothing
PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
RINGS = 16
LAYOUT = 12
BINS = 64
BRIGHTEST = 1.28  # of the gray scale; brighter counts as that
# Steps to both sides of a course and pixels of the shortest one, on fine grids and on that of CT.
COURSES = (((3, 6), 24), ((2, 3), 8))


def plane_features(
    planes: np.ndarray, hounsfield: bool = False, batch: int = 32
) -> dict[str, np.ndarray]:
    """Groups of features of planes (n, side, side), each (n, d) float64, all finite.

    hounsfield: grays are those of CT, and soft tissue is looked at apart.
    """
    found: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(planes), batch):
        part = torch.from_numpy(np.ascontiguousarray(planes[start : start + batch]))
        for name, values in _features(part, hounsfield).items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(parts).astype(np.float64) for name, parts in found.items()}


def _features(planes: Tensor, hounsfield: bool) -> dict[str, np.ndarray]:
    fine = _high_pass(planes)
    spectrum, directions = _spectral(planes)
    # What is faint is followed where the anatomy is smooth: in CT in soft tissue.
    inside = torch.from_numpy(soft_tissue(planes.numpy())) if hounsfield else planes > 0
    steps, shortest = COURSES[hounsfield]
    groups = {
        "grays": _grays(planes),
        "spectrum": spectrum,
        "directions": directions,
        "noise": _noise(planes, fine),
        "edges": _edges(planes),
        "layout": _blocks(planes).flatten(1),
        "texture": _log(_blocks(fine.abs())).flatten(1),
        "histogram": _histogram(planes),
        "courses": course_features(planes, inside, steps, shortest),
    }
    arrays = {name: values.numpy() for name, values in groups.items()}
    arrays["k-space"] = k_space_features(planes.numpy())
    arrays["outline"] = outline_features(planes.numpy())
    return arrays | (tissue_features(planes.numpy()) if hounsfield else {})


def _grays(planes: Tensor) -> Tensor:
    """Percentiles, moments, share of empty and of brightest pixels, entropy of the histogram."""
    flat = planes.flatten(1)
    places = torch.tensor(PERCENTS) / 100
    ranks = _ranks(_sparse(planes), places)
    empty = (flat <= 0.004).float().mean(1, keepdim=True)
    greatest = flat.amax(1, keepdim=True)
    brightest = (flat >= greatest - 0.004).float().mean(1, keepdim=True)
    bins = (flat * 48).long().clamp(0, 71)
    counts = torch.zeros(len(flat), 72).scatter_add_(1, bins, torch.ones_like(flat))
    share = counts / flat.shape[1]
    inner = share[:, 1:47]
    inner = inner / inner.sum(1, keepdim=True).clamp_min(1e-6)
    entropy = -(share * (share + 1e-9).log()).sum(1, keepdim=True)
    peak = (inner.amax(1, keepdim=True) + 1e-3).log()
    gaps = (inner < 1e-5).float().mean(1, keepdim=True)
    spread = _log(flat.std(1, keepdim=True))
    contrast = _log(ranks[:, 7:8] - ranks[:, 1:2])
    few = [torch.log(share_ + 1e-3) for share_ in (empty, brightest)]
    return torch.cat(
        [ranks, flat.mean(1, keepdim=True), spread, contrast, *few, entropy, peak, gaps, greatest],
        1,
    )


def _histogram(planes: Tensor) -> Tensor:
    """Square roots of the smoothed shares of 64 grays, (n, 64); their distance is Hellinger's."""
    places = (planes.flatten(1) * (BINS / BRIGHTEST)).long().clamp(0, BINS - 1)
    counts = torch.zeros(len(planes), BINS).scatter_add_(1, places, torch.ones(places.shape))
    shares = functional.pad(counts[:, None] / places.shape[1], (1, 1), mode="replicate")
    return functional.conv1d(shares, torch.tensor([[[0.25, 0.5, 0.25]]]))[:, 0].sqrt()


def _spectral(planes: Tensor) -> tuple[Tensor, Tensor]:
    """Log power by ring of frequency, and how uneven each ring is along its directions."""
    side = planes.shape[-1]
    window = torch.hann_window(side, periodic=False)
    middle = planes.mean((1, 2), keepdim=True)
    power = torch.fft.fft2((planes - middle) * window * window[:, None]).abs() ** 2
    power = power[:, :, : side // 2 + 1] / side**2
    fy = torch.fft.fftfreq(side)[:, None]
    fx = torch.arange(side // 2 + 1)[None] / side
    radius = torch.hypot(fy, fx)
    lowest = 1.5 / side
    ring = torch.log(radius.clamp_min(1e-9) / lowest) / np.log(0.5 / lowest) * RINGS
    ring = torch.where(radius < lowest, -1, ring.floor()).long()
    angle = torch.atan2(fy.abs(), fx)
    sums, rows = [], []
    for number in range(RINGS):
        inside = ring == number
        if int(inside.sum()) < 4:
            continue
        values = power[:, inside]
        mean = values.mean(1)
        log_mean = torch.log(mean + FLOOR**2)
        sums.append(log_mean)
        if int(inside.sum()) < 48:
            continue
        place = angle[inside]
        down = values[:, place > np.pi / 3].mean(1)
        across = values[:, place < np.pi / 6].mean(1)
        slanted = values[:, (place >= np.pi / 6) & (place <= np.pi / 3)].mean(1)
        rows += [
            torch.log(values.amax(1) + FLOOR**2) - log_mean,
            torch.log(down + FLOOR**2) - torch.log(across + FLOOR**2),
            torch.log(slanted + FLOOR**2) - log_mean,
            torch.log((values + FLOOR**2).log().mean(1).exp() + FLOOR**2) - log_mean,
        ]
    # The whole level is that of the grays; what is left is the shape of the spectrum.
    spectrum = torch.stack(sums, 1)
    level = torch.log(planes.flatten(1).var(1) + FLOOR**2)[:, None]
    whole = power.sum((1, 2)) + FLOOR**2
    lines = torch.stack(
        [
            torch.log(power[:, :, 0].sum(1) / whole + FLOOR),
            torch.log(power[:, 0].sum(1) / whole + FLOOR),
            _repeats(power, 2, side),
            _repeats(power, 3, side),
            _repeats(power, 4, side),
        ],
        1,
    )
    return torch.cat([spectrum - level, level], 1), torch.cat([torch.stack(rows, 1), lines], 1)


def _repeats(power: Tensor, parts: int, side: int) -> Tensor:
    """How much the image resembles itself shifted down by a part of the side."""
    autocorrelation = torch.fft.irfft2(power, (side, side))
    shift = side // parts
    near = autocorrelation[:, shift - 1 : shift + 2, 0].amax(1)
    around = autocorrelation[:, shift - 6 : shift + 7, 0].mean(1)
    return (near - around) / (autocorrelation[:, 0, 0] + FLOOR**2)


def _high_pass(planes: Tensor) -> Tensor:
    """Second differences along both axes, edges left out: noise and finest detail (Immerkær)."""
    mask = torch.tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]]) / 6
    found = functional.conv2d(planes[:, None], mask[None, None])[:, 0]
    return functional.pad(found, (1, 1, 1, 1))


def _noise(planes: Tensor, fine: Tensor) -> Tensor:
    """Ranks of fine detail: everywhere, in dark and in bright parts, and of coarser detail."""
    flat, detail = _sparse(planes), _sparse(fine.abs())
    ranks = torch.tensor([0.25, 0.5, 0.75, 0.9, 0.99, 0.999])
    rows = [_log(_ranks(detail, ranks))]
    order = flat.argsort(1)
    quarter = flat.shape[1] // 4
    for part in (order[:, :quarter], order[:, quarter : 3 * quarter], order[:, 3 * quarter :]):
        inside = detail.gather(1, part)
        rows.append(_log(_ranks(inside, torch.tensor([0.5, 0.95]))))
    half = functional.avg_pool2d(planes[:, None], 2)[:, 0]
    coarse = _high_pass(half).abs().flatten(1)
    rows.append(_log(_ranks(coarse, ranks)))
    # Lines of even gain or offset stand out of the means of rows and columns.
    for axis in (2, 1):
        profile = fine.mean(axis)
        rows.append(_log(profile.std(1, keepdim=True)))
        rows.append(_log(profile.abs().amax(1, keepdim=True)))
        jumps = planes.mean(axis).diff(n=2, dim=1)
        rows.append(_log(jumps.std(1, keepdim=True)))
        rows.append(_log(jumps.abs().amax(1, keepdim=True)))
    same = ((planes[:, 1:] == planes[:, :-1]) & (planes[:, 1:] > 0.004)).flatten(1).float().mean(1)
    rows.append(torch.log(same[:, None] + 1e-3))
    median = _ranks(detail, torch.tensor([0.9])) + FLOOR
    rows.append(torch.log((detail > 8 * median).float().mean(1, keepdim=True) + 1e-4))
    return torch.cat(rows, 1)


def _edges(planes: Tensor) -> Tensor:
    """Ranks of slopes at two scales, the strongest straight edges, grays along the four sides."""
    rows = []
    ranks = torch.tensor([0.5, 0.75, 0.9, 0.97, 0.995])
    for scale in (1, 2, 4):
        small = functional.avg_pool2d(planes[:, None], scale)[:, 0] if scale > 1 else planes
        down, across = small.diff(dim=1).abs(), small.diff(dim=2).abs()
        slope = torch.hypot(down[:, :, :-1], across[:, :-1])
        rows.append(_log(_ranks(_sparse(slope) if scale == 1 else slope.flatten(1), ranks)))
        for steps, axis in ((down, 2), (across, 1)):
            along = steps.mean(axis)
            rows.append(_log(along.amax(1, keepdim=True)))
            rows.append(_log(along.median(1, keepdim=True).values))
    side = planes.shape[-1]
    strip = max(2, side // 24)
    for part in (
        planes[:, :strip],
        planes[:, -strip:],
        planes[:, :, :strip],
        planes[:, :, -strip:],
    ):
        flat = part.flatten(1)
        rows += [flat.mean(1, keepdim=True), _log(flat.std(1, keepdim=True))]
    empty = planes <= 0.004
    for axis in (2, 1):
        rows.append(empty.all(axis).float().mean(1, keepdim=True))
    return torch.cat(rows, 1)


def _blocks(planes: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(planes[:, None], LAYOUT)[:, 0]


def _sparse(planes: Tensor) -> Tensor:
    """Pixels (n, m) to take ranks of; of large planes a quarter tells as much."""
    return (planes[:, ::2, ::2] if planes.shape[-1] > 128 else planes).flatten(1)


def _ranks(values: Tensor, shares: Tensor) -> Tensor:
    """Values at shares 0 … 1 of the sorted ones, (n, shares)."""
    ordered = values.sort(1).values
    return ordered[:, (shares * (values.shape[1] - 1)).round().long()]


def _log(values: Tensor) -> Tensor:
    return torch.log(values.clamp_min(0) + FLOOR)


def neighbor_features(planes: np.ndarray) -> np.ndarray:
    """How well neighboring slices of a volume fit one another, (n, 4), n ≥ 3.

    Log mean differences to the slice before and after, relative to those of their neighborhood;
    their ratio to the differences two slices apart; and the change of mean gray.
    """
    small = ndimage.zoom(planes, (1, 0.5, 0.5), order=1) if planes.shape[1] > 128 else planes
    step = np.abs(np.diff(small, axis=0)).mean((1, 2)) + FLOOR
    two = np.abs(small[2:] - small[:-2]).mean((1, 2)) + FLOOR
    usual = ndimage.median_filter(step, min(9, len(step)), mode="nearest")
    unusual = np.log(step / usual)
    before = np.concatenate([unusual[:1], unusual])
    after = np.concatenate([unusual, unusual[-1:]])
    bend = np.log(step[:-1] + step[1:]) - np.log(two)
    bend = np.concatenate([bend[:1], bend, bend[-1:]])
    level = small.mean((1, 2))
    jump = np.abs(level - ndimage.median_filter(level, 5, mode="nearest"))
    return np.stack(
        [np.maximum(before, after), np.minimum(before, after), bend, np.log(jump + FLOOR)], 1
    )
