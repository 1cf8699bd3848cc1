"""Frames of a cine → target images: fixed size, millimeter scale and direction, full gray range.

The crop lies about a given center and is turned so that the direction to the anterior insertion of
the right ventricle points up; its histogram is equalized, which removes the diversity of scanners.
The same frame takes coordinates of the target image back to the image without loss.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CardiacLVLib.measures.indices import USUAL_TURN
from MedImageLib.intensity import equalized
from MedImageLib.network.framing import Frame, Framing, seen

TARGET_IMAGE = Framing(size=(80, 80), mode="around", pixel_mm=1.5)


def target_frame(
    center: Sequence[float] | np.ndarray,
    spacing_mm: Sequence[float] | np.ndarray,
    insertion_deg: float,
    septum_turn: int = USUAL_TURN,
    framing: Framing = TARGET_IMAGE,
) -> Frame:
    """Map from the target image to an image.

    center: image index (row, column) that becomes the middle. spacing_mm: of (row, column).
    insertion_deg, septum_turn: as in `indices`; in the target image the insertion lies above the
    middle and the septum to the left, so that a mirrored image is mirrored back.
    """
    up, left = (np.deg2rad(insertion_deg + turn) for turn in (0.0, 90.0 * septum_turn))
    axes = -np.array([[np.sin(up), np.sin(left)], [np.cos(up), np.cos(left)]])
    matrix = np.diag(framing.pixel_mm / np.asarray(spacing_mm, float)) @ axes
    middle = (np.array(framing.size) - 1) / 2
    return Frame(matrix, np.asarray(center, float) - matrix @ middle, tuple(framing.size))


def image_index(frame: Frame, target_index: np.ndarray) -> np.ndarray:
    """Image indices (..., 2) of target-image indices (..., 2), both (row, column)."""
    return np.asarray(target_index, float) @ frame.matrix.T + frame.offset


def target_index(frame: Frame, image_index: np.ndarray) -> np.ndarray:
    """Target-image indices (..., 2) of image indices (..., 2), both (row, column)."""
    return (np.asarray(image_index, float) - frame.offset) @ np.linalg.inv(frame.matrix).T


def crop(image: np.ndarray, frame: Frame) -> np.ndarray:
    """The image (row, column) on the target grid, float32, gray values as they are."""
    window, moved = part_seen(image, frame)
    return seen(window, moved, fill=float(image.min()))


def converted(image: np.ndarray, frame: Frame) -> np.ndarray:
    """The target image, float32, gray values 0 … 1 equalized over the crop.

    Raises InputError when the crop is constant or not finite.
    """
    return equalized(crop(image, frame))


def part_seen(image: np.ndarray, frame: Frame) -> tuple[np.ndarray, Frame]:
    """The part of the image that the frame can see, and the frame in its indices.

    Smoothing a whole image for a small crop would take most of the time.
    """
    rows, columns = (side - 1 for side in frame.size)
    corners = image_index(frame, np.array([[0, 0], [rows, 0], [0, columns], [rows, columns]]))
    margin = 4 + 2 * int(np.ceil(np.abs(frame.matrix).max()))
    last = np.array(image.shape) - 1
    low = np.clip(np.floor(corners.min(0)).astype(int) - margin, 0, last)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + margin, low, last)
    part = image[low[0] : high[0] + 1, low[1] : high[1] + 1]
    return part, Frame(frame.matrix, frame.offset - low, frame.size)
