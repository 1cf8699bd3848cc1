"""PNG and JPEG pictures as volumes of one slice, spacing unknown.

The size in the header is checked before a pixel is inflated. Sixteen-bit gray keeps its depth;
color is turned to gray and flagged, so that a reader of radiographs can refuse it.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.volume import Volume

_ALMOST_GRAY = 2
_ORIENTATION_TAG = 0x0112


def read_picture_file(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> Volume:
    """A PNG or JPEG file, array of shape (1, rows, columns), uint8 or uint16.

    tags: `color` True for colored pictures, `bits` of a channel. Raises InputError for broken
    and oversized files.
    """
    from PIL import Image

    path = Path(path)
    limits.check_file(path)
    data = path.read_bytes()
    remarks = [
        Remark("spacing-unknown", "A picture without spacing: no lengths in millimeters are given.")
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                limits.check_voxels(path, image.height, image.width)
                frames = getattr(image, "n_frames", 1)
                turn = image.getexif().get(_ORIENTATION_TAG, 1)
                image.load()
                array, color = _gray(image, remarks)
        except InputError:
            raise
        except Exception as error:
            # Pillow meets arbitrary bytes: OSError, SyntaxError, ValueError, zlib.error, ...
            raise InputError(
                f"{path}: a broken or oversized PNG or JPEG ({type(error).__name__}); "
                "export the picture again."
            ) from None
    if frames > 1:
        remarks.append(Remark("several-frames", f"The first of {frames} frames was read."))
    if turn not in (0, 1):
        array = _turned(array, turn)
        remarks.append(Remark("exif-orientation", "The picture was turned as its EXIF tag says."))
    tags: dict[str, Any] = {"color": color, "bits": array.dtype.itemsize * 8}
    if color:
        remarks.append(Remark("color-picture", "A color picture, turned to gray; no radiograph."))
    return Volume(
        array=array[np.newaxis],
        geometry=Geometry((1, *array.shape), spacing_known=False),
        source_sha256=hashlib.sha256(data).hexdigest(),
        remarks=tuple(remarks),
        tags=tags,
    )


def _gray(image: Any, remarks: list[Remark]) -> tuple[np.ndarray, bool]:
    """Gray values (rows, columns) of a loaded picture, and whether it is colored."""
    if image.mode in ("I;16", "I;16B", "I", "F"):
        values = np.asarray(image)
        return values.astype(np.uint16) if values.max() < 65536 else values, False
    if image.mode == "1":
        return np.asarray(image.convert("L")), False
    if image.mode in ("L", "LA", "La"):
        channels = np.atleast_3d(np.asarray(image))
        if channels.shape[2] > 1:
            _note_transparency(channels[..., 1], remarks)
        return np.ascontiguousarray(channels[..., 0]), False
    channels = np.asarray(image.convert("RGBA" if "transparency" in image.info else "RGB"))
    if image.mode == "RGBA":
        channels = np.asarray(image)
    if channels.shape[2] == 4:
        _note_transparency(channels[..., 3], remarks)
    colors = channels[..., :3].astype(np.int16)
    spread = colors.max(axis=2) - colors.min(axis=2)
    if spread.max() <= _ALMOST_GRAY:
        return np.ascontiguousarray(channels[..., 1]), False
    return np.asarray(image.convert("RGB").convert("L")), True


def _note_transparency(alpha: np.ndarray, remarks: list[Remark]) -> None:
    if alpha.min() < 255:
        remarks.append(
            Remark("transparency", "The picture is partly transparent; this is ignored.")
        )


def _turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """Array as EXIF orientation 2 to 8 wants it shown."""
    if orientation in (5, 6, 7, 8):
        array = array.T
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)
