"""One DICOM file's header as plain values: what it is, how its pixels are stored, where they lie.

Nothing that names a patient is kept. Elements are read from raw bytes without validation; a file
that lies about its size, nests without end or stops in the middle ends in an InputError.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import pydicom
from pydicom.config import disable_value_validation
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from MedImageLib.errors import InputError, Remark
from MedImageLib.reading import dicom_kinds
from MedImageLib.reading import dicom_values as values
from MedImageLib.reading.dicom_frames import Frame, frames_of
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.reading.suv import PetHeader, pet_header

_DEFLATED = "1.2.840.10008.1.2.1.99"
_PART_10_PREAMBLE = 132
_YEARS_PER_UNIT = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels of a file are stored (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    number_of_frames: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    transfer_syntax_uid: str


@dataclass(frozen=True, eq=False)
class DicomFile:
    """One file: its kind, where it belongs, its frames, and facts that name no person.

    series_key: 16 hexadecimal digits that files of one series share. UIDs are kept for
    references between objects and never printed. `problem` says why an image file cannot be
    decoded or placed; empty when it can.
    """

    path: Path
    kind: str
    modality: str
    series_key: str
    sop_class_uid: str = field(repr=False)
    sop_instance_uid: str = field(repr=False)
    study_instance_uid: str = field(repr=False)
    series_instance_uid: str = field(repr=False)
    frame_of_reference_uid: str = field(repr=False)
    pixels: PixelFormat | None
    frames: tuple[Frame, ...]
    tags: Mapping[str, Any]
    pet: PetHeader | None
    concatenation: tuple[str, int] | None
    problem: str
    remarks: tuple[Remark, ...]


def is_dicom(path: Path) -> bool:
    """True for files with the Part 10 magic, or that begin with an element of group 2 or 8."""
    with path.open("rb") as stream:
        start = stream.read(_PART_10_PREAMBLE)
    if len(start) == _PART_10_PREAMBLE and start[128:132] == b"DICM":
        return True
    return start[:2] in (b"\x02\0", b"\x08\0", b"\0\x08") and len(start) > 8


def read_dataset(path: Path, limits: Limits, with_pixels: bool = False) -> tuple[Dataset, bytes]:
    """The data set and, with pixels, the bytes of the file; InputError for what is no DICOM.

    Without pixels only the header is read and the bytes are empty.
    """
    limits.check_file(path)
    data = path.read_bytes() if with_pixels else b""
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with io.BytesIO(data) if with_pixels else path.open("rb") as stream:
                _refuse_inflation_bomb(path, stream, limits)
                dataset = pydicom.dcmread(
                    cast(BinaryIO, _Clipped(stream)), stop_before_pixels=not with_pixels, force=True
                )
                dataset.filename = None
        except RecursionError:
            raise InputError(
                f"{path}: sequences are nested without end, more than the limit of "
                f"{limits.max_sequence_depth} levels; the file is broken or hostile."
            ) from None
        except InputError:
            raise
        except MemoryError:
            raise InputError(f"{path}: an element declares more bytes than fit.") from None
        except Exception as error:
            # The parser meets arbitrary bytes: whatever it raises means 'not readable'.
            raise InputError(
                f"{path}: not readable as DICOM ({type(error).__name__}); export it again."
            ) from None
    _check_structure(path, dataset, limits)
    return dataset, data


def read_header(path: Path, limits: Limits = DEFAULT_LIMITS) -> DicomFile:
    """Header of a DICOM file without its pixels.

    Raises InputError when the file is not DICOM, is cut short in the header, or declares more
    than the limits allow.
    """
    dataset, _ = read_dataset(path, limits)
    if len(dataset) == 0:
        raise InputError(f"{path}: holds no DICOM elements; the file is empty or cut short.")
    meta = getattr(dataset, "file_meta", None) or Dataset()
    read = {name: values.uid(dataset, name) for name in _UID_NAMES}
    uids = {name: uid for name, (uid, _) in read.items()}
    illegal = [name for name, (_, legal) in read.items() if not legal]
    sop_class = uids["SOPClassUID"] or values.uid(meta, "MediaStorageSOPClassUID")[0]
    modality = re.sub(r"[^A-Z]", "", values.text(dataset, "Modality").upper())[:16]
    try:
        pixels = _pixel_format(path, dataset, meta, limits)
        problem = ""
    except ValueError as error:
        pixels, problem = None, str(error)
    color = pixels is not None and (
        pixels.samples_per_pixel > 1 or pixels.photometric == "PALETTE COLOR"
    )
    kind = dicom_kinds.kind_of(sop_class, modality, pixels is not None or bool(problem), color)
    frames: tuple[Frame, ...] = ()
    if kind in dicom_kinds.PICTURE_KINDS:
        if pixels is None:
            problem = (
                problem or "Rows and Columns are missing: no image, or the header is cut short"
            )
        else:
            frames, problem = _frames(dataset, path, pixels)
    return DicomFile(
        path=path,
        kind=kind,
        modality=modality,
        series_key=_series_key(dataset, uids["SeriesInstanceUID"], modality),
        sop_class_uid=sop_class,
        sop_instance_uid=uids["SOPInstanceUID"],
        study_instance_uid=uids["StudyInstanceUID"],
        series_instance_uid=uids["SeriesInstanceUID"],
        frame_of_reference_uid=uids["FrameOfReferenceUID"],
        pixels=pixels,
        frames=frames,
        tags=_safe_tags(dataset, uids),
        pet=pet_header(dataset) if modality == "PT" and kind == dicom_kinds.IMAGE else None,
        concatenation=_concatenation(dataset),
        problem=problem,
        remarks=(_illegal_uids(illegal),) if illegal else (),
    )


def uid_hash(uid: str) -> str:
    """16 hexadecimal digits that stand for a UID; empty for an empty one."""
    return hashlib.sha256(uid.encode()).hexdigest()[:16] if uid else ""


class _Clipped:
    """A file whose reads stop at its end, so that a declared length takes no memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = stream.seek(0, io.SEEK_END)
        stream.seek(0)

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._stream.tell(), 0)
        return self._stream.read(left if size is None or size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


_UID_NAMES = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
)


def _refuse_inflation_bomb(path: Path, stream: BinaryIO, limits: Limits) -> None:
    """Deflated data sets (PS3.5 A.5) are inflated in pieces first, to learn their size."""
    meta = pydicom.filereader.read_preamble(cast(BinaryIO, _Clipped(stream)), force=True)
    if meta is None:
        stream.seek(0)
        return
    group = pydicom.filereader._read_file_meta_info(cast(BinaryIO, stream))
    if values.text(group, "TransferSyntaxUID") == _DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        size = 0
        while chunk := stream.read(65536):
            while chunk:
                size += len(inflate.decompress(chunk, 1 << 20))
                chunk = inflate.unconsumed_tail
                if size > limits.max_bytes_per_file:
                    raise InputError(
                        f"{path}: inflates to more than {limits.max_bytes_per_file} bytes; refused."
                    )
    stream.seek(0)


def _check_structure(path: Path, dataset: Dataset, limits: Limits) -> None:
    """InputError for sequences nested too deep and for values shorter than declared."""
    level: list[Dataset] = [dataset]
    for _ in range(limits.max_sequence_depth + 1):
        deeper: list[Dataset] = []
        for part in level:
            for tag in part.keys():  # noqa: SIM118 - iteration itself would convert elements
                item = part.get_item(tag, keep_deferred=True)
                if isinstance(item, RawDataElement):
                    _check_length(path, item)
                elif item is not None and item.VR == "SQ":
                    deeper.extend(item.value or [])
        if not deeper:
            return
        level = deeper
    raise InputError(
        f"{path}: sequences are nested deeper than the limit of {limits.max_sequence_depth}."
    )


def _check_length(path: Path, item: RawDataElement) -> None:
    declared = item.length
    if item.tag.group == 0x7FE0 or declared == 0xFFFFFFFF or not isinstance(item.value, bytes):
        return
    if len(item.value) < declared:
        raise InputError(
            f"{path}: element {item.tag} declares {declared} bytes, the file ends after "
            f"{len(item.value)}; it is cut short or no DICOM file."
        )


def _illegal_uids(names: list[str]) -> Remark:
    return Remark(
        "illegal-uid",
        f"{', '.join(names)}: against PS3.5 section 9.1; kept as written where only digits and "
        "dots, else ignored.",
    )


def _pixel_format(
    path: Path, dataset: Dataset, meta: Dataset, limits: Limits
) -> PixelFormat | None:
    """None for objects without pixels; ValueError for absurd values; InputError for too many."""
    if "Rows" not in dataset and "Columns" not in dataset:
        return None
    rows = values.integer(dataset, "Rows", 0)
    columns = values.integer(dataset, "Columns", 0)
    number_of_frames = values.integer(dataset, "NumberOfFrames", 1)
    samples = values.integer(dataset, "SamplesPerPixel", 1)
    bits_allocated = values.integer(dataset, "BitsAllocated", 0)
    bits_stored = values.integer(dataset, "BitsStored", bits_allocated)
    if bits_allocated not in (1, 8, 16, 32, 64) or not 1 <= bits_stored <= bits_allocated:
        raise ValueError(f"{bits_stored} bits stored in {bits_allocated} allocated is impossible")
    if samples not in (1, 3, 4):
        raise ValueError(f"SamplesPerPixel is {samples}, expected 1 or 3")
    limits.check_voxels(path, number_of_frames, rows, columns, samples)
    return PixelFormat(
        rows=rows,
        columns=columns,
        number_of_frames=number_of_frames,
        samples_per_pixel=samples,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=values.integer(dataset, "HighBit", bits_stored - 1),
        signed=values.integer(dataset, "PixelRepresentation", 0) == 1,
        photometric=values.text(dataset, "PhotometricInterpretation").upper(),
        transfer_syntax_uid=values.text(meta, "TransferSyntaxUID"),
    )


def _frames(dataset: Dataset, path: Path, pixels: PixelFormat) -> tuple[tuple[Frame, ...], str]:
    try:
        return frames_of(dataset, path, pixels.number_of_frames), ""
    except ValueError as error:
        return (), str(error)


def _series_key(dataset: Dataset, series_uid: str, modality: str) -> str:
    """Hash of the series UID, or of what files of one series share when it is empty."""
    if series_uid:
        return uid_hash(series_uid)
    names = ("StudyDate", "SeriesTime", "SeriesNumber", "SeriesDescription", "PatientID", "Rows")
    return uid_hash(
        "\\".join(["no-uid", modality, *(values.text(dataset, name) for name in names)])
    )


def _concatenation(dataset: Dataset) -> tuple[str, int] | None:
    uid, _ = values.uid(dataset, "ConcatenationUID")
    if not uid:
        return None
    total = values.optional_decimal(dataset, "InConcatenationTotalNumber")
    return uid, int(total or 0)


def _safe_tags(dataset: Dataset, uids: Mapping[str, str]) -> dict[str, Any]:
    """Facts for tags of a Volume. Free texts are left out: they may name a person."""
    tags: dict[str, Any] = {
        "study_key": uid_hash(uids["StudyInstanceUID"]),
        "series_key": uid_hash(uids["SeriesInstanceUID"]),
        "frame_of_reference_key": uid_hash(uids["FrameOfReferenceUID"]),
        "body_part": _code(dataset, "BodyPartExamined"),
        "view_position": _code(dataset, "ViewPosition"),
        "laterality": _code(dataset, "ImageLaterality") or _code(dataset, "Laterality"),
        "patient_sex": _code(dataset, "PatientSex")[:1],
        "patient_position": _code(dataset, "PatientPosition"),
        "manufacturer": re.sub(r"[^\w .&-]", "", values.text(dataset, "Manufacturer"))[:64],
        "scanning_sequence": "\\".join(values.texts(dataset, "ScanningSequence")),
        "rescale_type": _code(dataset, "RescaleType"),
    }
    age = re.fullmatch(r"(\d{1,3})([YMWD])", _code(dataset, "PatientAge"))
    if age:
        tags["patient_age_years"] = int(int(age.group(1)) * _YEARS_PER_UNIT[age.group(2)])
    for name, keyword in (
        ("field_strength_t", "MagneticFieldStrength"),
        ("peak_voltage_kv", "KVP"),
        ("repetition_time_ms", "RepetitionTime"),
        ("echo_time_ms", "EchoTime"),
        ("heart_rate_per_min", "HeartRate"),
        ("nominal_interval_ms", "NominalInterval"),
    ):
        number = values.optional_decimal(dataset, keyword)
        if number is not None:
            tags[name] = number
    for keyword in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        day = values.date(dataset, keyword)
        if day is not None:
            tags["acquisition_date"] = day.strftime("%Y-%m-%d")
            break
    return {name: value for name, value in tags.items() if value != ""}


def _code(dataset: Dataset, keyword: str) -> str:
    """A coded string (CS): upper case letters, digits, spaces and underscores, no free text."""
    value = values.text(dataset, keyword).upper()
    return value if re.fullmatch(r"[A-Z0-9_ ]{1,16}", value) else ""
