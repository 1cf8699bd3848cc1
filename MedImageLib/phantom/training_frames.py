"""Generated images as training samples, slices without the organ included.

They teach what the labeled images lack: empty planes above the base and below the apex, thick
walls, end-systolic epicardium.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from MedImageLib.network.samples import GeneratedSample
from MedImageLib.phantom.cine import CineSettings, generate_cine

PHASES = 6  # frames of each generated beat
KEPT = (0, 2, 4)


def cine_frames(count: int, seed: int) -> Iterator[GeneratedSample]:
    """Planes of `count` generated cines at three phases; labels as in `phantom.cine`."""
    for number in range(count):
        cine = generate_cine(CineSettings(seed=seed + number, frames=PHASES))
        for frame in KEPT:
            image = cine.sequence.frames[frame]
            centers = cine.center_px[:, frame]
            for plane in range(image.array.shape[0]):
                column, row = _nearest_known(centers, plane)
                yield GeneratedSample(
                    id=f"cine{seed + number}_s{plane:02d}_p{frame:02d}",
                    patient=f"cine{seed + number}",
                    image=image.array[plane],
                    label=cine.labels[frame].array[plane],
                    spacing_mm=(image.geometry.spacing_mm[1], image.geometry.spacing_mm[0]),
                    center=(row, column),
                )


def _nearest_known(centers: np.ndarray, plane: int) -> tuple[float, float]:
    known = np.flatnonzero(np.isfinite(centers[:, 0]))
    nearest = known[np.argmin(np.abs(known - plane))]
    return float(centers[nearest, 0]), float(centers[nearest, 1])
