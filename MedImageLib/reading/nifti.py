"""NIfTI-1 and NIfTI-2 files: three axes as a volume, four as a time sequence.

The affine is RAS in the file and LPS here. Sizes are checked against the limits and against the
length of the file before anything is allocated.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.geometry import RAS_FROM_LPS, Geometry
from MedImageLib.reading.itk_formats import finite, frames_to_sequence
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.volume import Volume, VolumeSequence

_MM_PER_UNIT = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_MS_PER_UNIT = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}
# Deflate cannot pack tighter than 1032 : 1.
_MOST_COMPRESSION = 1040


def read_nifti(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> Volume | VolumeSequence:
    """A NIfTI file, array (k, j, i) or frames of it.

    Raises InputError for broken, oversized and non-scalar files, GeometryError for grids that
    are not orthogonal.
    """
    import nibabel

    path = Path(path)
    size = limits.check_file(path)
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
    try:
        image: Any = nibabel.load(path)
        if not isinstance(image, nibabel.Nifti1Image | nibabel.Nifti2Image):
            raise InputError(f"{path}: not a single-file NIfTI image (.nii or .nii.gz).")
        header = image.header
        shape = tuple(int(n) for n in header.get_data_shape())
        dtype = header.get_data_dtype()
        offset = int(header.get_data_offset())
    except InputError:
        raise
    except Exception as error:
        # The header may hold anything.
        raise InputError(f"{path}: not readable as NIfTI ({type(error).__name__}).") from None
    shape = _three_or_four(path, shape, limits)
    if dtype.kind not in "iuf":
        raise InputError(f"{path}: voxels of type {dtype} are not scalar numbers; not supported.")
    needed = offset + int(np.prod(shape)) * dtype.itemsize
    compressed = path.name.lower().endswith(".gz")
    if needed > (size * _MOST_COMPRESSION if compressed else size):
        raise InputError(f"{path}: {size} bytes cannot hold the {needed} bytes that it declares.")
    try:
        data = np.asanyarray(image.dataobj)
    except Exception as error:
        raise InputError(
            f"{path}: the voxels cannot be read ({type(error).__name__}); the file is cut short "
            "or broken."
        ) from None
    data = data.reshape(shape)
    remarks: list[Remark] = []
    geometry = _geometry(path, image, shape, remarks)
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    data = finite(np.ascontiguousarray(data.T), remarks)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if len(shape) == 3:
        return Volume(data, geometry, source_sha256=digest, remarks=tuple(remarks))
    step_ms = _time_step_ms(header)
    times = np.arange(shape[3]) * step_ms if step_ms else None
    return frames_to_sequence(path, data, geometry, digest, remarks, times)


def _three_or_four(path: Path, shape: tuple[int, ...], limits: Limits) -> tuple[int, ...]:
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) == 2:
        shape = (*shape, 1)
    if len(shape) not in (3, 4):
        raise InputError(f"{path}: {len(shape)} axes; expected a volume or a time sequence.")
    limits.check_voxels(path, *shape)
    return shape


def _geometry(path: Path, image: Any, shape: tuple[int, ...], remarks: list[Remark]) -> Geometry:
    header = image.header
    try:
        unit = header.get_xyzt_units()[0]
    except Exception:
        unit = "unknown"
    scale = _MM_PER_UNIT.get(unit, 1.0)
    if unit != "mm":
        remarks.append(
            Remark("unit-assumed", f"The unit of length is {unit}; taken as {scale} mm.")
        )
    grid = (shape[2], shape[1], shape[0])
    candidates = []
    if int(header["sform_code"]) > 0:
        candidates.append(header.get_sform())
    if int(header["qform_code"]) > 0:
        try:
            candidates.append(header.get_qform())
        except Exception:
            remarks.append(Remark("qform-broken", "The quaternion of the header is no rotation."))
    if not candidates:
        remarks.append(
            Remark("orientation-unknown", "The file names no space; its axes were taken as RAS.")
        )
        candidates.append(header.get_base_affine())
    problem = ""
    for number, affine in enumerate(candidates):
        matrix = RAS_FROM_LPS @ np.asarray(affine, float)
        matrix[:3] *= scale
        try:
            geometry = Geometry.from_lps_matrix(matrix, grid)
        except GeometryError as error:
            problem = str(error)
            continue
        if number:
            remarks.append(Remark("sform-sheared", "The sform is sheared; the qform was used."))
        return geometry
    raise GeometryError(f"{path}: {problem} Resample the image to an orthogonal grid.")


def _time_step_ms(header: Any) -> float:
    """Milliseconds from frame to frame, 0 when the header does not say."""
    try:
        unit = header.get_xyzt_units()[1]
    except Exception:
        return 0.0
    step = float(header["pixdim"][4])
    return step * _MS_PER_UNIT.get(unit, 0.0) if np.isfinite(step) and step > 0 else 0.0
