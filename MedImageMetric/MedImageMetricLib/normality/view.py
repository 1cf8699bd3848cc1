"""How an image of one kind comes before a model: which pixels, at which scale, on which grays.

Gray values are scaled alike for all images of a kind, never by the spread of each, so that blank
and flat images stay so: pictures by the range of their number type, CT by Hounsfield units, other
scanner values by their own least and greatest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from MedImageLib.errors import InputError, Remark
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume

HOUNSFIELD_LOW, HOUNSFIELD_WIDTH = -1000.0, 2000.0
HIGHEST_GRAY = 1.5  # metal in CT: very bright, but not so that it decides all
SMALLEST_SIDE_PX = 16


@dataclass(frozen=True)
class ImageView:
    """Settings of the view.

    modalities: DICOM Modality values that may be of this kind; the empty one stands for files
    without modality. grays: `range` (pictures and scanner values) or `hounsfield`. fit: `whole`
    brings the longer side onto the grid; `scale` keeps about `pixel_mm` by means of whole blocks
    and cuts or pads about the middle.
    """

    kind: str = setting("image", help="Name of the kind of image.")
    modalities: tuple[str, ...] = setting(("",), help="Modality values that may be of this kind.")
    side: int = setting(256, help="Side of the grid.", unit="px", minimum=32)
    fit: Literal["whole", "scale"] = setting("whole", help="How images come onto the grid.")
    pixel_mm: float = setting(4.0, help="Side of a pixel where the scale is kept.", unit="mm")
    grays: Literal["range", "hounsfield"] = setting("range", help="Gray scale.")
    volumes: bool = setting(False, help="Images are volumes of neighboring slices.")

    def __post_init__(self) -> None:
        check_settings(self)


RADIOGRAPH = ImageView("frontal chest radiograph", ("CR", "DX", "RG", "SC", "OT", ""), 256)
CARDIAC_MR = ImageView("short-axis cardiac MR", ("MR", ""), 256)
HEAD_NECK_CT = ImageView(
    "head-and-neck CT", ("CT",), 96, fit="scale", grays="hounsfield", volumes=True
)
VIEWS = {"radiograph": RADIOGRAPH, "cardiac_mr": CARDIAC_MR, "ct": HEAD_NECK_CT}


def planes_of(volume: Volume, view: ImageView) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """All slices (k, side, side), float32, on the view's gray scale, and what was assumed.

    Raises InputError for values that are not finite and images too small to tell anything.
    """
    array = volume.array
    if min(array.shape[1:]) < SMALLEST_SIDE_PX:
        raise InputError(
            f"The image has {array.shape[2]} × {array.shape[1]} pixels; at least "
            f"{SMALLEST_SIDE_PX} on each side are needed."
        )
    scaled, remarks = scaled_grays(volume, view)
    planes = torch.from_numpy(scaled)[:, None]
    background = 0.0
    if view.fit == "whole":
        rows, columns = planes.shape[-2:]
        factor = view.side / max(rows, columns)
        size = [max(1, round(rows * factor)), max(1, round(columns * factor))]
        if (rows, columns) != tuple(size):
            planes = functional.interpolate(
                planes, size, mode="bilinear", antialias=True, align_corners=False
            )
    else:
        spacing = volume.geometry.spacing_mm[0] if volume.geometry.spacing_known else view.pixel_mm
        block = max(1, round(view.pixel_mm / spacing))
        if block > 1:
            planes = functional.avg_pool2d(planes, block, ceil_mode=True)
    return _centered(planes[:, 0].numpy(), view.side, background), remarks


def scaled_grays(volume: Volume, view: ImageView) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """float32 values of the view's scale: 0 background or air, 1 bright (CT: 1000 HU)."""
    array = np.asarray(volume.array, np.float32)
    if not np.isfinite(array).all():
        raise InputError("The image holds values that are not finite; read it from its source.")
    if view.grays == "hounsfield":
        scaled = (array - HOUNSFIELD_LOW) / HOUNSFIELD_WIDTH
        return np.clip(scaled, 0.0, HIGHEST_GRAY), ()
    if is_picture(volume):
        return array / stored_range(volume.array), ()
    low, high = np.percentile(array, (0.02, 99.98))
    if high <= low:
        return np.zeros_like(array), ()
    remark = Remark(
        "grays-stretched",
        "Scanner values without a known range were stretched by their own least and greatest; "
        "too little contrast cannot be told from them.",
    )
    return np.clip((array - low) / (high - low), 0.0, HIGHEST_GRAY).astype(np.float32), (remark,)


def is_picture(volume: Volume) -> bool:
    """Whether gray values came as a picture, whose number type tells their range."""
    return volume.modality in ("", "SC", "OT") or volume.array.dtype == np.uint8


def stored_range(array: np.ndarray) -> float:
    """The brightest value that the picture could hold: 255 of bytes, else the next 2ⁿ − 1.

    >>> stored_range(np.array([[3, 3000]], np.uint16)), stored_range(np.array([[0.2, 0.9]]))
    (4095.0, 1.0)
    """
    if array.dtype == np.uint8:
        return 255.0
    greatest = float(np.abs(array).max(initial=0))
    if array.dtype.kind == "f" and greatest <= 1.0:
        return 1.0
    return float(2 ** max(8, int(np.ceil(np.log2(greatest + 1)))) - 1)


def _centered(planes: np.ndarray, side: int, background: float) -> np.ndarray:
    """Planes cut or padded about their middle to (k, side, side)."""
    result = np.full((len(planes), side, side), background, np.float32)
    window_from, window_to = [], []
    for size in planes.shape[1:]:
        start = (side - size) // 2
        window_to.append(slice(max(0, start), max(0, start) + min(side, size)))
        cut = max(0, -start)
        window_from.append(slice(cut, cut + min(side, size)))
    result[:, window_to[0], window_to[1]] = planes[:, window_from[0], window_from[1]]
    return result
