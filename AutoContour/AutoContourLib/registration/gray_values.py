"""Gray values as registration wants them: float32, limited to what carries the body's shape."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedImageLib.volume import Volume

# Below lies air and noise of air, above metal; lungs and dense bone stay apart.
CT_RANGE_HU = (-900.0, 1000.0)
BODY_ABOVE_HU = -300.0


def comparable(volume: Volume) -> Volume:
    """The image with limited values, scaled to 0 … 1: CT by HU, others by their percentiles,
    PET after its square root."""
    values = volume.array.astype(np.float32)
    if volume.modality == "CT":
        low, high = CT_RANGE_HU
    else:
        if volume.modality == "PT":
            # A hot tumor would press the body's own outline into one bin.
            values = np.sqrt(np.maximum(values, 0.0))
        low, high = 0.0, float(np.percentile(values, 99.8))
        low = min(low, float(values.min()))
    if high <= low:
        high = float(values.max())
    scaled = (np.clip(values, low, high) - low) / (high - low)
    return volume.with_array(scaled.astype(np.float32), unit="")


def body_mask(scaled: Volume) -> np.ndarray:
    """Voxels of the body (bool) on an image of `comparable`, holes included."""
    if scaled.modality == "CT":
        low, high = CT_RANGE_HU
        above = (BODY_ABOVE_HU - low) / (high - low)
    else:
        above = 0.5 * float(scaled.array[scaled.array > 0.02].mean()) if scaled.array.any() else 0.5
        above = min(above, 0.15)
    dense = ndimage.binary_opening(scaled.array > above)
    for plane in range(dense.shape[0]):
        dense[plane] = ndimage.binary_fill_holes(dense[plane])
    return dense if dense.any() else scaled.array > above
