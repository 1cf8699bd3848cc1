"""Budgets that are checked before memory is taken, and the choices a reader leaves to its caller.

Files come from strangers: a header of a hundred bytes may declare a terabyte of pixels. Every
reader of this package asks here first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from MedImageLib.errors import InputError, SettingsError


@dataclass(frozen=True)
class Limits:
    """What one call may read.

    max_voxels: of one image or one time series, after resampling.
    max_bytes_per_file: on disk, and of a header or data set after inflation.
    max_files: of one folder with its subfolders.
    max_folder_depth: subfolders below the folder given.
    max_sequence_depth: DICOM sequences inside sequences.
    """

    max_voxels: int = 600_000_000
    max_bytes_per_file: int = 2 * 1024**3
    max_files: int = 50_000
    max_folder_depth: int = 16
    max_sequence_depth: int = 32

    def check_file(self, path: Path) -> int:
        """Size of the file in bytes; InputError when absent, not a regular file or too large."""
        try:
            if not path.is_file():
                raise InputError(
                    f"{path}: not a regular file; give an image file or a folder of DICOM files."
                )
            size = path.stat().st_size
        except OSError as error:
            raise InputError(f"{path}: cannot be opened ({error.strerror}).") from error
        if size == 0:
            raise InputError(f"{path}: the file is empty; copy or export it again.")
        if size > self.max_bytes_per_file:
            raise InputError(
                f"{path}: {size} bytes, more than the limit of {self.max_bytes_per_file} bytes; "
                "raise max_bytes_per_file if the file is trusted."
            )
        return size

    def check_voxels(self, path: Path, *sizes: int) -> int:
        """Number of voxels of a declared shape; InputError when not positive or too many."""
        if any(size < 1 for size in sizes):
            raise InputError(f"{path}: declares an image of sizes {sizes}; all must be positive.")
        count = math.prod(int(size) for size in sizes)
        if count > self.max_voxels:
            raise InputError(
                f"{path}: declares {' x '.join(map(str, sizes))} = {count} voxels, more than the "
                f"limit of {self.max_voxels}; raise max_voxels if the file is trusted."
            )
        return count


@dataclass(frozen=True)
class ReadingSettings:
    """Choices where more than one reading is sound.

    uneven_slices: `resample` puts slices with gaps or unequal steps on an even grid and says so
        in a remark; `refuse` raises GeometryError.
    apply_voi: give display values of radiographs: VOI LUT or window of the header applied
        (PS3.3 C.11.2). Off, values are those after the Modality LUT.
    suv: turn PET activity into SUV by body weight where the header allows.
    """

    uneven_slices: str = "resample"
    apply_voi: bool = False
    suv: bool = True

    def __post_init__(self) -> None:
        if self.uneven_slices not in ("resample", "refuse"):
            raise SettingsError(
                f"uneven_slices must be 'resample' or 'refuse', got {self.uneven_slices!r}."
            )


DEFAULT_LIMITS = Limits()
DEFAULT_SETTINGS = ReadingSettings()
