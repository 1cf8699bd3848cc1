"""Gray values as registration wants them: float32, limited to what carries the body's shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from AutoContourLib.study.pixel_kind import pixel_kind
from MedImageLib.errors import Remark
from MedImageLib.volume import Volume

# Below lies air and noise of air, above metal; lungs and dense bone stay apart. Soft tissue gets
# most of the range, since fat and muscle are what MR and PET tell apart too.
CT_RAMP_HU = (-900.0, -200.0, 200.0, 1000.0)
CT_RAMP_GRAY = (0.0, 0.25, 0.75, 1.0)
BODY_ABOVE_HU = -300.0


def with_modality(volume: Volume) -> Volume:
    """The image, named CT where no modality is recorded but its values are Hounsfield units."""
    if volume.modality:
        return volume
    pixels = pixel_kind(volume.array)
    if pixels.kind != "CT":
        return volume
    text = f"No modality is recorded; taken as CT, since it has {pixels.text}."
    return replace(volume, modality="CT").with_remarks(Remark("modality-from-pixels", text))


def comparable(volume: Volume) -> Volume:
    """The image with limited values, 0 … 1: CT by a ramp of HU, others by their percentiles,
    PET after its square root."""
    values = volume.array.astype(np.float32)
    if volume.modality == "CT":
        gray = np.interp(values, CT_RAMP_HU, CT_RAMP_GRAY).astype(np.float32)
        return volume.with_array(gray, unit="")
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
        above = float(np.interp(BODY_ABOVE_HU, CT_RAMP_HU, CT_RAMP_GRAY))
    else:
        above = 0.5 * float(scaled.array[scaled.array > 0.02].mean()) if scaled.array.any() else 0.5
        above = min(above, 0.15)
    dense = ndimage.binary_opening(scaled.array > above)
    for plane in range(dense.shape[0]):
        dense[plane] = ndimage.binary_fill_holes(dense[plane])
    return dense if dense.any() else scaled.array > above
