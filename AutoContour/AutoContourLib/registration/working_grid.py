"""Images too large for registration, thinned to means over blocks of voxels.

Fields and descriptors take some forty times the memory of an image, so that a whole-body CT is
registered, and its field kept, on a coarser grid; this is said in a remark.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from MedImageLib.errors import Remark
from MedImageLib.volume import Volume

MOST_VOXELS = 8_000_000


def working_image(volume: Volume, most_voxels: int = MOST_VOXELS) -> Volume:
    """The volume itself, or means over blocks so that no more voxels than these are left.

    The finest axis is thinned first. Voxels beyond the last whole block are left out.
    """
    shape = np.array(volume.array.shape)
    spacing = np.array(volume.geometry.spacing_mm[::-1])
    steps = np.ones(3, int)
    while np.prod(shape // steps) > most_voxels:
        usable = np.where(shape // (steps + 1) >= 4, spacing * steps, np.inf)
        if not np.isfinite(usable).any():
            break
        steps[int(usable.argmin())] += 1
    if (steps == 1).all():
        return volume
    array = _block_means(volume.array, steps)
    geometry = replace(
        volume.geometry,
        shape=array.shape,
        spacing_mm=tuple((spacing * steps)[::-1]),
        origin_mm=tuple(volume.geometry.points_mm((steps[::-1] - 1) / 2)),
    )
    mm = " × ".join(f"{value:.2g}" for value in geometry.spacing_mm)
    remark = Remark(
        "image-thinned",
        f"An image of {shape[2]} × {shape[1]} × {shape[0]} voxels was thinned to {mm} mm; the "
        "displacement field and the moved image are given on that grid.",
    )
    return replace(volume, array=array, geometry=geometry, remarks=(*volume.remarks, remark))


def _block_means(array: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Means over blocks in the type of the array, one layer of blocks at a time."""
    counts = np.array(array.shape) // steps
    means = np.empty(counts, array.dtype)
    for layer in range(counts[0]):
        block = array[layer * steps[0] : (layer + 1) * steps[0]]
        block = block[:, : counts[1] * steps[1], : counts[2] * steps[2]].astype(np.float32)
        block = block.reshape(steps[0], counts[1], steps[1], counts[2], steps[2])
        mean = block.mean(axis=(0, 2, 4))
        means[layer] = mean if array.dtype.kind == "f" else np.round(mean)
    return means
