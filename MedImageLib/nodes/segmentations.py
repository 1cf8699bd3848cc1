"""Label maps to segmentation nodes, with names, colors and standard codes, and back.

The codes of a segment travel in its tag `TerminologyEntry`, in the text form that
`MedImageLib.terminology` writes and Slicer reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import vtk

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.nodes.matrices import (
    array_of_image,
    array_of_matrix,
    geometry_of_ras_matrix,
    oriented_image_of,
    ras_world_from_node,
    require_node,
)
from MedImageLib.terminology import Code, Structure, slicer_terminology_entry
from MedImageLib.volume import Volume

BINARY_LABELMAP = "Binary labelmap"
CLOSED_SURFACE = "Closed surface"
ANATOMICAL_STRUCTURE = Code("SCT", "123037004", "Anatomical Structure")
# What MRML gives a segment of which nothing is known.
_UNSPECIFIED = Code("SCT", "85756007", "Tissue")

_DRAWN_HASH = "MedImage.SegmentsSHA256"


@dataclass(frozen=True)
class Segment:
    """What one value of a label map stands for.

    name: for people. label: the value, 1 or higher. rgb: 0 to 255 each.
    category, type: DICOM segmented property category and type (PS3.16, CID 7150 and below);
        a segment without a type gets no terminology entry.
    modifier: of the type, usually the laterality.
    """

    name: str
    label: int
    rgb: tuple[int, int, int] = (128, 174, 128)
    type: Code | None = None
    modifier: Code | None = None
    category: Code = field(default=ANATOMICAL_STRUCTURE)

    def __post_init__(self) -> None:
        if self.label < 1:
            raise InputError(f"The label of segment {self.name} is {self.label}; expected 1 or up.")


def segment_of(structure: Structure, label: int) -> Segment:
    """The segment that stands for a structure of the product's table."""
    return Segment(
        name=structure.name,
        label=label,
        rgb=structure.rgb,
        type=structure.type,
        modifier=structure.modifier,
        category=structure.category,
    )


def add_segmentation(
    scene: Any,
    labels: Volume,
    segments: Iterable[Segment],
    name: str,
    *,
    reference_node: Any = None,
    with_surfaces: bool = True,
) -> Any:
    """Add a segmentation node filled as by `update_segmentation`, and return it."""
    segments = tuple(segments)
    _check(labels, segments, name)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", scene.GenerateUniqueName(name))
    update_segmentation(
        node, labels, segments, reference_node=reference_node, with_surfaces=with_surfaces
    )
    return node


def update_segmentation(
    node: Any,
    labels: Volume,
    segments: Iterable[Segment],
    *,
    reference_node: Any = None,
    with_surfaces: bool = True,
) -> None:
    """Give a segmentation node one segment for each of `segments`, in place of what it held.

    All segments share one label map, as Slicer itself keeps segments that do not overlap. Values
    of `labels` that no segment names are left out. A segment whose value occurs nowhere is kept,
    empty: it was looked for and not found.

    reference_node: volume node whose grid the segmentation belongs to (its image).
    with_surfaces: also make closed surfaces, for 3-D views.

    Raises InputError when `labels` is not a label map, two segments have one label, or the node
    holds what a person drew or changed: that is never overwritten.
    """
    import slicer

    segments = tuple(segments)
    _check(labels, segments, node.GetName())
    require_node(node, "vtkMRMLSegmentationNode")
    if is_edited(node):
        raise InputError(
            f"The segmentation {node.GetName()} was drawn or changed by a person and is not "
            "overwritten. Choose another segmentation, or create a new one, for the result."
        )
    segmentation = node.GetSegmentation()
    segmentation.RemoveAllSegments()
    node.CreateDefaultDisplayNodes()
    segmentation.SetSourceRepresentationName(BINARY_LABELMAP)
    array = _only(labels.array, [segment.label for segment in segments])
    shared = oriented_image_of(array, labels.geometry.ras_from_index)
    for segment in segments:
        vtk_segment = slicer.vtkSegment()
        vtk_segment.SetName(segment.name)
        vtk_segment.SetColor(*(channel / 255.0 for channel in segment.rgb))
        vtk_segment.SetLabelValue(segment.label)
        if segment.type is not None:
            vtk_segment.SetTerminology(terminology_entry(segment))
        vtk_segment.AddRepresentation(BINARY_LABELMAP, shared)
        segmentation.AddSegment(vtk_segment)
    _set_reference_grid(node, labels.geometry)
    if reference_node is not None:
        node.SetNodeReferenceID(
            node.GetReferenceImageGeometryReferenceRole(), reference_node.GetID()
        )
    if with_surfaces and min(labels.array.shape) > 1:
        node.CreateClosedSurfaceRepresentation()
    node.SetAttribute(_DRAWN_HASH, _hash_of_segments(node))


def is_edited(node: Any) -> bool:
    """True when the node holds segments that are not those `update_segmentation` left there."""
    if node.GetSegmentation().GetNumberOfSegments() == 0:
        return False
    known = node.GetAttribute(_DRAWN_HASH)
    return known is None or known != _hash_of_segments(node)


def segments_of(node: Any) -> tuple[Segment, ...]:
    """Name, color and codes of each segment of a segmentation node; labels 1, 2, … in order."""
    require_node(node, "vtkMRMLSegmentationNode")
    segmentation = node.GetSegmentation()
    found = []
    for number in range(segmentation.GetNumberOfSegments()):
        segment = segmentation.GetNthSegment(number)
        category, kind, modifier = _codes(segment.GetTerminology() or "")
        if category == kind == _UNSPECIFIED:
            category = kind = None
        found.append(
            Segment(
                name=segment.GetName(),
                label=number + 1,
                rgb=tuple(round(channel * 255) for channel in segment.GetColor()),
                type=kind,
                modifier=modifier,
                category=category or ANATOMICAL_STRUCTURE,
            )
        )
    return tuple(found)


def segmentation_labels(
    node: Any, geometry: Geometry | None = None, segment_names: Sequence[str] | None = None
) -> Volume:
    """The segments of a segmentation node as one label map, in the world.

    geometry: grid of the result; by default the segmentation's reference grid. Another grid than
        the segments' own is filled by nearest neighbor.
    segment_names: which segments, labeled 1, 2, … in this order; by default all in their order,
        as `segments_of` numbers them. Where segments overlap the later one is kept.

    Raises InputError for a segment that is not there, GeometryError for a node under a deformable
    transform or without a reference grid when none is given.
    """
    import slicer

    require_node(node, "vtkMRMLSegmentationNode")
    segmentation = node.GetSegmentation()
    identifiers = _identifiers(node, segment_names)
    world_from_node = ras_world_from_node(node)
    if geometry is None:
        geometry = _reference_grid(node, world_from_node)
    labels = np.zeros(geometry.shape, np.uint8 if len(identifiers) < 256 else np.uint16)
    ras_from_index = np.linalg.inv(world_from_node) @ geometry.ras_from_index
    grid = oriented_image_of(labels, ras_from_index)
    if identifiers and segmentation.CreateRepresentation(BINARY_LABELMAP):
        names, values = vtk.vtkStringArray(), vtk.vtkIntArray()
        for label, identifier in enumerate(identifiers, start=1):
            names.InsertNextValue(identifier)
            values.InsertNextValue(label)
        merged = slicer.vtkOrientedImageData()
        extent = slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
        if not node.GenerateMergedLabelmapForAllSegments(merged, extent, grid, names, values):
            raise InputError(f"The segments of {node.GetName()} could not be put on one grid.")
        labels = array_of_image(merged).astype(labels.dtype)
    return Volume(array=labels, geometry=geometry, is_labelmap=True)


def terminology_entry(segment: Segment) -> str:
    """The text of a segment's codes as Slicer stores it; empty when it has no type."""
    if segment.type is None:
        return ""
    return slicer_terminology_entry(
        Structure(
            key="",
            name=segment.name,
            category=segment.category,
            type=segment.type,
            modifier=segment.modifier,
        )
    )


def _check(labels: Volume, segments: tuple[Segment, ...], name: str) -> None:
    numbers = [segment.label for segment in segments]
    if not labels.is_labelmap:
        raise InputError(f"The segmentation {name} needs a label map, not an image of intensities.")
    if len(set(numbers)) != len(numbers):
        raise InputError(f"Two segments of {name} have one label: {sorted(numbers)}.")


def _hash_of_segments(node: Any) -> str:
    """SHA256 of the segments' names and of the labels they make on the reference grid."""
    digest = hashlib.sha256("\n".join(segment.name for segment in segments_of(node)).encode())
    digest.update(segmentation_labels(node).array.tobytes())
    return digest.hexdigest()


def _codes(entry: str) -> tuple[Code | None, ...]:
    parts = (entry.split("~") + [""] * 4)[1:4]
    return tuple(
        Code(*part.split("^")) if part.count("^") == 2 and part.strip("^") else None
        for part in parts
    )


def _only(array: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    highest = max(labels, default=0)
    kind = np.uint8 if highest < 256 else np.uint16 if highest < 65536 else np.int32
    return np.where(np.isin(array, labels), array, 0).astype(kind)


def _identifiers(node: Any, names: Sequence[str] | None) -> list[str]:
    segmentation = node.GetSegmentation()
    if names is None:
        count = segmentation.GetNumberOfSegments()
        return [segmentation.GetNthSegmentID(number) for number in range(count)]
    identifiers = [segmentation.GetSegmentIdBySegmentName(name) for name in names]
    missing = [name for name, found in zip(names, identifiers, strict=True) if not found]
    if missing:
        raise InputError(
            f"The segmentation {node.GetName()} has no segment named {', '.join(missing)}; "
            f"it has {', '.join(segment.name for segment in segments_of(node)) or 'none'}."
        )
    return identifiers


def _set_reference_grid(node: Any, geometry: Geometry) -> None:
    import slicer

    grid = oriented_image_of(np.zeros(geometry.shape, np.uint8), geometry.ras_from_index)
    node.GetSegmentation().SetConversionParameter(
        slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(),
        slicer.vtkSegmentationConverter.SerializeImageGeometry(grid),
    )


def _reference_grid(node: Any, world_from_node: np.ndarray) -> Geometry:
    import slicer

    text = node.GetSegmentation().GetConversionParameter(
        slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    )
    image = slicer.vtkOrientedImageData()
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image, False):
        raise InputError(
            f"The segmentation {node.GetName()} has no reference grid; name the volume whose grid "
            "is wanted (Segmentations module, Source geometry)."
        )
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return geometry_of_ras_matrix(
        world_from_node @ array_of_matrix(matrix), image.GetDimensions()[::-1], node.GetName()
    )
