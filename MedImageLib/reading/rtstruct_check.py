"""What is wrong with an RTSTRUCT file before anybody draws it (PS3.3 A.19, C.8.8.5, C.8.8.6).

Contours are counted and checked, not rasterized. Names of regions are made safe for files and
scene nodes; findings are remarks that call a region by its number.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.config import disable_value_validation
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from MedImageLib.errors import InputError, Remark
from MedImageLib.reading import dicom_values as values
from MedImageLib.reading.dicom_header import read_dataset, read_header
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits
from MedImageLib.volume import Volume

_OFF_PLANE = 0.1
_CLOSED = "CLOSED_PLANAR"
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_MAX_NAME = 64


@dataclass(frozen=True)
class RegionSummary:
    """One region of interest: its number, a safe name, its contours, and those of use."""

    number: int
    name: str
    contours: int
    usable_contours: int


@dataclass(frozen=True)
class StructureSetReport:
    """Regions in stored order, and what is wrong as remarks; no remark means nothing was found."""

    regions: tuple[RegionSummary, ...]
    remarks: tuple[Remark, ...]


def check_rtstruct(
    path: str | Path, images: Sequence[Volume] = (), limits: Limits = DEFAULT_LIMITS
) -> StructureSetReport:
    """Check an RTSTRUCT file by itself and against the images that it should lie on.

    images: volumes read from DICOM; their instances are those that references may name.
    Raises InputError when the file is no RTSTRUCT.
    """
    path = Path(path)
    if read_header(path, limits).kind != "RTSTRUCT":
        raise InputError(f"{path}: not an RTSTRUCT file.")
    dataset, _ = read_dataset(path, limits, with_pixels=True)
    sources = [volume.tags["dicom_source"] for volume in images if "dicom_source" in volume.tags]
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        remarks = [*_references(dataset, sources), *_frames_of_reference(dataset, sources)]
        regions, found = _regions(dataset, images)
    return StructureSetReport(regions, tuple(dict.fromkeys([*remarks, *found])))


def safe_name(name: str, number: int = 0) -> str:
    r"""A name fit for a file or a scene node: no separators, control characters or dots at ends.

    >>> safe_name("../../etc/pass:wd\x00")
    'etc_pass_wd'
    >>> safe_name("", 7)
    'ROI_7'
    """
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"[^\w +()-]+", "_", re.sub(r"\s+", " ", text))
    text = re.sub(r"_{2,}", "_", text).strip(" _.-")[:_MAX_NAME].strip(" _-")
    if not text or _RESERVED.fullmatch(text):
        return f"ROI_{number}"
    return text


def _references(dataset: Dataset, sources: Sequence[DicomSource]) -> list[Remark]:
    """Referenced images: none named, illegal, or not among the images at hand."""
    named: set[str] = set()
    illegal = 0
    for item in _walk(dataset, "ReferencedSOPInstanceUID"):
        uid, _ = values.uid(item, "ReferencedSOPInstanceUID")
        if uid:
            named.add(uid)
        else:
            illegal += 1
    remarks = []
    if illegal:
        remarks.append(Remark("illegal-reference", f"{illegal} references hold no legal UID."))
    if not named:
        return [*remarks, Remark("missing-references", "No image is referred to.")]
    here = {uid for source in sources for uid in source.sop_instance_uids}
    absent = len(named - here)
    if absent:
        remarks.append(
            Remark("missing-references", f"{absent} of {len(named)} referenced images are absent.")
        )
    return remarks


def _walk(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Items at any level below that hold an element, for the sequences an RTSTRUCT has."""
    found: list[Dataset] = []
    level = [dataset]
    sequences = (
        "ReferencedFrameOfReferenceSequence",
        "RTReferencedStudySequence",
        "RTReferencedSeriesSequence",
        "ContourImageSequence",
        "ROIContourSequence",
        "ContourSequence",
    )
    while level:
        deeper = [item for part in level for name in sequences for item in values.items(part, name)]
        found.extend(item for item in deeper if keyword in item)
        level = deeper
    # The references to the study itself are no references to images.
    studies = {
        id(study)
        for frame in values.items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in values.items(frame, "RTReferencedStudySequence")
    }
    return [item for item in found if id(item) not in studies]


def _frames_of_reference(dataset: Dataset, sources: Sequence[DicomSource]) -> list[Remark]:
    named = {
        values.uid(item, keyword)[0]
        for name, keyword in (
            ("ReferencedFrameOfReferenceSequence", "FrameOfReferenceUID"),
            ("StructureSetROISequence", "ReferencedFrameOfReferenceUID"),
        )
        for item in values.items(dataset, name)
    } - {""}
    remarks = []
    if len(named) > 1:
        remarks.append(
            Remark("several-frames-of-reference", "The regions lie in several frames of reference.")
        )
    here = {source.frame_of_reference_uid for source in sources} - {""}
    if here and named and not named & here:
        remarks.append(
            Remark(
                "other-frame-of-reference",
                "The structures lie in another frame of reference than the images; they are not "
                "to be placed on them without a registration.",
            )
        )
    return remarks


def _regions(
    dataset: Dataset, images: Sequence[Volume]
) -> tuple[tuple[RegionSummary, ...], list[Remark]]:
    remarks: list[Remark] = []
    names: dict[int, str] = {}
    for item in values.items(dataset, "StructureSetROISequence"):
        number = int(values.optional_decimal(item, "ROINumber") or 0)
        raw = region_name(item)
        names[number] = distinct_name(safe_name(raw, number), set(names.values()))
        if names[number] != raw:
            remarks.append(Remark("name-made-safe", f"The name of region {number} was made safe."))
    if not names:
        remarks.append(Remark("no-regions", "The file defines no region."))
    counts = {number: [0, 0] for number in names}
    for item in values.items(dataset, "ROIContourSequence"):
        number = int(values.optional_decimal(item, "ReferencedROINumber") or 0)
        if number not in names:
            remarks.append(
                Remark("dangling-region", f"Contours belong to region {number}: not defined.")
            )
            continue
        for contour in values.items(item, "ContourSequence"):
            counts[number][0] += 1
            problem = _contour_problem(contour, number)
            if problem is None:
                counts[number][1] += 1
                remarks.extend(_off_plane(contour, number, images))
            else:
                remarks.append(problem)
    for number, (_, usable) in counts.items():
        if usable == 0:
            remarks.append(Remark("region-without-contours", f"Region {number} has no contours."))
    regions = tuple(RegionSummary(number, names[number], *counts[number]) for number in names)
    return regions, remarks


def region_name(item: Dataset) -> str:
    try:
        return str(item.get("ROIName", "") or "")
    except Exception:
        # Bytes that the declared character set does not know.
        return values.text(item, "ROIName")


def distinct_name(name: str, taken: set[str]) -> str:
    lower = {other.lower() for other in taken}
    candidate, count = name, 2
    while candidate.lower() in lower:
        candidate, count = f"{name}_{count}", count + 1
    return candidate


def _contour_problem(contour: Dataset, number: int) -> Remark | None:
    points = contour_points(contour)
    if points is None:
        return Remark(
            "contour-broken",
            f"A contour of region {number} has no whole number of points (x, y, z).",
        )
    kind = values.text(contour, "ContourGeometricType").upper()
    if kind == _CLOSED and len(points) < 3:
        return Remark(
            "contour-too-short", f"A closed contour of region {number} has {len(points)} points."
        )
    return None


def contour_points(contour: Dataset) -> np.ndarray | None:
    """(n, 3) LPS mm; None when the numbers are none or not a multiple of three."""
    item = contour.get_item(Tag("ContourData"), keep_deferred=True)
    if item is None or not item.value:
        return None
    if isinstance(item, RawDataElement):
        whole = bytes(item.value).decode("latin-1")
    else:
        whole = "\\".join(str(part) for part in item.value)
    try:
        numbers = np.array([float(part) for part in whole.strip(" \0").split("\\")])
    except ValueError:
        return None
    if numbers.size % 3 or not np.all(np.isfinite(numbers)):
        return None
    return numbers.reshape(-1, 3)


def _off_plane(contour: Dataset, number: int, images: Sequence[Volume]) -> list[Remark]:
    """A remark when the contour lies between the planes of every image."""
    points = contour_points(contour)
    if points is None or not images:
        return []
    for image in images:
        planes = image.geometry.indices(points)[:, 2]
        if np.abs(planes - np.rint(planes)).max() <= _OFF_PLANE:
            return []
    return [Remark("contour-between-slices", f"A contour of region {number} lies between slices.")]
