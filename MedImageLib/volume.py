"""The one image type: an array (k, j, i) with its place in the patient, and sequences of them.

A radiograph is a volume of one slice. Values carry their unit; what was assumed on the way is
kept as remarks. No identity of a patient is kept: sources are named by hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from MedImageLib.errors import GeometryError, Remark
from MedImageLib.geometry import Geometry


@dataclass(frozen=True, eq=False)
class Volume:
    """An image or a label map.

    array: shape (k, j, i); bool or integer for label maps.
    geometry: grid in LPS millimeters, of the same shape.
    is_labelmap: label maps are never interpolated linearly.
    modality: DICOM Modality (CT, MR, PT, CR, DX, ...) or empty when unknown.
    unit: of the values, UCUM where it exists: `[hnsf'U]` for Hounsfield units,
        `g/ml{SUVbw}` for SUV by body weight, `Bq/ml`, or empty when arbitrary.
    source_sha256: of the bytes or pixels it was read from; empty for generated volumes.
    remarks: assumptions and doubts that arose on the way.
    tags: further facts that name no person (view position, field strength, ...).
    """

    array: np.ndarray
    geometry: Geometry
    is_labelmap: bool = False
    modality: str = ""
    unit: str = ""
    source_sha256: str = ""
    remarks: tuple[Remark, ...] = ()
    tags: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise GeometryError(
                f"Array of shape {self.array.shape} does not fit a grid of {self.geometry.shape}."
            )
        if self.is_labelmap and self.array.dtype.kind not in "biu":
            raise GeometryError(f"A label map holds integers, not {self.array.dtype}.")
        object.__setattr__(self, "tags", MappingProxyType(dict(self.tags)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled; volumes travel between processes.
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return partial(Volume, **(values | {"tags": dict(self.tags)})), ()

    def with_array(self, array: np.ndarray, **changes: Any) -> Volume:
        """The same grid and history with other values."""
        return replace(self, array=array, **changes)

    def with_remarks(self, *remarks: Remark) -> Volume:
        return replace(self, remarks=(*self.remarks, *remarks))


@dataclass(frozen=True, eq=False)
class VolumeSequence:
    """Volumes of one grid that differ by one quantity, usually time.

    frames: M volumes that share a grid.
    index_values: M values of `index_name` in `index_unit`, rising.
    """

    frames: tuple[Volume, ...]
    index_values: tuple[float, ...]
    index_name: str = "time"
    index_unit: str = "ms"
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.index_values):
            raise GeometryError(
                f"{len(self.frames)} frames need as many index values, "
                f"got {len(self.index_values)}."
            )
        first = self.frames[0].geometry
        if not all(first.same_grid(frame.geometry) for frame in self.frames[1:]):
            raise GeometryError("The frames of a sequence must share one grid.")

    @property
    def array(self) -> np.ndarray:
        """All frames, shape (frame, k, j, i)."""
        return np.stack([frame.array for frame in self.frames])
