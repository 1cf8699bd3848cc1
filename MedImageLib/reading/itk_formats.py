"""NRRD and MetaImage files through SimpleITK, after their text headers were read by hand.

The header decides whether the file may be opened at all: sizes within the limits, data in the
file itself (or, for MHD, in the file of the same name beside it), no path taken from the text.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.volume import Volume, VolumeSequence

_MAX_HEADER_BYTES = 1 << 20
_NRRD_BYTES = {
    "char": 1, "int8": 1, "int8_t": 1, "uchar": 1, "uint8": 1, "uint8_t": 1, "short": 2,
    "int16": 2, "int16_t": 2, "ushort": 2, "uint16": 2, "uint16_t": 2, "int": 4, "int32": 4,
    "int32_t": 4, "uint": 4, "uint32": 4, "uint32_t": 4, "longlong": 8, "int64": 8, "int64_t": 8,
    "ulonglong": 8, "uint64": 8, "uint64_t": 8, "float": 4, "double": 8,
}  # fmt: skip
_META_BYTES = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_LONG": 4, "MET_ULONG": 4, "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}  # fmt: skip
_MOST_COMPRESSION = {"raw": 1, "gzip": 1040, "gz": 1040, "bzip2": 50_000, "bz2": 50_000}
_NOT_SCALAR = ("vector", "color", "point", "normal", "gradient", "complex", "quaternion", "matrix")


def read_nrrd(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> Volume | VolumeSequence:
    """An NRRD file; an axis of kind `list` or `time` makes a sequence.

    Raises InputError for detached data, broken and oversized files.
    """
    path = Path(path)
    size = limits.check_file(path)
    fields, data_start = _nrrd_header(path)
    if "data file" in fields or "datafile" in fields:
        raise InputError(
            f"{path}: keeps its data in another file, which is not followed; save it as one "
            "attached .nrrd file."
        )
    sizes = _integers(path, fields.get("sizes", ""), "sizes")
    if not 2 <= len(sizes) <= 4 or fields.get("dimension", "") != str(len(sizes)):
        raise InputError(f"{path}: dimension and sizes disagree or are not 2 to 4 axes.")
    limits.check_voxels(path, *sizes)
    item = _NRRD_BYTES.get(
        re.sub(r"^(un)?signed ", _unsigned, fields.get("type", ""))
        .replace(" int", "")
        .replace("long long", "longlong"),
        0,
    )
    encoding = fields.get("encoding", "raw").lower()
    if not item or encoding not in _MOST_COMPRESSION:
        raise InputError(
            f"{path}: NRRD type '{fields.get('type', '')[:20]}' in encoding "
            f"'{encoding[:20]}' is not supported; save it as raw or gzip."
        )
    needed = int(np.prod(sizes)) * item
    if needed > (size - data_start) * _MOST_COMPRESSION[encoding]:
        raise InputError(f"{path}: {size} bytes cannot hold the {needed} bytes that it declares.")
    kinds = fields.get("kinds", "").lower().split()
    if any(word in kind for kind in kinds for word in _NOT_SCALAR):
        raise InputError(
            f"{path}: voxels are vectors or colors ({' '.join(kinds)[:60]}), "
            "expected one number a voxel."
        )
    remarks: list[Remark] = []
    known = "space directions" in fields or "spacings" in fields
    if "space" not in fields and known:
        remarks.append(Remark("orientation-unknown", "The file names no space; taken as LPS."))
    return _read_itk(path, "NrrdImageIO", known, remarks, _index_values(fields))


def read_metaimage(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> Volume | VolumeSequence:
    """An MHA file, or an MHD file with its .raw or .zraw of the same name beside it.

    Raises InputError for other data files, broken and oversized files.
    """
    path = Path(path)
    size = limits.check_file(path)
    fields = _meta_header(path)
    data_file = fields.get("elementdatafile", "")
    packed = fields.get("compresseddata", "false").lower() in ("true", "1")
    if data_file.upper() != "LOCAL":
        beside = [path.with_suffix(suffix) for suffix in (".raw", ".zraw")]
        match = [file for file in beside if file.name == data_file and not file.is_symlink()]
        if not match or path.suffix.lower() != ".mhd":
            raise InputError(
                f"{path}: names a data file other than {beside[0].name} or {beside[1].name} beside "
                "it, which is not followed; save it as one .mha file."
            )
        size = limits.check_file(match[0])
    sizes = _integers(path, fields.get("dimsize", ""), "DimSize")
    if not 2 <= len(sizes) <= 4 or fields.get("ndims", "") != str(len(sizes)):
        raise InputError(f"{path}: NDims and DimSize disagree or are not 2 to 4 axes.")
    limits.check_voxels(path, *sizes)
    item = _META_BYTES.get(fields.get("elementtype", "").upper(), 0)
    if not item or fields.get("elementnumberofchannels", "1") != "1":
        raise InputError(
            f"{path}: expected one number a voxel, found ElementType "
            f"'{fields.get('elementtype', '')[:30]}'."
        )
    needed = int(np.prod(sizes)) * item
    if needed > size * (_MOST_COMPRESSION["gzip"] if packed else 1):
        raise InputError(f"{path}: {size} bytes cannot hold the {needed} bytes that it declares.")
    known = "elementspacing" in fields or "elementsize" in fields
    return _read_itk(path, "MetaImageIO", known, [], None)


def frames_to_sequence(
    path: Path,
    data: np.ndarray,
    geometry: Geometry,
    digest: str,
    remarks: list[Remark],
    times_ms: np.ndarray | None,
) -> VolumeSequence:
    """Frames (t, k, j, i) as a sequence; without times the index is the number of the phase."""
    name, unit = "time", "ms"
    if times_ms is None or len(times_ms) != len(data) or np.any(np.diff(times_ms) <= 0):
        remarks.append(
            Remark("time-unknown", "The file does not say the time of its frames in milliseconds.")
        )
        name, unit, times_ms = "phase", "1", np.arange(len(data), dtype=float)
    frames = tuple(
        Volume(frame, geometry, source_sha256=digest, remarks=tuple(remarks)) for frame in data
    )
    return VolumeSequence(frames, tuple(map(float, times_ms)), name, unit, tuple(remarks))


def finite(data: np.ndarray, remarks: list[Remark]) -> np.ndarray:
    """Values without NaN and infinity: those become 0, and a remark counts them."""
    if data.dtype.kind != "f":
        return data
    bad = ~np.isfinite(data)
    count = int(bad.sum())
    if count:
        remarks.append(Remark("not-finite", f"{count} values are no finite numbers; 0 was put."))
        data = np.where(bad, np.float32(0), data)
    return data


def _unsigned(match: re.Match[str]) -> str:
    return "u" if match.group(1) else ""


def _nrrd_header(path: Path) -> tuple[dict[str, str], int]:
    """Fields in lower case, and where the data begin."""
    with path.open("rb") as stream:
        start = stream.read(_MAX_HEADER_BYTES)
    if not start.startswith(b"NRRD000"):
        raise InputError(f"{path}: not an NRRD file.")
    end = re.search(rb"\r?\n\r?\n", start)
    header = start[: end.start()] if end else start
    if not end and b"\0" in start:
        raise InputError(f"{path}: the NRRD header has no end.")
    fields = {}
    for line in header.decode("latin-1").splitlines()[1:]:
        match = re.match(r"([^#:=][^:=]*):=?\s*(.*)", line)
        if match:
            fields[match.group(1).strip().lower()] = match.group(2).strip()
    return fields, end.end() if end else len(start)


def _meta_header(path: Path) -> dict[str, str]:
    with path.open("rb") as stream:
        start = stream.read(_MAX_HEADER_BYTES)
    fields: dict[str, str] = {}
    for line in start.split(b"\n"):
        key, separator, value = line.decode("latin-1").partition("=")
        if not separator or len(key) > 64:
            break
        fields[key.strip().lower()] = value.strip()
        if key.strip().lower() == "elementdatafile":
            return fields
    raise InputError(f"{path}: not a MetaImage file (no ElementDataFile).")


def _integers(path: Path, whole: str, name: str) -> tuple[int, ...]:
    parts = whole.split()
    if not parts or len(parts) > 8 or not all(re.fullmatch(r"\d{1,18}", part) for part in parts):
        raise InputError(f"{path}: {name} is '{whole[:40]}', expected positive integers.")
    return tuple(map(int, parts))


def _index_values(fields: dict[str, str]) -> np.ndarray | None:
    """Times in ms of the frames of a Slicer sequence (.seq.nrrd), where its unit is known."""
    scale = {"ms": 1.0, "s": 1000.0}.get(fields.get("axis 0 index unit", "").lower().strip('"'))
    parts = re.split(r"[\s,]+", fields.get("axis 0 index values", "").strip())
    try:
        times = np.array([float(part) for part in parts if part])
    except ValueError:
        return None
    return times * scale if scale is not None and len(times) else None


def _read_itk(
    path: Path, reader: str, spacing_known: bool, remarks: list[Remark], times: np.ndarray | None
) -> Volume | VolumeSequence:
    import SimpleITK

    try:
        image: Any = SimpleITK.ReadImage(str(path), imageIO=reader)
    except RuntimeError as error:
        reason = re.sub(r".*(ITK ERROR: )?\w+\(0x[0-9a-f]+\): ", "", str(error).strip(), flags=re.S)
        kind = GeometryError if re.search(r"spacing|direction|orthon", reason, re.I) else InputError
        raise kind(f"{path}: cannot be read: {reason[:160].replace(str(path), 'it')}") from None
    data = SimpleITK.GetArrayFromImage(image)
    dimension = image.GetDimension()
    if image.GetNumberOfComponentsPerPixel() > 1:
        data = np.moveaxis(data, -1, 0)
    elif dimension == 4 and data.shape[0] == 1:
        data = data[0]
    axes = min(dimension, 3)
    direction, spacing, origin = np.eye(3), np.ones(3), np.zeros(3)
    direction[:axes, :axes] = np.array(image.GetDirection()).reshape(dimension, -1)[:axes, :axes]
    spacing[:axes], origin[:axes] = image.GetSpacing()[:axes], image.GetOrigin()[:axes]
    if dimension == 2:
        data = np.expand_dims(data, -3)
    if not spacing_known:
        remarks.append(Remark("spacing-unknown", "The file does not say the size of its voxels."))
    try:
        geometry = Geometry(
            shape=data.shape[-3:],
            spacing_mm=(spacing[0], spacing[1], spacing[2]),
            origin_mm=(origin[0], origin[1], origin[2]),
            direction=tuple(map(tuple, direction)),
            spacing_known=spacing_known,
        )
    except GeometryError as error:
        raise GeometryError(f"{path}: {error}") from None
    data = finite(data.astype(np.float32) if data.dtype == np.float64 else data, remarks)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if data.ndim == 3:
        return Volume(data, geometry, source_sha256=digest, remarks=tuple(remarks))
    if times is None and dimension == 4:
        remarks.append(Remark("fourth-axis", "The fourth axis was taken as time."))
    return frames_to_sequence(path, np.ascontiguousarray(data), geometry, digest, remarks, times)
