"""Label maps as DICOM Segmentation objects (PS3.3 A.51) through highdicom.

Each label value becomes a binary segment with its codes, color and the algorithm that made it;
the object refers to the source images whose grid the label map lies on.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib import __version__
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.terminology import Code, Structure
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file
from MedImageLib.writing.nrrd import check_segments

ALGORITHM_TYPES = ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")
TOLERANCE_MM = 0.01


def write_dicom_seg(
    labels: Volume,
    segments: Mapping[int, Structure],
    sources: Sequence[Path | str],
    path: Path | str,
    *,
    algorithm_name: str = "MedImage",
    algorithm_type: str = "AUTOMATIC",
    description: str = "Segmentation",
    series_number: int = 900,
    seed: str = "",
) -> Path:
    """Write a label map as a DICOM SEG beside its source images.

    labels: on the grid of the source series (slices may be in another order).
    segments: what each label value stands for, a segment each, in rising order of the values;
        values that do not occur are left out.
    sources: the source's DICOM files, one per slice (of a cine: those of the frame).
    seed: the UIDs are made from it and the sources' UIDs; random when empty.

    Raises InputError where labels and table do not fit, GeometryError where the label map is not
    on the source's grid.
    """
    check_segments(labels, segments)
    present = [value for value in sorted(segments) if (labels.array == value).any()]
    if not present:
        raise InputError("The label map is empty; a DICOM SEG holds at least one segment.")
    # One map of the numbers of the segments; masks of all would take as many times its memory.
    numbers = np.zeros(max(present) + 1, np.uint8)
    numbers[present] = np.arange(1, len(present) + 1)
    known = np.where(np.isin(labels.array, present), labels.array, 0)
    return _write(
        [labels.with_array(numbers[known])],
        [segments[value] for value in present],
        sources,
        path,
        algorithm_name,
        algorithm_type,
        description,
        series_number,
        seed,
    )


def write_dicom_masks(
    masks: Mapping[Structure, Volume],
    sources: Sequence[Path | str],
    path: Path | str,
    *,
    algorithm_name: str = "MedImage",
    algorithm_type: str = "AUTOMATIC",
    description: str = "Segmentation",
    series_number: int = 900,
    seed: str = "",
) -> Path:
    """Write masks, which may overlap, as a DICOM SEG; see `write_dicom_seg`.

    masks: bool volumes on the grid of the source, a segment each, in their order. Raises
    InputError without masks and for source headers that lack what a SEG refers to,
    GeometryError where the masks are not on the source's grid.
    """
    if not masks:
        raise InputError("There is no mask; a DICOM SEG holds at least one segment.")
    return _write(
        list(masks.values()),
        list(masks),
        sources,
        path,
        algorithm_name,
        algorithm_type,
        description,
        series_number,
        seed,
    )


def _write(
    layers: Sequence[Volume],
    structures: Sequence[Structure],
    sources: Sequence[Path | str],
    path: Path | str,
    algorithm_name: str,
    algorithm_type: str,
    description: str,
    series_number: int,
    seed: str,
) -> Path:
    """layers: a mask for each structure, or one map of the structures' numbers from 1."""
    import highdicom
    from pydicom import dcmread

    if algorithm_type not in ALGORITHM_TYPES:
        raise InputError(f"The algorithm type is {algorithm_type!r}, not of {ALGORITHM_TYPES}.")
    datasets = [dcmread(source, stop_before_pixels=True) for source in sources]
    planes = _planes(layers[0], datasets)
    pixels = np.empty((len(planes), *layers[0].array.shape[1:], len(layers)), np.uint8)
    for n, layer in enumerate(layers):
        pixels[..., n] = layer.array[planes]
    if len(layers) == 1 < len(structures):
        pixels = pixels[..., 0]
    uids = _uids(seed, datasets, pixels)
    try:
        segmentation = _segmentation(
            datasets, pixels, structures, algorithm_name, algorithm_type, description,
            series_number, uids, highdicom,
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{sources[0]}: its header does not allow a DICOM SEG that refers to it ({error})."
        ) from error
    segmentation.SeriesDescription = description[:64]
    if "ImagePositionPatient" not in datasets[0] and "PatientOrientation" in datasets[0]:
        # Without a frame of reference this alone tells which side is which (PS3.3 C.7.6.1).
        segmentation.PatientOrientation = datasets[0].PatientOrientation
    path = Path(path)
    with finished_file(path) as temporary:
        segmentation.save_as(temporary)
    return path


def _segmentation(
    datasets: Sequence[Any],
    pixels: np.ndarray,
    structures: Sequence[Structure],
    algorithm_name: str,
    algorithm_type: str,
    description: str,
    series_number: int,
    uids: Any,
    highdicom: Any,
) -> Any:
    return highdicom.seg.Segmentation(
        source_images=datasets,
        pixel_array=pixels,
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _segment(number, entry, algorithm_name, algorithm_type, uids("track", entry.key))
            for number, entry in enumerate(structures, start=1)
        ],
        series_instance_uid=uids("series"),
        series_number=series_number,
        sop_instance_uid=uids("instance"),
        instance_number=1,
        manufacturer="MedImage",
        manufacturer_model_name="MedImage",
        software_versions=__version__,
        device_serial_number="0",
        content_description=description[:64],
        content_label="SEGMENTATION",
    )


def _planes(labels: Volume, datasets: Sequence[Any]) -> list[int]:
    """Index k of the label map for each source image."""
    count = len(labels.array)
    if len(datasets) != count:
        raise GeometryError(
            f"The label map has {count} slices, the source {len(datasets)} images; give the images "
            "of one volume, one per slice."
        )
    size = labels.array.shape[1:]
    if any((d.Rows, d.Columns) != size for d in datasets):
        raise GeometryError(f"The source's images are not of the label map's size {size}.")
    if not hasattr(datasets[0], "ImagePositionPatient"):
        if count > 1:
            raise GeometryError("Source images without a place in the patient: only one can be.")
        return [0]
    geometry = labels.geometry
    corner = np.array([geometry.shape[2] - 1, geometry.shape[1] - 1])
    planes = []
    for dataset in datasets:
        origin = np.array(dataset.ImagePositionPatient, float)
        cosines = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
        down, across = (float(v) for v in dataset.PixelSpacing)
        k = round(float(geometry.indices(origin)[2]))
        far = origin + corner @ (cosines * np.array([[across], [down]]))
        expected = geometry.points_mm(np.array([[0, 0, k], [*corner, k]]))
        error = np.abs(expected - [origin, far]).max()
        if error > TOLERANCE_MM or not 0 <= k < count:
            raise GeometryError(
                f"The label map is not on the source's grid: a corner is {error:.3g} mm away. "
                "Resample it to the source before writing."
            )
        planes.append(k)
    if len(set(planes)) != count:
        raise GeometryError("Several source images lie in one plane; give those of one moment.")
    return planes


def _segment(
    number: int, entry: Structure, algorithm_name: str, algorithm_type: str, tracking_uid: str
) -> Any:
    import highdicom
    from pydicom.sr.codedict import codes

    identification = None
    if algorithm_type != "MANUAL":
        identification = highdicom.AlgorithmIdentificationSequence(
            name=algorithm_name,
            version=__version__,
            family=codes.cid7162.ArtificialIntelligence,
        )
    description = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=entry.name[:64],
        segmented_property_category=_concept(entry.category),
        segmented_property_type=_concept(entry.type),
        algorithm_type=algorithm_type,
        algorithm_identification=identification,
        tracking_uid=tracking_uid,
        tracking_id=entry.key,
        display_color=highdicom.color.CIELabColor.from_rgb(*entry.rgb),
    )
    if entry.modifier is not None:
        item = description.SegmentedPropertyTypeCodeSequence[0]
        item.SegmentedPropertyTypeModifierCodeSequence = [_concept(entry.modifier)]
    return description


def _concept(code: Code) -> Any:
    import highdicom

    return highdicom.sr.CodedConcept(code.value, code.scheme, code.meaning)


def _uids(seed: str, datasets: Sequence[Any], array: np.ndarray) -> Any:
    digest = hashlib.sha256(array.tobytes())
    for dataset in datasets:
        digest.update(str(dataset.SOPInstanceUID).encode())
    base = f"{seed}\n{digest.hexdigest()}" if seed else uuid.uuid4().hex

    def uid(*parts: object) -> str:
        text = "\n".join(["MedImage SEG", base, *map(str, parts)])
        value = uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=5)
        return f"2.25.{value.int}"

    return uid
