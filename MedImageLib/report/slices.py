"""Slices of volumes as they are shown: patient right at the left, anterior or head at the top.

A slice is cut along an array axis; it is transposed and mirrored, never interpolated, so that
indices of the volume can be followed into the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.report.canvas import Box, Line
from MedImageLib.report.overlay import overlay_picture
from MedImageLib.volume import Volume

# DICOM PS3.3 C.7.6.1.1.1: letters of the directions to which LPS coordinates rise and fall.
_RISING, _FALLING = "LPH", "RAF"


@dataclass(frozen=True, eq=False)
class SliceView:
    """A shown slice.

    image, labels: (row, column). spacing_mm: along (column index, row index).
    letters: at (left, right, top, bottom). across, down: axis of (i, j, k) and whether mirrored.
    offset: of the whole slice's (i, j), of the first pixel shown.
    """

    image: np.ndarray
    labels: np.ndarray | None
    spacing_mm: tuple[float, float]
    spacing_known: bool
    letters: tuple[str, str, str, str]
    across: tuple[int, bool]
    down: tuple[int, bool]
    shape_ijk: tuple[int, int, int]
    offset: tuple[int, int] = (0, 0)

    def place(self, index_ijk: Sequence[float]) -> tuple[float, float]:
        """Where an index (i, j, k) of the volume lies in the picture, as its (i, j)."""
        across = self._along(index_ijk, self.across) - self.offset[0]
        return across, self._along(index_ijk, self.down) - self.offset[1]

    def cropped(self, one_ijk: Sequence[float], other_ijk: Sequence[float]) -> SliceView:
        """The part of the slice between two indices (i, j, k), both within, as far as it goes."""
        corners = np.array([self.place(one_ijk), self.place(other_ijk)])
        last = np.array(self.image.shape[1::-1]) - 1
        low, high = (
            np.clip(np.round(end(corners, axis=0)).astype(int), 0, last) for end in (np.min, np.max)
        )
        window = slice(low[1], high[1] + 1), slice(low[0], high[0] + 1)
        return replace(
            self,
            image=self.image[window],
            labels=None if self.labels is None else self.labels[window],
            offset=(self.offset[0] + int(low[0]), self.offset[1] + int(low[1])),
        )

    def _along(self, index_ijk: Sequence[float], axis: tuple[int, bool]) -> float:
        number, mirrored = axis
        value = float(index_ijk[number])
        return self.shape_ijk[number] - 1 - value if mirrored else value


def slice_view(
    volume: Volume, labelmap: Volume | None = None, axis: str = "k", index: int | None = None
) -> SliceView:
    """The slice at `index` along `axis` (i, j or k).

    index: default the slice with most labeled pixels, else the middle one. Raises ValueError for
    a label map of another shape, IndexError for an index outside of the volume.
    """
    number = "ijk".index(axis)
    if labelmap is not None and labelmap.array.shape != volume.array.shape:
        raise ValueError("The label map must have the shape of the volume.")
    if index is None:
        index = _fullest(volume, labelmap, number)
    across, down = _axes(volume.geometry, number)
    image = _cut(volume.array, number, index, across, down)
    labels = None
    if labelmap is not None:
        labels = _cut(labelmap.array, number, index, across, down)
    spacing = volume.geometry.spacing_mm
    right, bottom = (_letters(volume.geometry, *shown) for shown in (across, down))
    return SliceView(
        image=image,
        labels=labels,
        spacing_mm=(spacing[across[0]], spacing[down[0]]),
        spacing_known=volume.geometry.spacing_known,
        letters=(_opposite(right), right, _opposite(bottom), bottom),
        across=across,
        down=down,
        shape_ijk=volume.array.shape[::-1],  # type: ignore[arg-type]
    )


def slice_picture(
    volume: Volume,
    labelmap: Volume | None = None,
    axis: str = "k",
    index: int | None = None,
    *,
    names: Mapping[int, str] | None = None,
    lines_ijk: Sequence[tuple[Sequence[float], Sequence[float], str]] = (),
    boxes_ijk: Sequence[tuple[Sequence[float], Sequence[float], str]] = (),
    window: tuple[float, float] | None = None,
    size_px: int = 768,
) -> bytes:
    """PNG of a slice with outlines; lines and boxes given by two indices (i, j, k) and a text."""
    view = slice_view(volume, labelmap, axis, index)
    return overlay_picture(
        view.image,
        view.labels,
        spacing_mm=view.spacing_mm,
        spacing_known=view.spacing_known,
        names=names,
        lines=[Line(view.place(a), view.place(b), text) for a, b, text in lines_ijk],
        boxes=[Box(view.place(a), view.place(b), text) for a, b, text in boxes_ijk],
        letters=view.letters,
        window=window,
        size_px=size_px,
    )


def _fullest(volume: Volume, labelmap: Volume | None, number: int) -> int:
    array_axis = 2 - number
    middle = volume.array.shape[array_axis] // 2
    if labelmap is None:
        return middle
    others = tuple(n for n in range(3) if n != array_axis)
    counts = np.count_nonzero(labelmap.array, axis=others)
    return int(counts.argmax()) if counts.any() else middle


def _axes(geometry: Geometry, number: int) -> tuple[tuple[int, bool], tuple[int, bool]]:
    """Axis of (i, j, k) and mirroring for across and down.

    Down is feet where an axis runs along the body, else back; across is the patient's left, or
    back in sagittal slices.
    """
    first, second = (n for n in range(3) if n != number)
    directions = np.array(geometry.direction)

    def main(axis: int) -> int:
        return int(np.abs(directions[:, axis]).argmax())

    down, across = (first, second) if main(first) > main(second) else (second, first)
    down_falls = main(down) == 2  # head at the top: z falls on the way down
    across_mirrored = directions[main(across), across] < 0
    down_mirrored = (directions[main(down), down] < 0) != down_falls
    return (across, bool(across_mirrored)), (down, bool(down_mirrored))


def _cut(
    array: np.ndarray, number: int, index: int, across: tuple[int, bool], down: tuple[int, bool]
) -> np.ndarray:
    plane = np.moveaxis(array, 2 - number, 0)[index]  # remaining axes: falling order of i, j, k
    if down[0] < across[0]:
        plane = plane.T
    return plane[:: -1 if down[1] else 1, :: -1 if across[1] else 1]


def _letters(geometry: Geometry, axis: int, mirrored: bool) -> str:
    """Letters of the direction in which the axis runs on the screen, the main one first."""
    direction = np.array(geometry.direction)[:, axis] * (-1 if mirrored else 1)
    main = [n for n in np.argsort(-np.abs(direction)) if abs(direction[n]) > 0.3]
    return "".join(_RISING[n] if direction[n] > 0 else _FALLING[n] for n in main)


def _opposite(letters: str) -> str:
    return letters.translate(str.maketrans(_RISING + _FALLING, _FALLING + _RISING))
