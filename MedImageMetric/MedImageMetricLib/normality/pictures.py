"""Pictures of a screening: histogram of normal scans with this one, slices, anomaly map."""

from __future__ import annotations

import io

import numpy as np

from MedImageLib.report.overlay import overlay_picture
from MedImageMetricLib.normality.screening import Screening

MAP_FROM, MAP_TO = 2.0, 6.0  # deviations of the decoder: unseen below, full color above


def histogram_picture(screening: Screening, what: str) -> bytes:
    """PNG: scores of held-out normal scans, this scan, the threshold."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    normal = screening.calibration_scores
    figure = Figure(figsize=(7.2, 3.0), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    low = min(float(normal.min()), screening.score, screening.threshold.value)
    high = max(float(normal.max()), screening.threshold.value) + 1
    far = screening.score > 3 * (high - low) + high
    shown = min(screening.score, high + 0.5 * (high - low)) if far else screening.score
    high = max(high, shown + 0.5)
    bins = np.linspace(low, high, 50).tolist()
    # One shape in place of fifty bars is drawn in a fraction of the time.
    axes.hist(normal, bins, color="#56B4E9", label=what, histtype="stepfilled")
    axes.axvline(
        screening.threshold.value,
        color="#1b2329",
        linestyle="--",
        label=f"threshold {screening.threshold.value:.2f}",
    )
    arrow = " (far beyond)" if far else ""
    axes.axvline(
        shown, color="#D55E00", linewidth=2.4, label=f"this scan {screening.score:.2f}{arrow}"
    )
    axes.set_xlim(low, high)
    axes.set_xlabel("score (larger = more abnormal)")
    axes.set_ylabel("held-out normal scans")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, framealpha=0.85, edgecolor="none")
    return _png(figure)


def slice_curve_picture(screening: Screening) -> bytes:
    """PNG: the score of every slice with the threshold of single slices."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 2.6), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = np.arange(1, len(screening.slice_scores) + 1)
    axes.plot(places, screening.slice_scores, color="#0072B2", linewidth=1.4)
    value = screening.slice_threshold.value
    beyond = screening.slice_scores >= value
    axes.plot(places[beyond], screening.slice_scores[beyond], "s", color="#D55E00", markersize=4)
    axes.axhline(value, color="#1b2329", linestyle="--", linewidth=1)
    axes.set_xlabel("slice")
    axes.set_ylabel("score")
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def slice_picture(screening: Screening, place: int = 0) -> bytes:
    """PNG of the `place`-th worst slice as the model sees it."""
    return overlay_picture(
        screening.planes[place], spacing_mm=None, window=_window(screening, place), size_px=480
    )


def reconstruction_picture(screening: Screening, place: int = 0) -> bytes:
    """PNG of what the network makes of the same slice from normal anatomy."""
    return overlay_picture(
        screening.means[place], spacing_mm=None, window=_window(screening, place), size_px=480
    )


def anomaly_picture(screening: Screening, place: int = 0) -> bytes:
    """PNG of the slice with the difference from its reconstruction over the anatomy.

    Orange: brighter than expected, blue: darker; striped where it is darker, so that color is
    not needed.
    """
    side = screening.planes.shape[-1]
    residual = _enlarged(screening.residuals[place], side)
    low, high = _window(screening, place)
    gray = np.clip((screening.planes[place] - low) / (high - low), 0, 1) * 255
    strength = np.clip((np.abs(residual) - MAP_FROM) / (MAP_TO - MAP_FROM), 0, 1) * 0.85
    rows, columns = np.indices(residual.shape)
    striped = (rows + columns) // max(1, side // 64) % 2 == 0
    strength = np.where((residual < 0) & striped, 0.3 * strength, strength)
    colors = np.where(residual[..., None] > 0, (230.0, 159.0, 0.0), (86.0, 180.0, 233.0))
    mixed = gray[..., None] * (1 - strength[..., None]) + colors * strength[..., None]
    return overlay_picture(mixed.round().astype(np.uint8), spacing_mm=None, size_px=480)


def _window(screening: Screening, place: int) -> tuple[float, float]:
    low, high = np.percentile(screening.planes[place], (0.5, 99.5))
    return float(low), float(max(high, low + 0.05))


def _enlarged(residual: np.ndarray, side: int) -> np.ndarray:
    import torch
    from torch.nn import functional

    image = torch.from_numpy(np.ascontiguousarray(residual))[None, None]
    return functional.interpolate(image, (side, side), mode="bilinear")[0, 0].numpy()


def _png(figure: object) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})  # type: ignore[attr-defined]
    return stream.getvalue()
